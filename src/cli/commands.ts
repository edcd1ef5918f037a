// The command table: what each command is called, what it takes, and what it does with a client.

import { ConnectError, NEWEST_API_VERSION, OLDEST_API_VERSION, VERSION } from '../index.ts';
import type { Filters, ImageClient, ProgressEvent } from '../index.ts';
import { command, UsageError } from './command.ts';
import type { Call, Command } from './command.ts';
import { engineReport } from './engine-report.ts';
import { follow } from './follow.ts';
import { engineRows, imageTable, shortId } from './listing.ts';
import type { EngineVersions } from './listing.ts';
import { printable } from './printable.ts';
import { table } from './table.ts';

const ls = command({
  name: 'ls',
  summary: 'List the images that the engine has',
  usage: '[NAME]',
  operands: [0, 1],
  options: {
    all: { type: 'boolean', short: 'a', help: 'Also the untagged images that others are built on' },
    filter: { type: 'string', short: 'f', multiple: true, value: 'KEY=VALUE', help: 'Only those; may be repeated' },
    'no-trunc': { type: 'boolean', help: 'Print ids whole' },
    quiet: { type: 'boolean', short: 'q', help: 'Print ids only' },
  },
  async run({ operands: [name], values, io, client }) {
    const filters = parseFilters(values.filter ?? []);
    const images = await (await client()).images({ name, all: values.all, filters, signal: io.signal });
    const shortened = (id: string): string => (values['no-trunc'] === true ? id : shortId(id));
    if (values.quiet === true) {
      const ids = images.map((image) => shortened(image.Id));
      return io.stdout.write(values.json === true ? json(ids) : ids.map(line).join(''));
    }
    return io.stdout.write(values.json === true ? json(images) : imageTable(images, shortened, io.now()));
  },
});

const pull = command({
  name: 'pull',
  summary: 'Fetch images from their registries',
  usage: 'REF...',
  operands: [1, Infinity],
  options: {
    'all-tags': { type: 'boolean', short: 'a', help: 'Every tag of the repository' },
    platform: { type: 'string', value: 'OS/ARCH', help: 'That platform, as in linux/arm64' },
  },
  async run(call) {
    const { values, io } = call;
    const options = { allTags: values['all-tags'], platform: values.platform, signal: io.signal };
    await forEachOperand(call, async (client, reference) => {
      const result = await follow(client.pull(reference, options), call);
      if (values.json !== true) await io.stdout.write(line(result.reference));
    });
  },
});

const save = command({
  name: 'save',
  summary: 'Write images into an archive, to a file or to standard output',
  usage: 'IMAGE...',
  operands: [1, Infinity],
  options: {
    output: { type: 'string', short: 'o', value: 'FILE', help: 'The archive; - or none: standard output' },
  },
  async run({ operands, values, io, client }) {
    const path = values.output === '-' ? undefined : values.output;
    if (path === undefined && (io.stdout.isTerminal || values.json === true)) {
      throw new UsageError(`an archive is not for ${values.json === true ? 'JSON' : 'a terminal'}: give -o FILE`);
    }
    const archive = (await client()).getImage(operands, { signal: io.signal });
    const result = await (path === undefined ? archive.each((view) => io.stdout.write(view)) : archive.toFile(path));
    if (values.json === true) await io.stdout.write(json({ path, ...result }));
    else if (values.quiet !== true) {
      await io.stderr.write(line(`saved ${result.bytes} bytes, verified ${result.entries} entries`));
    }
  },
});

const load = command({
  name: 'load',
  summary: 'Take in the images of an archive, from a file or from standard input',
  usage: '[FILE]',
  operands: [0, 1],
  options: {
    input: { type: 'string', short: 'i', value: 'FILE', help: 'The archive; - or none: standard input' },
  },
  async run(call) {
    const { values, io } = call;
    const [path = '-', ...more] = [values.input ?? [], call.operands].flat();
    if (more.length > 0) throw new UsageError('give one archive: FILE, or -i FILE');
    const data = path === '-' ? standardInput(call, 'give FILE') : { path };
    const stream = (await call.client()).loadImage(data, { signal: io.signal });
    const { references, ids } = await follow(stream, call, saysWhatIsLoaded);
    if (values.json !== true) await io.stdout.write([...references, ...ids].map(line).join(''));
  },
});

const import_ = command({
  name: 'import',
  summary: 'Make an image of the tar of a file system',
  usage: 'FILE|URL|- [REF]',
  operands: [1, 2],
  options: {
    change: { type: 'string', short: 'c', multiple: true, value: 'LINE', help: 'A Dockerfile line; may be repeated' },
    message: { type: 'string', short: 'm', value: 'TEXT', help: 'What the history will say of it' },
    platform: { type: 'string', value: 'OS/ARCH', help: 'What it is for, as in linux/arm64' },
  },
  async run(call) {
    const { operands, values, io } = call;
    const [source = '', repository] = operands;
    const data = source === '-' ? standardInput(call, 'give FILE or URL') : source;
    const { change: changes, message } = values;
    const options = { repository, changes, message, platform: values.platform, signal: io.signal };
    const stream = (await call.client()).importImage(data, options) as ImportStream;
    const { id } = await follow(stream, call, saysId);
    if (values.json !== true) await io.stdout.write(line(id));
  },
});

const rm = command({
  name: 'rm',
  summary: 'Remove images, or names of images',
  usage: 'IMAGE...',
  operands: [1, Infinity],
  options: {
    force: { type: 'boolean', short: 'f', help: 'Also what stopped containers use or several names lead to' },
    'no-prune': { type: 'boolean', help: 'Keep the untagged parents' },
  },
  async run(call) {
    const { values, io } = call;
    const removed: object[] = [];
    await forEachOperand(call, async (client, image) => {
      const options = { force: values.force, noprune: values['no-prune'], signal: io.signal };
      const items = await client.removeImage(image, options);
      removed.push(...items);
      const consequences = items.flatMap((item) => Object.entries(item));
      const lines = consequences.map(([what, name]) => line(`${what}: ${String(name)}`));
      if (values.json !== true && values.quiet !== true) await io.stdout.write(lines.join(''));
    });
    if (values.json === true) await io.stdout.write(json(removed));
  },
});

const context = command({
  name: 'context',
  summary: 'Tell which engine the commands talk to, why, and what else there is',
  usage: '',
  operands: [0, 0],
  options: {},
  async run({ values, io }) {
    const report = await io.explain({ host: values.host, context: values.context });
    return io.stdout.write(values.json === true ? json(report) : engineReport(report));
  },
});

const version = command({
  name: 'version',
  summary: 'Print the versions of longshore and of the engine',
  usage: '',
  operands: [0, 0],
  options: {},
  async run({ values, io, client, failed }) {
    const own = { version: VERSION, oldestApiVersion: OLDEST_API_VERSION, newestApiVersion: NEWEST_API_VERSION };
    const engine = await askEngine(client, io.signal).catch((error: unknown) => failed(error));
    if (values.json === true) return io.stdout.write(json({ client: own, engine: engine ?? null }));
    const clientRows = [
      ['Client', `longshore ${VERSION}`],
      ['  API', `${OLDEST_API_VERSION} to ${NEWEST_API_VERSION}`],
    ];
    return io.stdout.write(table(engine ? [...clientRows, ...engineRows(engine)] : clientRows));
  },
});

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [ls, pull, save, load, import_, rm, context, version];

/** With each operand in turn, also when one fails. An engine out of reach ends it: it would fail all alike. */
async function forEachOperand(
  call: Pick<Call, 'client' | 'operands' | 'failed'>,
  work: (client: ImageClient, operand: string) => Promise<void>,
): Promise<void> {
  const client = await call.client();
  for (const operand of call.operands) {
    try {
      await work(client, operand);
    } catch (error) {
      if (error instanceof ConnectError) throw error;
      call.failed(error, operand);
    }
  }
}

/** What `importImage` gives for all but `{ image }`. */
type ImportStream = ReturnType<ImageClient['importImageFromFile']>;

function standardInput({ io }: Pick<Call, 'io'>, instead: string): AsyncIterable<Uint8Array> {
  if (io.stdin.isTerminal) throw new UsageError(`an archive does not come from a terminal: ${instead}`);
  return io.stdin.bytes();
}

function parseFilters(texts: readonly string[]): Filters {
  const filters = new Map<string, string[]>();
  for (const text of texts) {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (key === undefined || value === undefined) throw new UsageError(`--filter takes KEY=VALUE, not "${text}"`);
    filters.set(key, [...(filters.get(key) ?? []), value]);
  }
  return Object.fromEntries(filters);
}

async function askEngine(client: Call['client'], signal: AbortSignal): Promise<EngineVersions> {
  const engine = await client();
  return { ...(await engine.version({ signal })), spokenApiVersion: await engine.apiVersion() };
}

/** The engine's words for the names and ids that we print as data. */
function saysWhatIsLoaded(event: ProgressEvent): boolean {
  return event.type === 'stream' && /^Loaded image/.test(event.text);
}

function saysId(event: ProgressEvent): boolean {
  return event.type === 'headline' && /^sha256:[0-9a-f]{64}$/.test(event.status);
}

function line(text: string): string {
  return `${printable(text)}\n`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
