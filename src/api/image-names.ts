// Completes and checks the names that methods accept: default tags, digests, and the hosts of search terms.

import { ArgumentError, InvalidReferenceError } from '../errors.ts';
import { formatReference, parseReference, withTag } from './reference.ts';
import type { Reference } from './reference.ts';

/** Adds the tag `latest` to a reference that has neither a tag nor a digest. */
export function withDefaultTag(reference: Reference): Reference {
  return (reference.tag ?? reference.digest) === undefined ? { ...reference, tag: 'latest' } : reference;
}

/** Throws for a reference with a digest: a digest is computed from the image and cannot be assigned. */
export function withoutDigest(method: string, reference: Reference): Reference {
  if (reference.digest === undefined) return reference;
  throw new InvalidReferenceError(`${method} needs a tag, and "${formatReference(reference)}" has a digest`);
}

/** The name of an import, which includes its tag: Podman 4.3 ignores a tag in a separate parameter. */
export function importedName(repository: string | undefined, tag: string | undefined): string | undefined {
  if (repository === undefined) {
    if (tag !== undefined) throw new ArgumentError('a tag needs a repository');
    return undefined;
  }
  return formatReference(withDefaultTag(withoutDigest('importImage', withTag(parseReference(repository), tag))));
}

/** The text before the first slash, if it is a host: `127.0.0.1:5000` for `127.0.0.1:5000/x`. */
export function hostIn(name: string): string | undefined {
  const [host = '', ...path] = name.split('/');
  return path.length > 0 && (/[.:]/.test(host) || host === 'localhost') ? host : undefined;
}

/** The registry host of a search term; the Docker Hub for a term without a host. */
export function searchedHost(term: string): string {
  return hostIn(term) ?? 'docker.io';
}

/**
 * The search term with its registry host. Podman searches a term without a host in all registries of its own configuration, and sends
 * the credentials of the call to each of them. It treats any text before the first slash as a host.
 */
export function withSearchedHost(term: string): string {
  const host = searchedHost(term);
  return term.startsWith(`${host}/`) ? term : `${host}/${term}`;
}

/** Warns about a name with a tag and a digest: engines ignore the tag and save such an image without a name. */
export function warnOfLostName(image: string, warn: Warn): void {
  if (!image.includes('@')) return;
  const reference = parseReference(image);
  if (reference.tag === undefined) return;
  const named = formatReference({ ...reference, digest: undefined });
  const message = `${image} has a tag and a digest, so engines save it without its name. To keep the name, use ${named}`;
  warn({ kind: 'lost-name', subject: image, message });
}

/** Receives a warning, like the client's `Warn`. */
type Warn = (warning: { readonly kind: 'lost-name'; readonly subject: string; readonly message: string }) => void;
