// The names of the images in an archive, from its tables of contents.

import { familiarReference, parseReference } from '../reference.ts';

/** Returns names as the docker command shows them, each once. A tag alone, which OCI layouts may have, is not a name. */
export function namesIn(names: readonly unknown[]): string[] {
  const texts = names.filter((name): name is string => typeof name === 'string' && /[:/@]/.test(name));
  return [...new Set(texts.map(familiar))];
}

function familiar(name: string): string {
  try {
    return familiarReference(parseReference(name));
  } catch {
    return name; // the engine that loads it decides what to do with it
  }
}
