// What the engine's lists say, as rows of a table.

import type { ImageSummary, VersionResult } from '../index.ts';
import { age, humanSize, table } from './table.ts';

/** One line for each name that an image has, as the docker command prints them. */
export function imageTable(images: readonly ImageSummary[], shortened: (id: string) => string, nowMs: number): string {
  const rows = images.flatMap((image) =>
    namesOf(image).map(([repository, tag]) => {
      return [repository, tag, shortened(image.Id), age(image.Created, nowMs), humanSize(image.Size, 3)];
    }),
  );
  return table([['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE'], ...rows]);
}

const NONE = '<none>';

/** Untagged images keep the repository of a digest. Engines below API 1.43 write `<none>:<none>` for no name. */
function namesOf({ RepoTags, RepoDigests }: ImageSummary): ReadonlyArray<readonly [repository: string, tag: string]> {
  const named = (name: string): boolean => !name.startsWith(NONE);
  const tags = RepoTags.filter(named).map((name) => splitAt(name, name.lastIndexOf(':')));
  if (tags.length > 0) return tags;
  const repositories = RepoDigests.filter(named).map((name) => splitAt(name, name.indexOf('@'))[0]);
  return repositories.length > 0 ? [...new Set(repositories)].map((name) => [name, NONE]) : [[NONE, NONE]];
}

function splitAt(text: string, at: number): [string, string] {
  return [text.slice(0, at), text.slice(at + 1)];
}

/** As much of an id as people use. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

/** What the engine says, and what it and we agreed on. */
export type EngineVersions = VersionResult & { readonly spokenApiVersion: string };

/** Labels and values. */
export function engineRows(engine: EngineVersions): string[][] {
  const oldest = engine.MinAPIVersion === undefined ? '' : `${engine.MinAPIVersion} to `;
  const others = (engine.Components ?? []).filter(({ Name }) => Name !== 'Engine'); // said already, by its own fields
  const rows: Array<[string, string | undefined]> = [
    ['Engine', [engine.Platform?.Name, engine.Version].filter(Boolean).join(' ')],
    ['  API', `${oldest}${engine.ApiVersion}; spoken: ${engine.spokenApiVersion}`],
    ['  Platform', `${engine.Os}/${engine.Arch}`],
    ['  Kernel', engine.KernelVersion],
    ...others.map(({ Name, Version }): [string, string] => [`  ${Name}`, Version]),
  ];
  return rows.flatMap(([label, value]) => (value === undefined ? [] : [[label, value]]));
}
