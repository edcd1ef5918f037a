// Formats images as the rows of a table.

import { parseReference } from '../index.ts';
import type { ImageSummary, PlatformObject } from '../index.ts';
import { numberOf, objectsOf, textOf, textsOf } from './engine-values.ts';
import { fittedTable } from './fitted-table.ts';
import type { Column } from './fitted-table.ts';
import { age, humanSize, known, timestamp } from './table.ts';

/** One line of a list: an image, or one variant of it, with one of its names. */
export interface ImageRow {
  readonly image: ImageSummary;
  readonly id: unknown;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly platform: string;
  /** In bytes, or a text. */
  readonly size: unknown;
}

/** What a list has besides the names. */
interface Details {
  /** The digest of each name. */
  readonly digests?: boolean | undefined;
  /** Each variant of an image with several platforms. The images must have their `Manifests`. */
  readonly platforms?: boolean | undefined;
}

/** How to format a list. */
export interface Listing extends Details {
  readonly ids: 'short' | 'full';
  readonly nowMs: number;
  readonly room: number;
}

/** Returns the lines of images: one for each name, as in the docker command, and with `platforms` for each variant. */
export function imageRows(images: readonly ImageSummary[], details: Details): ImageRow[] {
  return images.flatMap((image) => {
    const names = namesOf(image, details.digests === true);
    const variants = details.platforms === true ? variantsOf(image) : [];
    const whole = { id: image.Id, size: image.Size, platform: variants[0]?.platform ?? '' };
    // If there is only one variant, its line has the ID of the image, which all commands accept.
    const lines = variants.length > 1 ? variants : [whole];
    return names.flatMap(([repository, tag, digest]) => lines.map((line) => ({ image, repository, tag, digest, ...line })));
  });
}

function variantsOf({ Manifests }: ImageSummary): Array<Pick<ImageRow, 'id' | 'platform' | 'size'>> {
  const variants = objectsOf(Manifests).filter(({ Kind }) => Kind === 'image');
  return variants.map(({ ID, ImageData, Available, Size }) => {
    return { id: ID, platform: platformText(ImageData?.Platform), size: Available ? Size?.Total : 'unavailable' };
  });
}

/** One variant of an image, as an inspection or an archive describes it. */
export interface Variant {
  readonly id: unknown;
  /** In bytes. */
  readonly size: unknown;
  readonly isComplete: boolean;
  readonly os: unknown;
  readonly architecture: unknown;
  readonly variant: unknown;
}

/** Adds variants to an image, in the form in which the containerd store lists them. */
export function withVariants(image: object, variants: readonly Variant[]): ImageSummary {
  const Manifests = variants.map(({ id, size, isComplete, os, architecture, variant }) => {
    return { Kind: 'image', ID: id, Available: isComplete, Size: { Total: size }, ImageData: { Platform: { os, architecture, variant } } };
  });
  return { ...image, Manifests } as unknown as ImageSummary;
}

/** Formats a platform: `linux/arm64/v8`. */
export function platformText(platform: PlatformObject | null | undefined): string {
  return [platform?.os, platform?.architecture, platform?.variant].map(textOf).filter(Boolean).join('/');
}

/** Returns a table with a line for each row, as the docker command prints it. `more` adds columns. */
export function imageTable(
  rows: readonly ImageRow[],
  { ids, nowMs, room, digests, platforms }: Listing,
  more: ReadonlyArray<readonly [column: Column, cell: (image: ImageSummary) => string]> = [],
): string {
  const columns = COLUMNS.filter(([, { title }]) => (title !== 'DIGEST' || digests === true) && (title !== 'PLATFORM' || platforms === true));
  const cells = rows.map((row) => {
    const fields = { ...imageFields(row, { ids, nowMs }), Platform: row.platform };
    return [...columns.map(([name]) => fields[name]), ...more.map(([, cell]) => cell(row.image))];
  });
  // With --no-trunc, IDs are not cut even in a narrow terminal.
  return fittedTable([...columns.map(([, column]) => column), ...more.map(([column]) => column)], cells, ids === 'short' ? room : Infinity);
}

const COLUMNS: ReadonlyArray<readonly [field: keyof typeof IMAGE_FIELDS | 'Platform', column: Column]> = [
  ['Repository', { title: 'REPOSITORY', least: 12, keep: 'end' }],
  ['Tag', { title: 'TAG', least: 6 }],
  ['Digest', { title: 'DIGEST', least: 19 }],
  ['ID', { title: 'IMAGE ID', spare: 1 }],
  ['Platform', { title: 'PLATFORM' }],
  ['CreatedSince', { title: 'CREATED', spare: 2 }],
  ['Size', { title: 'SIZE' }],
];

/** The fields of docker's templates for images, with the headings of their columns. */
export const IMAGE_FIELDS = {
  ID: 'IMAGE ID', Repository: '', Tag: '', Digest: '', CreatedSince: 'CREATED', CreatedAt: '', Size: '', Containers: '', SharedSize: '',
  UniqueSize: '', VirtualSize: 'SIZE',
} as const;

/** Returns the values of these fields, as the docker command prints them. */
export function imageFields({ image, ...row }: ImageRow, { ids, nowMs }: Pick<Listing, 'ids' | 'nowMs'>): Record<keyof typeof IMAGE_FIELDS, string> {
  const { Containers, Created, SharedSize, Size } = image;
  return {
    ID: ids === 'short' ? shortId(row.id) : textOf(row.id),
    Repository: row.repository,
    Tag: row.tag,
    Digest: row.digest,
    CreatedSince: age(Created, nowMs),
    CreatedAt: timestamp(Created).replace('T', ' ').replace('Z', ' +0000 UTC'),
    Size: typeof row.size === 'string' ? row.size : humanSize(row.size, 3),
    Containers: known(Containers, String) || 'N/A',
    SharedSize: known(SharedSize, humanSize) || 'N/A',
    UniqueSize: known(SharedSize, (shared) => humanSize((numberOf(Size) ?? 0) - shared)) || 'N/A',
    VirtualSize: humanSize(Size),
  };
}

/** The orders of `--sort`: the largest, the newest or the first name first. Images without a name are last. */
export const ORDERS = {
  size: (a: ImageRow, b: ImageRow) => (numberOf(b.image.Size) ?? 0) - (numberOf(a.image.Size) ?? 0),
  created: (a: ImageRow, b: ImageRow) => (numberOf(b.image.Created) ?? 0) - (numberOf(a.image.Created) ?? 0),
  name: (a: ImageRow, b: ImageRow) => compare(a.repository, b.repository) || compare(a.tag, b.tag),
} as const;

function compare(a: string, b: string): number {
  if ((a === NONE) !== (b === NONE)) return a === NONE ? 1 : -1;
  return a < b ? -1 : Number(a > b);
}

const NONE = '<none>';

type Name = readonly [repository: string, tag: string, digest: string];

/**
 * Returns the names of an image; without tags, the repositories of its digests. API versions below 1.43 send `<none>:<none>` for no name, and
 * the containerd store a digest without a repository.
 */
function namesOf(image: ImageSummary, withDigests: boolean): readonly Name[] {
  const [tags, digests] = [namesIn(image.RepoTags), namesIn(image.RepoDigests).filter(([, , digest]) => digest !== NONE)];
  const names = withDigests ? namesWithDigests(tags, digests) : tags;
  if (names.length > 0) return names;
  const repositories = [...new Set(digests.map(([repository]) => repository))];
  return (repositories.length > 0 ? repositories : [NONE]).map((repository) => [repository, NONE, NONE]);
}

function namesIn(names: unknown): readonly Name[] {
  return textsOf(names).filter((name) => !name.startsWith(NONE)).map(splitName);
}

/** Returns each tag with each digest of its repository, and the digests of repositories without a tag, as the docker command lists them. */
function namesWithDigests(tags: readonly Name[], digests: readonly Name[]): readonly Name[] {
  const byRepository = new Map<string, Name[]>();
  for (const name of digests) {
    const others = byRepository.get(name[0]);
    if (others === undefined) byRepository.set(name[0], [name]);
    else others.push(name);
  }
  const tagged = tags.flatMap((name) => (byRepository.get(name[0]) ?? [name]).map(([, , digest]): Name => [name[0], name[1], digest]));
  const repositories = new Set(tags.map(([repository]) => repository));
  return [...tagged, ...digests.filter(([repository]) => !repositories.has(repository))];
}

/** Splits a name into repository, tag and digest. `host:5000/app` and `app@sha256:...` have no tag. */
function splitName(name: string): Name {
  const { tag, digest } = referenceOf(name);
  const suffix = (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);
  return [name.slice(0, name.length - suffix.length), tag ?? NONE, digest ?? NONE];
}

/** Returns the tag and the digest of a name. The characters ":" and "@" also split an invalid name. */
function referenceOf(name: string): { readonly tag?: string | undefined; readonly digest?: string | undefined } {
  try {
    return parseReference(name);
  } catch {
    const [tagged = '', digest] = name.split(/@(.*)/s);
    const colon = tagged.lastIndexOf(':');
    return { tag: colon > tagged.lastIndexOf('/') ? tagged.slice(colon + 1) : undefined, digest };
  }
}

/** Whether a name is a valid reference. */
export function isReference(name: string): boolean {
  try {
    parseReference(name);
    return true;
  } catch {
    return false;
  }
}

/** Returns the first 12 digits of an ID. */
export function shortId(id: unknown): string {
  return textOf(id).replace(/^sha256:/, '').slice(0, 12);
}
