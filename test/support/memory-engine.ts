// An engine in memory, with the methods that copies use. It keeps images by the rules that were observed on real engines
// (src/api/saved-image/README.md): what it does with an archive that lacks a layer depends on its store. GNU tar reads the archives.

import type { LayerStore } from '../../src/api/layer-inventory.ts';
import type { LoadResult } from '../../src/api/progress/results.ts';
import type { ImageInspect, ImageSummary } from '../../src/api/types/image.ts';
import type { InfoResult, PingResult, VersionResult } from '../../src/api/types/engine.ts';
import type { ArchiveResult } from '../../src/client/archive-stream.ts';
import type { CopyEngine } from '../../src/client/copy/engine-images.ts';
import type { CallOptions } from '../../src/client/options.ts';
import { ApiError, NotFoundError } from '../../src/errors.ts';
import { filesIn, sha256Of } from './saved.ts';

interface Kept {
  readonly id: string;
  readonly diffIds: readonly string[];
  readonly names: Set<string>;
  /** A containerd store's image whose layers are missing. */
  readonly isBroken: boolean;
}

/** What a call does before its own work; it may throw, wait or abort. */
export type Hook = (call: string, options: CallOptions) => void | Promise<void>;

export class MemoryEngine implements CopyEngine {
  readonly store: LayerStore;
  readonly kept: Kept[] = [];
  /** The calls that change something, in order. */
  readonly log: string[] = [];
  /** What it saves, for every image. */
  archive: Uint8Array = new Uint8Array(0);
  platform = { Os: 'linux', Arch: 'amd64' };
  hook: Hook = () => {};
  /** Layers that have been removed since the inventory was made, by their diff IDs. */
  readonly pruned = new Set<string>();
  /** What `/info` shows. */
  id = '';
  folder = '/var/lib/docker';
  /** Whether a containerd store loads an image without its layers silently. */
  isSilent = false;

  constructor(store: LayerStore) {
    this.store = store;
  }

  add(id: string, diffIds: readonly string[], ...names: string[]): this {
    this.kept.push({ id, diffIds, names: new Set(names), isBroken: false });
    return this;
  }

  /** The image that has a name or an ID. */
  find(name: string): Kept | undefined {
    const full = [name, `${name}:latest`, `docker.io/${name}`, `docker.io/${name}:latest`];
    return this.kept.find((image) => image.id === name || full.some((each) => image.names.has(each)));
  }

  async #begin(call: string, options: CallOptions): Promise<void> {
    options.signal?.throwIfAborted();
    await this.hook(call, options);
    options.signal?.throwIfAborted();
  }

  async ping(options: CallOptions): Promise<PingResult> {
    await this.#begin('ping', options);
    return { apiVersion: '1.47', isPodman: this.store === 'podman' } as PingResult;
  }

  async info(): Promise<InfoResult> {
    return { ID: this.id, Name: 'host', DockerRootDir: this.folder, DriverStatus: this.store === 'containerd' ? [['driver-type', 'io.containerd.snapshotter.v1']] : [] } as unknown as InfoResult;
  }

  async version(options: CallOptions): Promise<VersionResult> {
    await this.#begin('version', options);
    return this.platform as VersionResult;
  }

  async apiVersion(): Promise<string> {
    return '1.47';
  }

  async supports(): Promise<boolean> {
    return false;
  }

  async images(options: CallOptions): Promise<ImageSummary[]> {
    await this.#begin('images', options);
    return this.kept.map(({ id, names }) => ({ Id: id, RepoTags: [...names] }) as unknown as ImageSummary);
  }

  async inspectImage(name: string, options: CallOptions): Promise<ImageInspect> {
    await this.#begin(`inspect ${name}`, options);
    const found = this.find(name);
    if (found === undefined) throw notFound(name);
    const layers = found.isBroken ? {} : { Layers: found.diffIds };
    return { Id: found.id, Os: 'linux', Architecture: 'amd64', Size: 4242, RepoTags: [...found.names], RootFS: layers } as unknown as ImageInspect;
  }

  /** Like the client, it lends memory that it uses again. */
  getImage(id: string, options: CallOptions): ReturnType<CopyEngine['getImage']> {
    const each = async (use: (view: Uint8Array) => void | Promise<void>): Promise<ArchiveResult> => {
      await this.#begin(`save ${id}`, options);
      for (let at = 0; at < this.archive.length; at += 1000) {
        await this.#begin('save, more', options);
        const view = Uint8Array.from(this.archive.subarray(at, at + 1000));
        await use(view);
        view.fill(0xff);
      }
      return { bytes: this.archive.length, entries: undefined, verified: undefined };
    };
    return { each };
  }

  async loadImage(data: AsyncIterable<Uint8Array>, options: CallOptions): Promise<LoadResult> {
    this.log.push('load');
    const chunks: Uint8Array[] = [];
    for await (const chunk of data) {
      await this.#begin('load, more', options);
      chunks.push(Uint8Array.from(chunk)); // its memory is used again
    }
    await this.#begin('load, all read', options);
    const archive = Buffer.concat(chunks);
    this.log.push(`read ${archive.length}`);
    return this.#keep(filesIn(archive));
  }

  #keep(files: ReadonlyMap<string, Buffer>): LoadResult {
    const json = (path: string): any => JSON.parse(String(files.get(path)));
    const [{ Config, RepoTags, Layers }] = json('manifest.json') as [{ Config: string; RepoTags: string[] | null; Layers: string[] }];
    const { diff_ids: diffIds } = json(Config).rootfs as { diff_ids: string[] };
    const has = (length: number): boolean => {
      return this.kept.some((image) => !image.isBroken && diffIds.slice(0, length).every((id, i) => image.diffIds[i] === id && !this.pruned.has(id)));
    };
    const isWhole = Layers.every((path, i) => files.has(path) || (!this.isSilent && has(i + 1)));
    if (!isWhole && this.store !== 'containerd') throw missing();
    const id = this.store === 'containerd' ? json('index.json').manifests[0].digest : sha256Of(files.get(Config) as Buffer);
    const known = this.kept.findIndex((image) => image.id === id);
    const names = new Set([...(this.kept[known]?.names ?? []), ...(RepoTags ?? [])]);
    for (const image of this.kept) for (const name of names) image.names.delete(name);
    if (known >= 0) this.kept.splice(known, 1);
    this.kept.push({ id, diffIds, names, isBroken: !isWhole });
    if (!isWhole && !this.isSilent) throw missing();
    return { references: RepoTags ?? [], ids: RepoTags === null ? [id] : [] };
  }

  async tag(image: string, repository: string, options: CallOptions & { readonly tag?: string | undefined }): Promise<void> {
    const name = `${repository}:${options.tag}`;
    await this.#begin(`tag ${name}`, options);
    const found = this.find(image);
    if (found === undefined) throw notFound(image);
    this.log.push(`tag ${name}`);
    for (const each of this.kept) each.names.delete(name);
    found.names.add(name);
  }

  async removeImage(name: string, options: CallOptions): Promise<[]> {
    await this.#begin('remove', options);
    const found = this.find(name);
    if (found === undefined) throw notFound(name);
    this.log.push('remove');
    found.names.delete(name);
    if (found.names.size === 0) this.kept.splice(this.kept.indexOf(found), 1);
    return [];
  }
}

const fields = { method: 'POST', target: '/images/load', status: 200, inStream: true } as const;

/** What Docker 20.10 says. */
export function missing(): ApiError {
  const daemonMessage = `open /var/lib/docker/tmp/docker-import-1/blobs/sha256/${'a'.repeat(64)}: no such file or directory`;
  return new ApiError(`POST /images/load: ${daemonMessage}`, { ...fields, daemonMessage });
}

function notFound(name: string): NotFoundError {
  return new NotFoundError(`no such image: ${name}`, { method: 'GET', target: '/images', status: 404, daemonMessage: 'no such image' });
}
