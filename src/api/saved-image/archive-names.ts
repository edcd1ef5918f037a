// The names of the images in an archive, from its tables of contents.

import { familiarReference, parseReference } from '../reference.ts';
import { DOCUMENT_LIMIT, DocumentReader } from './documents.ts';
import type { EntryHeader } from './documents.ts';
import { normalizePath } from './paths.ts';

/** Annotations of containerd (core/images/annotations.go) and of the OCI image-spec ("Pre-Defined Annotation Keys"). */
const IMAGE_NAME = 'io.containerd.image.name';
const REF_NAME = 'org.opencontainers.image.ref.name';

/** Returns names as the docker command shows them, each once. A tag alone, which OCI layouts may have, is not a name. */
export function namesIn(names: readonly unknown[]): string[] {
  const texts = names.filter((name): name is string => typeof name === 'string' && /[:/@]/.test(name));
  return [...new Set(texts.map(familiar))];
}

/** The name that an index gives an image. */
export function annotatedName(annotations: Readonly<Record<string, unknown>>): unknown {
  return annotations[IMAGE_NAME] ?? annotations[REF_NAME];
}

function familiar(name: string): string {
  try {
    return familiarReference(parseReference(name));
  } catch {
    return name; // the engine that loads it decides what to do with it
  }
}

/** Listens to an `ArchiveScan`, and reads only the tables of contents. */
export class ArchiveNames {
  readonly #names = new Set<unknown>();
  #hasImages = false;
  #reader: DocumentReader | undefined;

  entry({ path, size }: Pick<EntryHeader, 'path' | 'size'>): void {
    const isTable = /^(?:index|manifest)\.json$/.test(normalizePath(path)) && size <= DOCUMENT_LIMIT;
    this.#reader = isTable ? new DocumentReader(size) : undefined;
  }

  content(view: Uint8Array): void {
    this.#reader?.push(view);
  }

  endEntry(): void {
    const { manifests = [], images = [] } = this.#reader?.end() ?? {};
    if (manifests.length + images.length > 0) this.#hasImages = true;
    for (const { annotations } of manifests) this.#names.add(annotatedName(annotations));
    for (const { names } of images) for (const name of names) this.#names.add(name);
  }

  /** The names; undefined if the archive lists no image. */
  references(): string[] | undefined {
    return this.#hasImages ? namesIn([...this.#names]) : undefined;
  }
}
