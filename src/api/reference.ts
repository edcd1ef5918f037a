// The grammar of image references, after distribution/reference (Go), which every engine and registry shares.
//
//   reference = name [ ":" tag ] [ "@" digest ]
//   name      = [ domain "/" ] path

import { ELLIPSIS, escapeText } from '../bytes.ts';
import { ArgumentError, InvalidReferenceError } from '../errors.ts';
import { check, described, kind } from '../kinds.ts';

/** An image reference in full: what was left out of the text is filled in, but for tag and digest. */
export interface Reference {
  /**
   * The registry, `"docker.io"`, `"localhost:5000"`. Empty where the first part has a dot or a capital, and yet
   * is no host name (`"my_host.com/app"`): an engine stores such a name, but no registry can serve it.
   */
  readonly domain: string;
  /** The repository in that registry, `"library/alpine"`. */
  readonly path: string;
  /** `"3.20"`; undefined where there is none: `"latest"` is the business of the call. */
  readonly tag: string | undefined;
  /** `"sha256:..."`. */
  readonly digest: string | undefined;
}

type Name = Pick<Reference, 'domain' | 'path'>;

const HUB = 'docker.io';
const LEGACY_HUB = 'index.docker.io';
const OFFICIAL = 'library/';
/** distribution/reference: RepositoryNameTotalLengthMax; since 0.6.0 the domain is not counted. */
const PATH_LIMIT = 255;
/** Ours: a host name has at most 253 characters, a path 255, a tag 128, a digest 135. */
const REFERENCE_LIMIT = 1024;

// domain           = host [ ":" 1*DIGIT ]
// host             = domain-component *( "." domain-component ) / "[" 1*( HEXDIG / ":" ) "]"
// domain-component = 1*alnum *( 1*"-" 1*alnum )
// alnum            = ALPHA / DIGIT
const domainGrammar =
  /^(?:[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*(?:\.[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*)*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?$/;

// path           = path-component *( "/" path-component )
// path-component = 1*lower-alnum *( separator 1*lower-alnum )
// separator      = "." / "_" / "__" / 1*"-"
const pathGrammar = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*$/;

// tag = ( alnum / "_" ) *127( alnum / "_" / "." / "-" )
const tagGrammar = /^\w[\w.-]{0,127}$/;

/** digest = "sha256:" 64lower-hex / "sha384:" 96lower-hex / "sha512:" 128lower-hex */
export const digestGrammar: RegExp = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;

// A part of the grammar that needs no taking apart, and nearly all names are in it: at most 100 characters without a tag.
const plainImage =
  /^(?=[^:]{1,100}(?::|$))[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*(?::\w[\w.-]{0,127})?$/;

// image-id = [ "sha256:" ] 64lower-hex
const imageIdGrammar = /^(?:sha256:)?[0-9a-f]{64}$/;
const bareIdGrammar = /^[0-9a-f]{64}$/;

/** What is wrong with a name that is not in the grammar: the first row that matches tells. */
const nameFaults: readonly (readonly [RegExp, string])[] = [
  [/^$|^library\/$/, 'it names no repository'],
  [/:\/\//, 'it is a URL; leave out the scheme, as in "registry.example:5000/app"'],
  [/(?:^|\/)\.\.?(?:\/|$)/, '"." and ".." are no names'],
  [/^\/|\/$|\/\//, 'a part between slashes is empty'],
  [/[A-Z]/, 'a repository name is in lower case'],
  [/[^a-z0-9._/-]/, 'a repository name has lower-case letters, digits, ".", "_", "-" and "/" only'],
];
const SEPARATOR_FAULT = 'one ".", one or two "_", or any number of "-" stand between letters or digits only';
const TAG_FAULT = 'a tag has up to 128 letters, digits, "_", "." and "-", and begins with none of the last two';
const ID_FAULT = 'it is an image ID or a digest, and a name is needed here, as in "alpine:3.20"';
const DIGEST_FAULT = 'a digest is "sha256:" and 64 lower-case hexadecimal digits (sha384: 96, sha512: 128)';

/** The reference that a text stands for: `"alpine"` is `docker.io/library/alpine`. */
export function parseReference(text: string): Reference {
  if (typeof text !== 'string') throw notText(text);
  if (text.length > REFERENCE_LIMIT) throw invalid(text, `it has more than ${REFERENCE_LIMIT} characters`);
  if (bareIdGrammar.test(text) || digestGrammar.test(text)) {
    throw invalid(text, ID_FAULT);
  }
  const [tagged, digest] = cut(text, text.indexOf('@'));
  const [name, tag] = cut(tagged, tagColon(tagged));
  if (digest !== undefined && !digestGrammar.test(digest)) throw invalid(text, DIGEST_FAULT);
  if (tag !== undefined && !tagGrammar.test(tag)) throw invalid(text, TAG_FAULT);
  const { domain, path } = splitName(name);
  if (!pathGrammar.test(path)) throw invalid(text, nameFault(path));
  if (path.length > PATH_LIMIT) throw invalid(text, `its path has ${path.length} characters of at most ${PATH_LIMIT}`);
  const reference = { domain, path, tag, digest };
  if (isIdInParts(reference)) throw invalid(text, ID_FAULT);
  return reference;
}

/** Whether it is a part of an image ID or of a digest, `sha256:0123456789ab`, which reads like a repository and its tag. */
function isIdInParts({ domain, path, tag = '' }: Reference): boolean {
  return domain === HUB && /^library\/sha(?:256|384|512)$/.test(path) && /^[0-9a-f]{12,}$/.test(tag);
}

function notText(value: unknown): InvalidReferenceError {
  const what = described(value);
  const remedy = what === 'an array' ? ': make one call for each image' : '';
  return new InvalidReferenceError(`An image reference is a string, as in "alpine:3.20", not ${what}${remedy}`);
}

/**
 * The text itself, if it is an image ID or a reference; engines take it verbatim in a path, and do not check it:
 * `../containers/db` would make of "remove the image" a "remove the container".
 */
export function parseImage(text: string): string {
  const isPlain = typeof text === 'string' && (plainImage.test(text) || imageIdGrammar.test(text));
  if (!isPlain) parseReference(text);
  return text;
}

/** Whether a text is a digest, `"sha256:..."`. */
export function isDigest(text: string): boolean {
  return digestGrammar.test(text);
}

/** The reference with a tag, or with a digest in a tag's place, that was given apart from it. */
export function withTag(reference: Reference, tag: string | undefined): Reference {
  if (tag === undefined || tag === reference.tag || tag === reference.digest) return reference;
  const isDigest = digestGrammar.test(tag);
  if (typeof tag !== 'string' || (!isDigest && !tagGrammar.test(tag))) {
    throw new InvalidReferenceError(`${quote(String(tag))} is no tag: ${TAG_FAULT}`);
  }
  if (reference.tag !== undefined || reference.digest !== undefined) {
    throw new ArgumentError(`"${familiarReference(reference)}" and the tag "${tag}" contradict each other; give one`);
  }
  const tagged = { ...reference, [isDigest ? 'digest' : 'tag']: tag };
  if (isIdInParts(tagged)) throw invalid(`sha256:${tag}`, ID_FAULT);
  return tagged;
}

const REFERENCE = kind('an object that parseReference returns', (value) => {
  const { domain, path, tag = '', digest = '' } = value as Partial<Reference>;
  return path !== '' && [domain, path, tag, digest].every((part) => typeof part === 'string');
});

/** The canonical text, `"docker.io/library/alpine:3.20"`. */
export function formatReference(reference: Reference): string {
  check(reference, REFERENCE, 'formatReference', 'reference');
  return repositoryName(reference) + suffix(reference);
}

/** The text as people write it, `"alpine:3.20"`. */
export function familiarReference(reference: Reference): string {
  check(reference, REFERENCE, 'familiarReference', 'reference');
  return familiarName(reference) + suffix(reference);
}

/** The canonical name without tag and digest, `"docker.io/library/alpine"`. */
export function repositoryName({ domain, path }: Name): string {
  return domain === '' ? path : `${domain}/${path}`;
}

/**
 * The name as people write it, `"alpine"`. The docker command shortens `docker.io/localhost/x` to `localhost/x`,
 * which is another image; we shorten only what reads back as the same.
 */
export function familiarName(reference: Name): string {
  if (reference.domain !== HUB) return repositoryName(reference);
  const { path } = reference;
  const short = path.startsWith(OFFICIAL) ? path.slice(OFFICIAL.length) : path;
  const sameName = (name: string): boolean => !bareIdGrammar.test(name) && isSame(splitName(name), reference);
  return [short, path].find(sameName) ?? repositoryName(reference);
}

/**
 * The image as a part of a request path. Engines read `%2F` as a slash and collapse dot segments after decoding,
 * so neither may come about here.
 */
export function encodePath(image: string): string {
  if (plainPath.test(image)) return image;
  return image.split('/').map((segment) => encodeSegment(segment, image)).join('/');
}

function encodeSegment(segment: string, image: string): string {
  if (/^\.{0,2}$/.test(segment)) throw invalid(image, 'a part between slashes is empty, "." or ".."');
  if (/\p{Cs}/u.test(segment)) throw invalid(image, 'it is no Unicode text');
  return encodeURIComponent(segment).replaceAll('%3A', ':').replaceAll('%40', '@');
}
// What nearly all names are; it stands in a path as it is.
const plainPath = /^[\w-][\w.:@-]*(?:\/[\w-][\w.:@-]*)*$/;

function suffix({ tag, digest }: Reference): string {
  return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);
}

/** The text before and after the character at an index; all of it where there is no such character. */
function cut(text: string, index: number): [before: string, after: string | undefined] {
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}

/** A colon before the last slash is a port's. */
function tagColon(text: string): number {
  const colon = text.lastIndexOf(':');
  return colon > text.lastIndexOf('/') ? colon : -1;
}

/** Domain and path; the path is still unchecked. */
function splitName(name: string): Name {
  const [first, rest] = cut(name, name.indexOf('/'));
  if (rest === undefined || !looksLikeDomain(first)) return { domain: HUB, path: hubPath(name) };
  if (first === HUB || first === LEGACY_HUB) return { domain: HUB, path: hubPath(rest) };
  return domainGrammar.test(first) ? { domain: first, path: rest } : { domain: '', path: name };
}

/** A path begins with no capital, so a capital makes a domain, too. */
function looksLikeDomain(first: string): boolean {
  return first === 'localhost' || /[.:A-Z]/.test(first);
}

function hubPath(path: string): string {
  return path.includes('/') ? path : OFFICIAL + path;
}

function isSame(a: Name, b: Name): boolean {
  return a.domain === b.domain && a.path === b.path;
}

function nameFault(path: string): string {
  return nameFaults.find(([pattern]) => pattern.test(path))?.[1] ?? SEPARATOR_FAULT;
}

function invalid(text: string, fault: string): InvalidReferenceError {
  return new InvalidReferenceError(`${quote(text)} is no image reference ([domain/]path[:tag][@digest]): ${fault}`);
}

function quote(text: string): string {
  return `"${escapeText(text.slice(0, 100))}${text.length > 100 ? ELLIPSIS : ''}"`;
}
