// Tells which layer a folder of Docker's older layout holds, before its content is read.
//
// Docker before 25 saves each layer as `<ID>/layer.tar`, directly after `<ID>/json`. The ID is not the layer's digest. It is the
// SHA-256 of that JSON, changed in three ways: without its `id`, with `layer_id`, which is the chain ID of the layers up to this
// one, and with `parent` as a digest (moby image/v1/imagev1.go, `CreateID`, and image/tarexport/save.go, `saveImage`). The image's
// diff IDs give the chain IDs, so the IDs of all layers but the highest can be computed. The JSON of the highest layer also has the
// image's configuration, in Go's own notation, so its ID cannot be computed: an unknown ID is that of the highest layer.

import { utf8 } from '../../bytes.ts';
import type { CreateHash } from '../../bytes.ts';
import { isJsonObject, parseJson } from '../json.ts';
import type { JsonObject } from '../json.ts';

/** The layers of one image in the older layout. */
export class OlderLayers {
  readonly #diffIds: readonly string[];
  readonly #createHash: CreateHash;
  /** Folder to diff ID: a cache with one entry, whose key are the fields that all lower layers have in common. */
  readonly #known = new Map<string, ReadonlyMap<string, string>>();

  constructor(diffIds: readonly string[], createHash: CreateHash) {
    this.#diffIds = diffIds;
    this.#createHash = createHash;
  }

  /** The diff ID of the layer in the folder `id`, whose `json` is given; undefined if the text is not such JSON. */
  diffIdOf(id: string, json: string): string | undefined {
    const fields = parseJson(json);
    if (!isJsonObject(fields)) return undefined;
    // Docker hashes the JSON without `id` and `os`, and with `parent` in another form.
    const { id: _, os: __, parent: ___, ...shared } = fields;
    const key = JSON.stringify(shared);
    const known = this.#known.get(key) ?? this.#foldersOf(shared);
    this.#known.clear(); // all lower layers share one JSON, so one entry is enough
    this.#known.set(key, known);
    return known.get(id) ?? this.#diffIds.at(-1);
  }

  /** The folders of all layers but the highest, with the diff IDs of their layers. */
  #foldersOf(shared: JsonObject): ReadonlyMap<string, string> {
    const folders = new Map<string, string>();
    let below: string | undefined; // the ID of the layer below, as a digest
    let chainId: string | undefined;
    for (const diffId of this.#diffIds.slice(0, -1)) {
      chainId = chainId === undefined ? diffId : this.#digest(`${chainId} ${diffId}`);
      const id = this.#digest(sortedJson({ ...shared, layer_id: chainId, ...(below !== undefined && { parent: below }) }));
      folders.set(id.slice('sha256:'.length), diffId);
      below = id;
    }
    return folders;
  }

  #digest(text: string): string {
    return `sha256:${this.#createHash().update(utf8(text)).digest('hex')}`;
  }
}

/** Go sorts the keys of a map; the values inside keep their order. */
function sortedJson(fields: JsonObject): string {
  return JSON.stringify(Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))));
}
