// The survey of an engine that cannot run here, from its recorded traffic: each subject with the tape that shows what
// it does. The tapes are replayed through the library; what no tape shows is not tried.

import { ImageClient, packTar } from '../../src/index.ts';
import { parseTape, replayDialer } from '../../src/testing.ts';
import { recordedExchanges, tapesOf } from './recorded.ts';
import { cellOf, outcome, subjects } from './survey.ts';
import type { EngineSurvey } from './survey.ts';
import { cases } from './tape-cases.mjs';

/** A tape, and a check of its result that shows whether the engine does what the subject promises. */
type Shown = readonly [tape: string, works: (value: any) => boolean];

const isThere = (value: unknown): boolean => typeof value === 'object' && value !== null;
const fails = (words: string) => (value: unknown): boolean => value === `fails with ${words}`;

/** By subject; no tape shows the others. */
const shownBy: Readonly<Record<string, Shown>> = {
  ping: ['ping', ({ apiVersion }) => apiVersion === '1.56'],
  version: ['version', ({ ApiVersion }) => ApiVersion === '1.56'],
  info: ['info', ({ Driver }) => typeof Driver === 'string'],
  checkAuth: ['auth', ({ Status }) => Status === 'Login Succeeded'],
  events: ['events', (events) => events.some(({ Action }: any) => Action === 'tag')],
  'events.since': ['events-past', (events) => events.some(({ Action }: any) => Action === 'tag')],
  'events.until': ['events-past', Array.isArray], // it ends
  'events.filters': ['events-filters', (events) => events.length > 0 && events.every(({ Action }: any) => /^(?:tag|untag)$/.test(Action))],
  diskUsage: ['disk-usage', ({ totalCount }) => totalCount > 0],
  images: ['images-by-name', (images) => images.length === 2],
  'images.filters': ['images-before', (images) => images.length === 1],
  'images.sharedSize': ['images-shared-size', ([image]) => image.SharedSize >= 0],
  'images.manifests': ['images-manifests', ([image]) => Array.isArray(image.Manifests)],
  inspectImage: ['inspect', ({ Os }) => Os === 'linux'],
  'inspectImage.manifests': ['inspect-manifests', ({ Manifests }) => Array.isArray(Manifests)],
  'inspectImage.platform': ['inspect-platform-other', ({ Architecture }) => Architecture === 'arm64'],
  history: ['history', (steps) => steps.length === 1],
  'history.platform': ['history-platform-missing', fails('NotFoundError (platform)')],
  tag: ['tag', (names) => names.includes('longshore/tape-b:2')],
  'tag.repo': ['tag', (names) => names.includes('longshore/tape-b:2')],
  'tag.tag': ['tag', (names) => names.includes('longshore/tape-b:2')],
  removeImage: ['remove', isThere],
  'removeImage.force': ['remove-force', isThere], // without it, the tape remove-conflict
  'removeImage.platforms': ['remove-platforms', ([, exists]) => exists === true],
  pruneImages: ['prune', ({ ImagesDeleted }) => ImagesDeleted.length > 0],
  'pruneImages.filters': ['prune-label-not', ({ ImagesDeleted }) => ImagesDeleted.length === 0],
  search: ['search', (found) => found.length > 2],
  'search.term': ['search', (found) => found.length > 2],
  'search.limit': ['search-limit', (found) => found.length === 2],
  'search.filters': ['search-filters', (found) => found.length > 0 && found.every(({ star_count, is_official }: any) => star_count >= 3 && !is_official)],
  inspectDistribution: ['distribution', ({ Descriptor }) => isThere(Descriptor)],
  pull: ['pull', ({ status }) => status === 'downloaded'],
  'pull.fromImage': ['pull', ({ status }) => status === 'downloaded'],
  'pull.tag': ['pull', ({ reference }) => reference.endsWith(':1')],
  'pull.platform': ['pull-platform-missing', fails('NotFoundError (platform)')],
  importImage: ['import', ({ id }) => id.startsWith('sha256:')],
  'importImage.fromSrc': ['import-url', ({ id }) => id.startsWith('sha256:')],
  'importImage.repo': ['import-tag-in-repository', ({ RepoTags }) => RepoTags.length === 1],
  'importImage.message': ['import-message-platform', ({ Comment }) => Comment === 'made by longshore'],
  'importImage.changes': ['import-changes', ({ WorkingDir }) => WorkingDir === '/srv'],
  'importImage.platform': ['import-message-platform', ({ Architecture }) => Architecture === 'arm64'],
  push: ['push', ({ digest }) => digest.startsWith('sha256:')],
  'push.tag': ['push', ({ reference }) => reference.endsWith(':1')],
  'push.platform': ['push-platform-missing', fails('ApiError (platform)')],
  getImage: ['save', (archive) => archive.length > 0],
  'getImage.names': ['save-many', (archive) => archive.length > 0],
  'getImage.platform': ['save-platform-missing', fails('NotFoundError (platform)')],
  loadImage: ['load', ({ references }) => references.length > 0],
  'loadImage.quiet': ['load-quiet', ({ references }) => references.length > 0],
  'loadImage.platform': ['load-platform-missing', fails('ApiError (platform)')],
};

/** What the tapes of an engine show. */
export async function surveyOfTapes(folder: string, engine: string): Promise<EngineSurvey> {
  const tapes = new Map(tapesOf(folder));
  const cells: Record<string, string> = {};
  for (const subject of subjects) cells[subject] = await cellOfTape(tapes, shownBy[subject]);
  const api = recordedExchanges(tapes.get('ping') ?? Buffer.alloc(0)).at(-1)?.fields.get('api-version') ?? '';
  return { engine, api, source: 'tapes', cells };
}

async function cellOfTape(tapes: ReadonlyMap<string, Buffer>, shown: Shown | undefined): Promise<string> {
  const [name = '', works] = shown ?? [];
  const bytes = tapes.get(name);
  const one = cases.find((each) => each.name === name);
  if (bytes === undefined || one === undefined || works === undefined) return 'not tried: no tape shows it';
  const tape = parseTape(bytes);
  const named = (variable: string): string | undefined => new RegExp(`\\b${variable}=(\\S+)`).exec(tape.header.command)?.[1];
  const login = { registry: named('REGISTRY_LOGIN') ?? '', username: 'u', password: 'any' };
  await using docker = new ImageClient({ ...one.client, dialer: replayDialer(tape) });
  const value = await outcome(one.run(docker, { registry: named('REGISTRY'), login, packTar }));
  let seen: unknown = value;
  try {
    seen = works(value) || value;
  } catch {
    // The result has another shape: the cell shows it.
  }
  return cellOf([{ with: seen, promised: true }]);
}
