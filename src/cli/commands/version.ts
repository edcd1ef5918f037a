// longshore version: prints the versions of longshore and of the engine.

import { NEWEST_API_VERSION, OLDEST_API_VERSION, VERSION } from '../../index.ts';
import type { VersionResult } from '../../index.ts';
import { command, UsageError } from '../command.ts';
import type { Call } from '../command.ts';
import { objectsOf, textOf } from '../engine-values.ts';
import { printable } from '../printable.ts';
import { table } from '../table.ts';
import { templateOf, templateOption } from '../template.ts';

export const version = command({
  name: 'version',
  summary: 'Print the versions of longshore and of the engine',
  usage: '',
  operands: [0, 0],
  options: {
    format: { ...templateOption('.Server.Version').format, short: 'f' },
    wait: { type: 'string', value: 'SECONDS', help: 'Wait up to this time until the engine is ready' },
  },
  async run({ values, io, print, client, failed }) {
    const template = templateOf(values, FIELDS);
    const own = { version: VERSION, oldestApiVersion: OLDEST_API_VERSION, newestApiVersion: NEWEST_API_VERSION };
    const waitMs = milliseconds(values.wait);
    const engine = await askEngine(client, waitMs, io.signal).catch((error: unknown) => failed(error));
    if (values.json === true) return print.json({ client: own, engine: engine ?? null });
    if (template !== undefined) {
      const { spokenApiVersion: ApiVersion = NEWEST_API_VERSION, ...Server } = engine ?? {};
      const Client = { Version: VERSION, ApiVersion, DefaultAPIVersion: NEWEST_API_VERSION };
      return print.text(template([{ Client, Server: engine === undefined ? null : Server }]));
    }
    const clientRows = [
      ['Client', `longshore ${VERSION}`],
      ['  API', `${OLDEST_API_VERSION} to ${NEWEST_API_VERSION}`],
    ];
    return print.text(table(engine ? [...clientRows, ...engineRows(engine)] : clientRows));
  },
});

/** The engine's versions, and the API version that longshore uses with it. */
type EngineVersions = VersionResult & { readonly spokenApiVersion: string };

async function askEngine(client: Call['client'], waitMs: number | undefined, signal: AbortSignal): Promise<EngineVersions> {
  const engine = await client();
  if (waitMs !== undefined) await engine.waitUntilReady({ timeoutMs: waitMs, signal });
  return { ...(await engine.version({ signal })), spokenApiVersion: await engine.apiVersion() };
}

const FIELDS = {
  Client: { Version: '', APIVersion: '', DefaultAPIVersion: '' },
  Server: {
    Platform: { Name: '' }, Components: [], Version: '', APIVersion: '', MinAPIVersion: '', GitCommit: '', GoVersion: '', Os: '', Arch: '',
    KernelVersion: '', Experimental: false, BuildTime: '',
  },
} as const;

/** Parses the value of --wait. */
function milliseconds(seconds: string | undefined): number | undefined {
  if (seconds === undefined) return undefined;
  if (/^\d{1,6}(?:\.\d{1,3})?$/.test(seconds) && Number(seconds) > 0) return Number(seconds) * 1000;
  throw new UsageError(`--wait must be a number of seconds, above 0 and below 1000000, not "${printable(seconds)}"`);
}

/** Returns labels and values. */
function engineRows(engine: EngineVersions): string[][] {
  const oldest = textOf(engine.MinAPIVersion);
  const others = objectsOf(engine.Components).filter(({ Name }) => Name !== 'Engine'); // the other rows show it already
  const rows: Array<[string, string]> = [
    ['Engine', [engine.Platform?.Name, engine.Version].map(textOf).filter(Boolean).join(' ')],
    ['  API', `${oldest === '' ? '' : `${oldest} to `}${textOf(engine.ApiVersion)}; used: ${engine.spokenApiVersion}`],
    ['  Platform', [engine.Os, engine.Arch].map(textOf).filter(Boolean).join('/')],
    ['  Kernel', textOf(engine.KernelVersion)],
    // Podman gives all lines that the OCI runtime prints.
    ...others.map(({ Name, Version }): [string, string] => [`  ${textOf(Name)}`, textOf(Version).split('\n', 1)[0] ?? '']),
  ];
  return rows.filter(([, value]) => value !== '');
}
