// Copies images from one engine to another. A layer is left out if another image of the target shows that the target has it.
//
// The images are copied one after the other: plan, transfer (transfer.ts), result. If the target lacks a layer after all, the image is
// sent once more with all layers. The archive flows from the source through `writeArchive` into the target, at the target's pace.

import type { LayerStore } from '../../api/layer-inventory.ts';
import { runsOn } from '../../api/platform.ts';
import type { ProgressEvent } from '../../api/progress/progress-events.ts';
import { expectedId, imagePlatformName, planImage } from '../../api/saved-image/plan-copy.ts';
import type { CopyTarget, ImagePlan, PlannedLayer } from '../../api/saved-image/plan-copy.ts';
import type { CopiedImage, CopiedLayer, CopyResult, ReplacedImage } from '../../api/types/copy.ts';
import { writeArchive } from '../../api/saved-image/copy-archive.ts';
import { KeptEntries } from '../../api/saved-image/kept-entries.ts';
import { loadCreateHash } from '../../bytes.ts';
import type { CreateHash } from '../../bytes.ts';
import type { Warn } from '../../connection/diagnostics.ts';
import { ArgumentError, LongshoreError, NotFoundError, isCallerError } from '../../errors.ts';
import { readEntries } from '../../tar/read-entries.ts';
import type { ReadEntry } from '../../tar/read-entries.ts';
import type { CallOptions, CopyOptions } from '../options.ts';
import { readImageContent, groupImages, inventoryOf, archiveOf, engineKind } from './engine-images.ts';
import type { ImageGroup } from './engine-images.ts';
import { MissingLayers, findWhole, isSourceError, tagImage, transfer } from './transfer.ts';
import type { CopySide, Transferred } from './transfer.ts';

/** Receives the progress. Only an event that is not `isKept` may be dropped. */
export type EmitProgress = (event: ProgressEvent, isKept: boolean) => void;

/** Copies the images. */
export async function copyImages(
  source: CopySide,
  target: CopySide,
  images: readonly string[],
  options: CopyOptions,
  emit: EmitProgress,
  warn: Warn,
): Promise<CopyResult> {
  return new Copy(source, target, options, emit, warn, await loadCreateHash()).run(images);
}

/** One image, and what is known about it. */
interface Planned extends ImageGroup {
  readonly name: string;
  readonly plan: ImagePlan;
  /** The archive from which the plan was made. */
  readonly begun: KeptEntries;
  /** Plans to send all layers. */
  readonly planFull: () => ImagePlan;
  /** Whether the target has it already. */
  isThere: boolean;
  /** The images that have its names on the target before it gets them. */
  holders: readonly ReplacedImage[];
}

class Copy {
  readonly #images: CopiedImage[] = [];
  readonly #warnings: string[] = [];
  #bytesSent = 0;
  #bytesTotal = 0;
  #resent = false;
  /** Whether both engines say that they are the same. */
  #seemsSame = false;
  readonly #source: CopySide;
  readonly #target: CopySide;
  readonly #options: CopyOptions;
  readonly #limits: CallOptions;
  readonly #emit: EmitProgress;
  readonly #warn: Warn;
  readonly #createHash: CreateHash;
  /** The repository of all temporary names of this copy. */
  readonly #temporary = `docker.io/longshore-copy/${crypto.randomUUID()}`;
  #attempts = 0;

  constructor(source: CopySide, target: CopySide, options: CopyOptions, emit: EmitProgress, warn: Warn, createHash: CreateHash) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
    this.#limits = { signal: options.signal, timeouts: options.timeouts };
    this.#emit = emit;
    this.#warn = warn;
    this.#createHash = createHash;
  }

  async run(names: readonly string[]): Promise<CopyResult> {
    const { engine } = this.#target;
    const { store: from, identity } = await this.#onSource(engineKind(this.#source.engine, this.#limits));
    const groups = await this.#onSource(groupImages(this.#source.engine, names, from, this.#options.platform, this.#limits));
    const kind = await this.#onTarget(engineKind(engine, this.#limits));
    this.#seemsSame = identity !== undefined && identity === kind.identity;
    const { store, images, platform } = await this.#onTarget(inventoryOf(engine, this.#limits, kind));
    const target = { store, platform, chains: images.map(({ layers }) => layers) };
    for (const group of groups) {
      const begun = new KeptEntries(() => archiveOf(this.#source.engine, group, this.#limits));
      try {
        const planned = await this.#plan(group, begun, from, target);
        this.#images.push(await this.#copy(planned, store));
        // The next image may have the same layers.
        for (const { layers } of planned.plan.variants) target.chains.push(layers.map(({ diffId }) => diffId));
      } finally {
        await begun.close();
      }
    }
    return { images: this.#images, bytesSent: this.#bytesSent, bytesTotal: this.#bytesTotal, resent: this.#resent, warnings: this.#warnings };
  }

  async #plan(group: ImageGroup, begun: KeptEntries, from: LayerStore, target: CopyTarget): Promise<Planned> {
    const { image, references } = group;
    const name = references[0] ?? image.Id;
    const content = await this.#onSource(readImageContent(group, from, begun, this.#createHash));
    const { platform, full = false } = this.#options;
    const plan = planImage(name, content, target, { platform, full });
    this.#warnOfPlatform(name, plan, target);
    for (const layer of plan.layers) this.#emit(layerEvent(layer, layer.sent ? 'Waiting' : 'Layer already exists'), true);
    return { ...group, begun, name, plan, isThere: false, holders: [], planFull: () => planImage(name, content, target, { platform, full: true }) };
  }

  #warnOfPlatform(name: string, { variants }: ImagePlan, { platform: own }: CopyTarget): void {
    const [{ platform }] = variants;
    if (platform === undefined || own === undefined) return;
    const fits = variants.some((each) => each.platform !== undefined && runsOn(each.platform, own));
    if (!fits) this.#warnOf('platform', `${name} is for ${imagePlatformName(platform)}, and ${this.#target.address} is an engine for ${own}`);
  }

  async #copy(planned: Planned, store: LayerStore): Promise<CopiedImage> {
    const { references, plan, image } = planned;
    const { full = false, dryRun = false } = this.#options;
    const target = { ...this.#target, store };
    const whole = await this.#onTarget(findWhole(plan, target, this.#limits));
    if (this.#seemsSame && whole !== undefined) this.#refuseSameEngine();
    planned.isThere = whole !== undefined;
    const found = full ? undefined : whole;
    if (dryRun) planned.holders = await this.#onTarget(this.#holders(references));
    const existing = dryRun || found === undefined ? found : await this.#onTarget(this.#tagExisting(found, planned));
    const sent = dryRun || existing !== undefined ? undefined : await this.#send(planned, store);
    const id = sent?.id ?? existing ?? expectedId(plan, store);
    const layers = (sent?.plan ?? plan).layers.map(({ digest, diffId, size, ...how }) => {
      return { digest, diffId, size: sent?.written.sizes.get(digest) ?? size, ...(existing === undefined ? how : PRESENT) };
    });
    this.#bytesTotal += sizeOf(layers) ?? image.Size;
    return { references, id, replaced: planned.holders.filter((holder) => holder.id !== id), layers };
  }

  /** The same engine has the image in any case. If it is not there, these are copies of one virtual machine, which have the same ID. */
  #refuseSameEngine(): never {
    throw new ArgumentError(`copyImage: options.to, ${this.#target.address}, is the same engine as ${this.#source.address}: use tag`);
  }

  /** Gives an image of the target its names, and returns its ID; undefined if it has been removed meanwhile. */
  async #tagExisting(id: string, planned: Planned): Promise<string | undefined> {
    try {
      await this.#tag(id, planned);
      return id;
    } catch (error) {
      if (!(error instanceof NotFoundError) || isCallerError(error, this.#limits.signal)) throw error;
      return undefined;
    }
  }

  /** Gives an image its names, and notes which images have them until then: another copy may have moved one during the transfer. */
  async #tag(image: string, planned: Planned): Promise<void> {
    planned.holders = await this.#holders(planned.references);
    for (const reference of planned.references) await tagImage(this.#target.engine, image, reference, this.#limits);
  }

  /** Sends an image, and once more with all layers if the target lacks one. */
  async #send(planned: Planned, store: LayerStore): Promise<Transferred & { readonly plan: ImagePlan }> {
    try {
      return await this.#transfer(planned, planned.plan, store);
    } catch (error) {
      if (!(error instanceof MissingLayers)) throw error;
      this.#resent = true;
      return await this.#transfer(planned, planned.planFull(), store);
    }
  }

  async #transfer(planned: Planned, plan: ImagePlan, store: LayerStore) {
    const { name, references } = planned;
    const layers = new Map(plan.layers.map((layer) => [layer.digest, layer]));
    const open = (): AsyncIterable<ReadEntry> => this.#entries(planned, plan);
    const onBlob = (digest: string, bytes: number, size: number): void => {
      const layer = layers.get(digest);
      if (layer?.sent === true) this.#emit(layerEvent(layer, bytes === size ? 'Pushed' : 'Pushing', bytes, size), bytes === size);
    };
    const sending = {
      name, plan,
      tag: (image: string) => this.#tag(image, planned),
      // If the target has the image already, perhaps without a name, to remove its only name would remove it.
      temporary: references.length === 0 || planned.isThere ? undefined : `${this.#temporary}:${++this.#attempts}`,
      archive: (names: readonly string[], onImage: Parameters<typeof writeArchive>[3]) =>
        this.#counted(writeArchive([{ plan, references: names, open }], this.#createHash, onBlob, onImage)),
    };
    const onLeft = (message: string): void => this.#warnOf('left-behind', message);
    const sent = await this.#onTarget(transfer(sending, { ...this.#target, store }, this.#limits, onLeft));
    return { ...sent, plan };
  }

  /** The entries of the source's archive: those that are open already, if all that is sent is among them. */
  async *#entries(planned: Planned, { wanted }: ImagePlan): AsyncGenerator<ReadEntry, void, void> {
    const sent = [...wanted].filter(([, blob]) => blob.sent).map(([digest]) => digest);
    const all = planned.begun.takeAll(sent);
    if (all === undefined) await planned.begun.close(); // so that the source saves only one archive at a time
    yield* all ?? readEntries(archiveOf(this.#source.engine, planned, this.#limits));
  }

  async *#counted(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of archive) {
      this.#bytesSent += chunk.length;
      yield chunk;
    }
  }

  /** The images on the target that have the names now. */
  async #holders(references: readonly string[]): Promise<ReplacedImage[]> {
    const found: ReplacedImage[] = [];
    for (const reference of references) {
      try {
        found.push({ reference, id: (await this.#target.engine.inspectImage(reference, this.#limits)).Id });
      } catch (error) {
        if (!(error instanceof NotFoundError) || isCallerError(error, this.#limits.signal)) throw error;
      }
    }
    return found;
  }

  #onSource<Value>(call: Promise<Value>): Promise<Value> {
    return call.catch((error: unknown) => this.#rethrow(error, true));
  }

  #onTarget<Value>(call: Promise<Value>): Promise<Value> {
    return call.catch((error: unknown) => this.#rethrow(error, isSourceError(error)));
  }

  /** Adds to the message of an error on which side of the copy it happened. */
  #rethrow(error: unknown, onSource: boolean): never {
    if (error instanceof LongshoreError && !isCallerError(error, this.#limits.signal)) {
      error.copySide = onSource ? 'source' : 'target';
      error.message = `the ${error.copySide} of the copy, ${(onSource ? this.#source : this.#target).address}: ${error.message}`;
    }
    throw error;
  }

  #warnOf(kind: 'platform' | 'left-behind', message: string): void {
    this.#warnings.push(message);
    this.#warn({ kind, subject: this.#target.address, message });
  }
}

/** What the result says about each layer of an image that the target had already. */
const PRESENT = { sent: false, reason: 'present' } as const;

/** The characters of a digest that an event shows, as engines do. */
const SHORT_ID_LENGTH = 12;

function layerEvent({ diffId, size }: PlannedLayer, status: string, current?: number, total = size): ProgressEvent {
  return { type: 'layer', id: diffId.slice(diffId.indexOf(':') + 1).slice(0, SHORT_ID_LENGTH), status, current, total, units: undefined };
}

/** The size of all layers; undefined if one is not known. */
function sizeOf(layers: readonly CopiedLayer[]): number | undefined {
  return layers.reduce<number | undefined>((sum, { size }) => (sum === undefined || size === undefined ? undefined : sum + size), 0);
}
