// The option --archive: shows the images of an archive as if an engine had them.

import { inspectArchive } from '../index.ts';
import type { ArchiveImage, ArchiveInspection, ImageSummary } from '../index.ts';
import { UsageError } from './command.ts';
import type { Call, globalOptions, Options, Values } from './command.ts';
import { withVariants } from './listing.ts';
import { checkFile, standardInput } from './operands.ts';

export const archiveOption = {
  archive: { type: 'string', value: 'FILE', help: 'Read this archive, or - for stdin, without an engine' },
} as const satisfies Options;

type ArchiveCall = Pick<Call, 'io' | 'operands'> & { readonly values: Values<typeof globalOptions & typeof archiveOption> };

/** Inspects the archive that the option names. Throws a `UsageError` if an engine, an operand or one of `others` is given, too. */
export async function inspectNamed({ io, operands, values }: ArchiveCall, path: string, others: readonly string[]): Promise<ArchiveInspection> {
  if (operands.length > 0) throw new UsageError('give --archive FILE or the name of an image, not both');
  const all: Readonly<Record<string, unknown>> = values;
  const given = (names: readonly string[]): string | undefined => names.find((name) => all[name] !== undefined);
  const engine = given(['host', 'context']);
  if (engine !== undefined) throw new UsageError(`--${engine} cannot be combined with --archive, which needs no engine`);
  const other = given(others);
  if (other !== undefined) throw new UsageError(`--${other} cannot be combined with --archive`);
  if (path !== '-') await checkFile(path, io);
  const source = path === '-' ? standardInput({ io, values }, 'give --archive FILE') : { path };
  return inspectArchive(source, { signal: io.signal });
}

/** An image of an archive as an engine lists it. Its ID is that of its only variant, as on most engines, or that of its index. */
export function asSummary({ references, digest, variants }: ArchiveImage): ImageSummary {
  const [only] = variants.length === 1 ? variants : [];
  const described = variants.map(({ id, platform, size, missing }) => {
    const [os, architecture, variant] = platform?.split('/') ?? [];
    return { id: id ?? missing[0], size, isComplete: missing.length === 0, os, architecture, variant };
  });
  const created = Date.parse(variants.find((variant) => variant.created !== undefined)?.created ?? '');
  const image = {
    Id: only?.id ?? digest ?? '',
    RepoTags: references,
    RepoDigests: [],
    Created: Number.isNaN(created) ? undefined : Math.floor(created / 1000),
    Size: variants.reduce((sum, { size }) => sum + size, 0),
  };
  return withVariants(image, described);
}

/** Says which images lack parts; an empty text if none does. */
export function missingParts(path: string, { images }: ArchiveInspection): string[] {
  return images.flatMap(({ references, digest, variants }) => {
    const lacking = variants.filter(({ missing }) => missing.length > 0);
    if (lacking.length === 0) return [];
    const name = references[0] ?? digest ?? lacking[0]?.id ?? 'an image';
    const whole = variants.length - lacking.length;
    const what = lacking.map(({ platform, missing }) => `${missing.length} ${missing.length === 1 ? 'part' : 'parts'}${platform === undefined ? '' : ` of ${platform}`}`);
    return [`${name} lacks ${what.join(', ')}${whole > 0 ? '; other platforms are complete' : ''}: see longshore inspect --archive ${path}`];
  });
}
