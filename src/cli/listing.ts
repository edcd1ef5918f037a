// Formats images as the rows of a table.

import { parseReference } from '../index.ts';
import type { ImageSummary } from '../index.ts';
import { textOf, textsOf } from './engine-values.ts';
import { fittedTable } from './fitted-table.ts';
import type { Column } from './fitted-table.ts';
import { age, humanSize } from './table.ts';

/** Options for a list of images. */
export interface Listing {
  readonly ids: 'short' | 'full';
  readonly nowMs: number;
  readonly room: number;
}

/** Returns a table with one line for each name of an image, as the docker command prints it. `more` adds columns. */
export function imageTable(
  images: readonly ImageSummary[],
  { ids, nowMs, room }: Listing,
  more: ReadonlyArray<readonly [column: Column, cell: (image: ImageSummary) => string]> = [],
): string {
  const rows = images.flatMap((image) =>
    namesOf(image).map(([repository, tag]) => {
      const id = ids === 'short' ? shortId(image.Id) : textOf(image.Id);
      const cells = [repository, tag, id, age(image.Created, nowMs), humanSize(image.Size, 3)];
      return [...cells, ...more.map(([, cell]) => cell(image))];
    }),
  );
  // With --no-trunc, IDs are not cut even in a narrow terminal.
  return fittedTable([...COLUMNS, ...more.map(([column]) => column)], rows, ids === 'short' ? room : Infinity);
}

const COLUMNS: readonly Column[] = [
  { title: 'REPOSITORY', least: 12, keep: 'end' },
  { title: 'TAG', least: 6 },
  { title: 'IMAGE ID', spare: 1 },
  { title: 'CREATED', spare: 2 },
  { title: 'SIZE' },
];

const NONE = '<none>';

/** Returns the names of an image; without names, the repository of its digest. API versions below 1.43 send `<none>:<none>` for no name. */
function namesOf({ RepoTags, RepoDigests }: ImageSummary): ReadonlyArray<readonly [repository: string, tag: string]> {
  const named = (name: string): boolean => !name.startsWith(NONE);
  const tags = textsOf(RepoTags).filter(named).map(splitName);
  if (tags.length > 0) return tags;
  const repositories = textsOf(RepoDigests).filter(named).map((name) => splitName(name)[0]);
  return repositories.length > 0 ? [...new Set(repositories)].map((name) => [name, NONE]) : [[NONE, NONE]];
}

/** Splits a name into repository and tag. `host:5000/app` and `app@sha256:...` have no tag. */
function splitName(name: string): [repository: string, tag: string] {
  const { tag, digest } = referenceOf(name);
  const suffix = (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);
  return [name.slice(0, name.length - suffix.length), tag ?? NONE];
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
