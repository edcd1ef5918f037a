// Parses and formats image references. The grammar is that of distribution/reference (Go), which all engines and registries use.
//
//   reference = name [ ":" tag ] [ "@" digest ]
//   name      = [ domain "/" ] path

import { escapeText, isWellFormed, truncateText } from '../bytes.ts';
import { ArgumentError, InvalidReferenceError } from '../errors.ts';
import { check, describeKind, kind } from '../kinds.ts';

/** A parsed image reference. Registry and repository are always set; tag and digest only if the text has them. */
export interface Reference {
  /**
   * The registry, `"docker.io"`, `"localhost:5000"`. Empty if the first part has a dot or a capital letter but is not a valid host
   * name (`"my_host.com/app"`): an engine can store such a name, but no registry can serve it.
   */
  readonly domain: string;
  /** The repository in the registry, `"library/alpine"`. */
  readonly path: string;
  /** The tag, `"3.20"`; undefined if there is none. Each call decides whether that means `"latest"`. */
  readonly tag: string | undefined;
  /** The digest, `"sha256:..."`; undefined if there is none. */
  readonly digest: string | undefined;
}

type Name = Pick<Reference, 'domain' | 'path'>;

const HUB = 'docker.io';
const LEGACY_HUB = 'index.docker.io';
const OFFICIAL = 'library/';
/** RepositoryNameTotalLengthMax of distribution/reference, which excludes the domain since version 0.6.0. */
const PATH_LIMIT = 255;
/** Longer than every valid reference: a host name has at most 253 characters, a path 255, a tag 128, a digest 135. */
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
const digestGrammar = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;

// The form of nearly all names, checked without parsing: at most 100 characters, with or without a tag.
const plainImage =
  /^(?=[^:]{1,100}(?::|$))[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*(?::\w[\w.-]{0,127})?$/;

// image-id = [ "sha256:" ] 64lower-hex
const imageIdGrammar = /^(?:sha256:)?[0-9a-f]{64}$/;
const bareIdGrammar = /^[0-9a-f]{64}$/;

/** The faults of invalid names. The first row that matches is reported. */
const nameFaults: readonly (readonly [RegExp, string])[] = [
  [/^$|^library\/$/, 'the repository name is empty'],
  [/:\/\//, 'it is a URL; leave out the scheme, as in "registry.example:5000/app"'],
  [/(?:^|\/)\.\.?(?:\/|$)/, '"." and ".." are not allowed as names'],
  [/^\/|\/$|\/\//, 'a part between slashes is empty'],
  [/[A-Z]/, 'a repository name must be in lower case'],
  [/[^a-z0-9._/-]/, 'a repository name may have lower-case letters, digits, ".", "_", "-" and "/" only'],
];
const SEPARATOR_FAULT = 'between letters or digits, one ".", one or two "_" or any number of "-" are allowed';
const TAG_FAULT = 'a tag has up to 128 letters, digits, "_", "." and "-", and does not begin with "." or "-"';
const ID_FAULT = 'it is an image ID or a digest; give a name, as in "alpine:3.20"';
const DIGEST_FAULT = 'a digest is "sha256:" and 64 lower-case hexadecimal digits (sha384: 96, sha512: 128)';

/**
 * Parses an image reference: `"alpine"` is `docker.io/library/alpine`. Throws an `InvalidReferenceError` for other texts, and for
 * image IDs, which are not references.
 */
export function parseReference(text: string): Reference {
  if (typeof text !== 'string') throw notText(text);
  if (text.length > REFERENCE_LIMIT) throw invalid(text, `it has more than ${REFERENCE_LIMIT} characters`);
  if (bareIdGrammar.test(text) || digestGrammar.test(text)) throw invalid(text, ID_FAULT);
  const [tagged, digest] = splitAt(text, text.indexOf('@'));
  const colon = tagged.lastIndexOf(':'); // one before the last slash belongs to a port
  const [name, tag] = splitAt(tagged, colon > tagged.lastIndexOf('/') ? colon : -1);
  if (digest !== undefined && !digestGrammar.test(digest)) throw invalid(text, DIGEST_FAULT);
  if (tag !== undefined && !tagGrammar.test(tag)) throw invalid(text, TAG_FAULT);
  const { domain, path } = splitName(name);
  if (!pathGrammar.test(path)) throw invalid(text, nameFaults.find(([pattern]) => pattern.test(path))?.[1] ?? SEPARATOR_FAULT);
  if (path.length > PATH_LIMIT) throw invalid(text, `its path has ${path.length} characters, more than ${PATH_LIMIT}`);
  const reference = { domain, path, tag, digest };
  if (isSplitId(reference)) throw invalid(text, ID_FAULT);
  return reference;
}

/** Whether the name and tag are in fact a shortened image ID or digest, `sha256:0123456789ab`. */
function isSplitId({ domain, path, tag = '' }: Reference): boolean {
  return domain === HUB && /^library\/sha(?:256|384|512)$/.test(path) && /^[0-9a-f]{12,}$/.test(tag);
}

function notText(value: unknown): InvalidReferenceError {
  const type = describeKind(value);
  const remedy = type === 'an array' ? ': make one call for each image' : '';
  return new InvalidReferenceError(`an image reference must be a string, as in "alpine:3.20", not ${type}${remedy}`);
}

/**
 * Returns the text if it is an image ID or a valid reference, or throws. Engines do not check the text in a path: `../containers/db` would
 * turn "remove the image" into "remove the container".
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

/** Adds a tag or a digest, given as a separate argument, to a reference. Throws if it is invalid or contradicts the reference. */
export function withTag(reference: Reference, tag: string | undefined): Reference {
  if (tag === undefined || tag === reference.tag || tag === reference.digest) return reference;
  const isDigest = digestGrammar.test(tag);
  if (typeof tag !== 'string' || (!isDigest && !tagGrammar.test(tag))) {
    throw new InvalidReferenceError(`${quote(String(tag))} is not a valid tag: ${TAG_FAULT}`);
  }
  if (reference.tag !== undefined || reference.digest !== undefined) {
    throw new ArgumentError(`the reference "${familiarReference(reference)}" and the tag "${tag}" contradict each other; give one of them`);
  }
  const tagged = { ...reference, [isDigest ? 'digest' : 'tag']: tag };
  if (isSplitId(tagged)) throw invalid(`sha256:${tag}`, ID_FAULT);
  return tagged;
}

const REFERENCE = kind('an object that parseReference returns', (value) => {
  const { domain, path, tag = '', digest = '' } = value as Partial<Reference>;
  return path !== '' && [domain, path, tag, digest].every((part) => typeof part === 'string');
});

/** The complete text, `"docker.io/library/alpine:3.20"`. Throws an `ArgumentError` if it is not a `Reference`. */
export function formatReference(reference: Reference): string {
  check(reference, REFERENCE, 'formatReference', 'reference');
  return repositoryName(reference) + suffix(reference);
}

/** The short text, `"alpine:3.20"`. Throws an `ArgumentError` if it is not a `Reference`. */
export function familiarReference(reference: Reference): string {
  check(reference, REFERENCE, 'familiarReference', 'reference');
  return familiarName(reference) + suffix(reference);
}

/** The complete name without tag and digest, `"docker.io/library/alpine"`. */
export function repositoryName({ domain, path }: Name): string {
  return domain === '' ? path : `${domain}/${path}`;
}

/**
 * The short name, `"alpine"`. A name is shortened only if the short form is parsed to the same name; the docker command shortens
 * `docker.io/localhost/x` to `localhost/x`, which is another image.
 */
export function familiarName(reference: Name): string {
  if (reference.domain !== HUB) return repositoryName(reference);
  const { path } = reference;
  const short = path.startsWith(OFFICIAL) ? path.slice(OFFICIAL.length) : path;
  const isSame = (name: string): boolean => {
    const parsed = splitName(name);
    return !bareIdGrammar.test(name) && parsed.domain === reference.domain && parsed.path === reference.path;
  };
  return [short, path].find(isSame) ?? repositoryName(reference);
}

/** Encodes an image for a request path. Throws for empty and dot segments, because engines would resolve them. */
export function encodePath(image: string): string {
  if (plainPath.test(image)) return image;
  return image.split('/').map((segment) => encodeSegment(segment, image)).join('/');
}

function encodeSegment(segment: string, image: string): string {
  if (/^\.{0,2}$/.test(segment)) throw invalid(image, 'a part between slashes is empty, "." or ".."');
  if (!isWellFormed(segment)) throw invalid(image, 'it contains an unpaired surrogate');
  return encodeURIComponent(segment).replaceAll('%3A', ':').replaceAll('%40', '@');
}
// Nearly all names: they need no encoding.
const plainPath = /^[\w-][\w.:@-]*(?:\/[\w-][\w.:@-]*)*$/;

function suffix({ tag, digest }: Reference): string {
  return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);
}

/** The text before and after the character at an index; if the index is negative, all of it is before. */
function splitAt(text: string, index: number): [before: string, after: string | undefined] {
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}

/** Splits a name into domain and path, which is not validated yet. */
function splitName(name: string): Name {
  const [first, rest] = splitAt(name, name.indexOf('/'));
  // A path has no capital letters, so a part with one is a domain.
  const isDomain = first === 'localhost' || /[.:A-Z]/.test(first);
  if (rest === undefined || !isDomain) return { domain: HUB, path: hubPath(name) };
  if (first === HUB || first === LEGACY_HUB) return { domain: HUB, path: hubPath(rest) };
  return domainGrammar.test(first) ? { domain: first, path: rest } : { domain: '', path: name };
}

function hubPath(path: string): string {
  return path.includes('/') ? path : OFFICIAL + path;
}

function invalid(text: string, fault: string): InvalidReferenceError {
  return new InvalidReferenceError(`${quote(text)} is not a valid image reference ([domain/]path[:tag][@digest]): ${fault}`);
}

function quote(text: string): string {
  return `"${escapeText(truncateText(text, 100))}"`;
}
