// Finds the subject of a request in its target: its kind, its registry and its names. Engines repeat the names in their error
// messages, so the names are removed before a message is interpreted.

import type { RequestKind } from './error-table.ts';
import { hostIn } from './image-names.ts';

/** The subject of a request. */
export interface AskedFor {
  readonly kind: RequestKind;
  /** The registry's host, as for `docker login`; empty for the Docker Hub, undefined if the request names no registry. */
  readonly registry: string | undefined;
  readonly names: readonly string[];
}

/** The most names that are searched for in an error; only the save of many images has more. */
const NAMES_LIMIT = 200;
/** How much of an error is searched for names, in characters; a search term may be long. */
const SEARCHED_LIMIT = 64 * 1024;
/** How much of an error is interpreted, in characters: its beginning and its end, because Go puts the cause last. */
export const READ_LIMIT: number = 4096;

/** Reads an original target, without redaction: `/v1.41/images/create?fromImage=a&tag=1`. */
export function askedFor(target: string): AskedFor {
  const at = target.indexOf('?');
  const path = at === -1 ? target : target.slice(0, at);
  const query = new URLSearchParams(at === -1 ? '' : target.slice(at + 1));
  const source = query.get('fromSrc');
  const isArchive = source === '-' || /\/images\/load$/.test(path);
  const image = imageIn(path);
  const repository = query.get('fromImage') ?? query.get('repo') ?? image;
  const tag = query.get('tag');
  const full = repository !== undefined && tag ? [`${repository}:${tag}`, `${repository}@${tag}`] : [];
  const values = [...query.values()].flatMap((value) => [value, ...textsIn(value)]);
  const names = [...full, image ?? '', ...values].filter((name) => name !== '' && name !== '-').slice(0, NAMES_LIMIT);
  const kind = isArchive ? 'archive' : source !== null ? 'url' : asksRegistry.test(path) ? 'registry' : 'local';
  return { kind, registry: registryOf(query.get('term') ?? repository), names };
}

/** Requests for which the engine contacts a registry: pull, push, search, inspect in a registry, login. */
const asksRegistry = /\/images\/create$|\/push$|\/images\/search$|\/distribution\/|\/auth$/;

/** The image in a path such as `/images/{image}/push`. */
function imageIn(path: string): string | undefined {
  const [, name] = /\/(?:images|distribution)\/([^]*)$/.exec(path) ?? [];
  const image = name?.replace(/\/(?:json|history|tag|push|attestations)$/, '');
  try {
    return image && decodeURIComponent(image);
  } catch {
    return image;
  }
}

/** The keys and texts in a JSON object, such as filters. */
function textsIn(json: string): string[] {
  const found: string[] = [];
  if (!json.startsWith('{')) return found;
  try {
    JSON.parse(json, (key, value: unknown) => {
      if (typeof value === 'string') found.push(value);
      if (key !== '' && Number.isNaN(Number(key))) found.push(key);
    });
  } catch {
    // Not JSON: the whole value is one of the names already.
  }
  return found;
}

function registryOf(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const host = hostIn(name) ?? '';
  return host.endsWith('docker.io') ? '' : host;
}

/** Removes the request's names from an error message, and shortens it to `READ_LIMIT` characters. */
export function withoutNames(words: string, names: readonly string[]): string {
  let text = words.length > SEARCHED_LIMIT ? shortened(words, SEARCHED_LIMIT) : words;
  const forms = [...new Set(names.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  for (const form of forms) text = /[/:@%.]/.test(form) ? text.replaceAll(form, '_') : withoutWord(text, form);
  return shortened(text, READ_LIMIT);
}

function shortened(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit / 2)}\n${text.slice(-limit / 2)}`;
}

/** The forms of a name in errors: full or short, with and without its registry, and percent-encoded. */
function formsOf(name: string): string[] {
  const host = hostIn(name);
  const path = host === undefined ? name : name.slice(host.length + 1);
  const short = path.replace(/^library\//, '');
  const [repository = ''] = /^[^:@]+/.exec(path) ?? [];
  const forms = [name, path, short, repository, `library/${repository}`];
  return [...forms, host ?? '', ...forms.map(encodeURIComponent)].filter((form) => form.length > 1);
}

/** A word such as `denied` counts as a name only after one of these (`for denied`, `"denied"`): it may be the engine's own word. */
const BEFORE = ['"', "'", '/', ':', '=', ' for ', ' image ', ' tag ', ' tag: ', ' manifest ', ' repository ', ' reference ', 'image: '];

function withoutWord(text: string, word: string): string {
  let kept = text;
  for (const before of BEFORE) {
    const [first = '', ...rest] = kept.split(before + word);
    kept = rest.reduce((whole, part) => `${whole}${before}${/^[\w-]/.test(part) ? word : '_'}${part}`, first);
  }
  return kept;
}
