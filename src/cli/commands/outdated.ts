// longshore outdated: shows for which images the registry has another image under the same name.

import { ConnectError, NotFoundError, VersionError, formatReference, parseReference } from '../../index.ts';
import type { ImageClient } from '../../index.ts';
import { command } from '../command.ts';
import type { Call } from '../command.ts';
import { credentialOptions } from '../credentials.ts';
import { textsOf } from '../engine-values.ts';
import { describeFailure } from '../failure.ts';
import { fittedTable } from '../fitted-table.ts';
import type { Column } from '../fitted-table.ts';
import { isReference, shortId } from '../listing.ts';
import { checkArguments, inParallel } from '../operands.ts';
import { printOnly, shortList } from '../printer.ts';
import { noTruncOption } from '../shared-options.ts';

export const outdated = command({
  name: 'outdated',
  summary: 'Show for which images the registry has a newer one, without a pull',
  usage: '[NAME...]',
  operands: [0, Infinity],
  completes: 'image',
  options: {
    'exit-code': { type: 'boolean', help: 'End with 3 if an image is outdated; 1 means a failure' },
    ...noTruncOption,
    ...credentialOptions,
    quiet: { type: 'boolean', short: 'q', help: 'Print the names of outdated images only' },
  },
  async run(call) {
    const { values, io, print } = call;
    const client = await call.client();
    for (const name of call.operands) await checkArguments(client, name, async (_, image, signal) => void (await check(call, client, image, signal)));
    const names = call.operands.length > 0 ? call.operands : await taggedNames(client, io.signal);
    const errors = new Map<string, unknown>();
    const compare = (name: string): Promise<Row | undefined> => check(call, client, name, io.signal).catch((error: unknown) => {
      const isRemoved = error instanceof NotFoundError && call.operands.length === 0; // since the images were listed
      return isRemoved ? undefined : failedRow(errors, name, error);
    });
    const rows = (await inParallel(distinct(names), compare)).filter((row) => row !== undefined);
    // One message for all images of a registry that is away.
    for (const [detail, error] of errors) call.failed(error, shortList(rows.filter((row) => row.detail === detail).map(({ image }) => image)));
    const old = rows.filter(({ status }) => status === 'outdated');
    if (values['exit-code'] === true && old.length > 0) call.endWith(OUTDATED_EXIT_CODE);
    if (values.quiet === true) return printOnly(old.map(({ image }) => image), print, values.json);
    if (values.json === true) return print.json(rows);
    const digest = (text = ''): string => (values['no-trunc'] === true ? text : shortId(text));
    const cells = rows.map((row) => [row.image, row.status, digest(row.localDigest), digest(row.remoteDigest), row.status === 'failed' ? '' : row.detail]);
    return print.text(fittedTable(COLUMNS, cells, values['no-trunc'] === true ? Infinity : print.columns));
  },
});

const OUTDATED_EXIT_CODE = 3;

const COLUMNS: readonly Column[] = [
  { title: 'IMAGE', least: 12, keep: 'end' },
  { title: 'STATUS' },
  { title: 'LOCAL', spare: 2 },
  { title: 'REGISTRY', spare: 1 },
  { title: 'DETAIL', least: 12 },
];

/** The outcome for one image. */
interface Row {
  readonly image: string;
  readonly status: 'current' | 'outdated' | 'unknown' | 'failed';
  readonly localDigest?: string | undefined;
  readonly remoteDigest?: string | undefined;
  /** Why the status is unknown, or the error. The table does not repeat the error. */
  readonly detail?: string;
}

/** The names of all images that have a tag. */
async function taggedNames(client: ImageClient, signal: AbortSignal): Promise<readonly string[]> {
  return (await client.images({ signal })).flatMap(({ RepoTags }) => textsOf(RepoTags)).filter(isReference);
}

/** Omits names that mean the same image as an earlier one, so that each is compared once. */
function distinct(names: readonly string[]): readonly string[] {
  const byMeaning = new Map<string, string>();
  for (const name of names) {
    const reference = parseReference(name);
    const tag = reference.tag ?? (reference.digest === undefined ? 'latest' : undefined);
    const complete = formatReference({ ...reference, tag });
    if (!byMeaning.has(complete)) byMeaning.set(complete, name);
  }
  return [...byMeaning.values()];
}

async function check({ credentials }: Pick<Call, 'credentials'>, client: ImageClient, image: string, signal: AbortSignal): Promise<Row> {
  const { isCurrent, localDigest, remoteDigest } = await client.checkForUpdate(image, { credentials, signal });
  const status = isCurrent === undefined ? 'unknown' : isCurrent ? 'current' : 'outdated';
  return { image, status, localDigest, remoteDigest, ...(isCurrent === undefined && { detail: whyUnknown(image, localDigest) }) };
}

function whyUnknown(image: string, localDigest: string | undefined): string {
  if (image.includes('@')) return 'pinned by its digest';
  return localDigest === undefined ? 'not from this repository: built, loaded or tagged here' : 'the registry does not have this name';
}

/** Keeps the error of one image by its text. Rethrows an error that the other images would have, too. */
function failedRow(errors: Map<string, unknown>, image: string, error: unknown): Row {
  if (error instanceof VersionError || (error instanceof ConnectError && error.exchange?.requestSent !== true)) throw error;
  const detail = describeFailure(error, '').what.replaceAll(/\n +/g, ' ');
  errors.set(detail, error);
  return { image, status: 'failed', detail };
}
