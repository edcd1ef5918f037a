// What a request asks for, read from its target: the names in it, which an engine repeats in its errors, and the kind of work.

import type { RequestKind } from './error-table.ts';

/** What was asked for. */
export interface AskedFor {
  readonly kind: RequestKind;
  /** The registry, as `docker login` takes it; empty for the Docker Hub, undefined where no registry is named. */
  readonly registry: string | undefined;
  /** Every text that the request has chosen. */
  readonly names: readonly string[];
}

/** So many names are looked for in an error: more are in no request but that of a large save. */
const NAMES_LIMIT = 200;
/** The part of an error's words that is searched for names, in characters; a search term may be long. */
const SEARCHED_LIMIT = 64 * 1024;
/** What is then read of the words, in characters, their beginning and their end: the cause stands last in Go's errors. */
export const READ_LIMIT: number = 4096;

/** Of a target as it was sent: `/v1.41/images/create?fromImage=a&tag=1`. */
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

/** What an engine asks a registry for: pull, push, search, what a registry has, login. */
const asksRegistry = /\/images\/create$|\/push$|\/images\/search$|\/distribution\/|\/auth$/;

/** The image in `/images/{image}/push`. */
function imageIn(path: string): string | undefined {
  const [, name] = /\/(?:images|distribution)\/([^]*)$/.exec(path) ?? [];
  const image = name?.replace(/\/(?:json|history|tag|push|attestations)$/, '');
  try {
    return image && decodeURIComponent(image);
  } catch {
    return image;
  }
}

/** The texts in a JSON value: a filter's. */
function textsIn(json: string): string[] {
  const found: string[] = [];
  if (!json.startsWith('{')) return found;
  try {
    JSON.parse(json, (key, value: unknown) => {
      if (typeof value === 'string') found.push(value);
      if (key !== '' && Number.isNaN(Number(key))) found.push(key);
    });
  } catch {
    // Not JSON: it has been taken as a whole.
  }
  return found;
}

function registryOf(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const host = hostIn(name) ?? '';
  return host.endsWith('docker.io') ? '' : host;
}

/** The host before the first slash, if it is one. */
function hostIn(name: string): string | undefined {
  const [host = '', ...path] = name.split('/');
  return path.length > 0 && (/[.:]/.test(host) || host === 'localhost') ? host : undefined;
}

/** The words without the names that were asked for, cut to `READ_LIMIT`: what is left was said by the engine itself. */
export function withoutNames(words: string, names: readonly string[]): string {
  let text = words.length > SEARCHED_LIMIT ? shortened(words, SEARCHED_LIMIT) : words;
  const forms = [...new Set(names.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  for (const form of forms) text = /[/:@%.]/.test(form) ? text.replaceAll(form, '_') : withoutWord(text, form);
  return shortened(text, READ_LIMIT);
}

function shortened(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit / 2)}\n${text.slice(-limit / 2)}`;
}

/** A name as errors write it: in full or short, with and without its registry, and in a URL. */
function formsOf(name: string): string[] {
  const host = hostIn(name);
  const path = host === undefined ? name : name.slice(host.length + 1);
  const short = path.replace(/^library\//, '');
  const [repository = ''] = /^[^:@]+/.exec(path) ?? [];
  const forms = [name, path, short, repository, `library/${repository}`];
  return [...forms, host ?? '', ...forms.map(encodeURIComponent)].filter((form) => form.length > 1);
}

/** What stands before a name of one word, which might be a word of the engine's: `for denied`, `"denied"`. */
const BEFORE = ['"', "'", '/', ':', '=', ' for ', ' image ', ' tag ', ' tag: ', ' manifest ', ' repository ', ' reference ', 'image: '];

function withoutWord(text: string, word: string): string {
  let kept = text;
  for (const before of BEFORE) {
    const [first = '', ...rest] = kept.split(before + word);
    kept = rest.reduce((whole, part) => `${whole}${before}${/^[\w-]/.test(part) ? word : '_'}${part}`, first);
  }
  return kept;
}
