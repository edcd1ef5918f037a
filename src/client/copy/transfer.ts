// Sends one image to a target: loads the archive under a temporary name, checks the result, gives the image its names, and removes the
// temporary name. After a failure or an abort, the temporary name is removed, or a new image without a name. If that fails, a warning
// says what may be left, and so does the error, unless it is the caller's own.
//
// The check depends on the store. On a graph driver and on Podman, the ID must be the digest of the config. A containerd store may report
// success for an image whose layers are missing. There the ID must be the digest of the index or manifest that was sent, the layers must be
// shown, and from API 1.48 on every platform of which all layers were sent or left out must be available.

import { saysLayerIsMissing } from '../../api/error-table.ts';
import { onceAborted } from '../../async/abort.ts';
import type { LayerStore } from '../../api/layer-inventory.ts';
import { isDigest, parseReference, repositoryName } from '../../api/reference.ts';
import { expectedId, isComplete } from '../../api/saved-image/plan-copy.ts';
import type { ImagePlan } from '../../api/saved-image/plan-copy.ts';
import type { WrittenImage } from '../../api/saved-image/copy-archive.ts';
import type { ImageInspect } from '../../api/types/image.ts';
import { escapeText } from '../../bytes.ts';
import { ApiError, LongshoreError, NotFoundError, isCallerError } from '../../errors.ts';
import type { CallOptions } from '../options.ts';
import { diffIdsOf, inspectFully } from './engine-images.ts';
import type { CopyEngine } from './engine-images.ts';

/** One side of a copy. */
export interface CopySide {
  readonly engine: CopyEngine;
  /** The engine's address as errors show it. */
  readonly address: string;
}

/** The target of a transfer. */
export interface TransferTarget extends CopySide {
  readonly store: LayerStore;
}

/** An image to send. */
export interface Transfer {
  /** The image's name, or its ID, for messages. */
  readonly name: string;
  readonly plan: ImagePlan;
  /** Gives the image on the target its names. */
  tag(image: string): Promise<void>;
  /** The name under which it is loaded; undefined: the image has no name and is found by its ID. */
  readonly temporary: string | undefined;
  /** Opens the archive, which is written under these names. `onImage` is called at its end. */
  archive(names: readonly string[], onImage: (image: WrittenImage) => void): AsyncIterable<Uint8Array>;
}

/** The time that a target gets, after an abort, to finish a load that has been sent completely, in milliseconds. */
const GRACE_MS = 30_000;
/** The longest silence of the target while temporary names are removed, in milliseconds. */
const CLEANUP_MS = 30_000;

/** Thrown when the target lacks layers that were left out: sending all layers repairs this. */
export class MissingLayers extends Error {}

/** An image on the target. */
export interface Transferred {
  readonly id: string;
  readonly written: WrittenImage;
}

/**
 * Sends an image. Throws `MissingLayers` if the target lacks layers that were left out; then nothing is left there. `onLeft` is called with a message about what may be left.
 */
export async function transfer(
  sending: Transfer,
  target: TransferTarget,
  limits: CallOptions,
  onLeft: (message: string) => void,
): Promise<Transferred> {
  const { temporary, plan } = sending;
  const upload: Upload = { hasBegun: false, written: undefined, failure: undefined, isProven: false };
  const loaded = temporary ?? (await newId(plan, target, limits));
  try {
    const written = await load(sending, target, limits, upload);
    const id = await checkLoaded(sending, target, written, limits);
    upload.isProven = true;
    await sending.tag(temporary ?? id);
    if (temporary !== undefined) await remove(temporary, target, onLeft);
    return { id, written };
  } catch (cause) {
    const error = cause instanceof NotWhole ? notWholeError(cause.message) : cause;
    const left = upload.hasBegun ? await remove(loaded, target, onLeft) : undefined;
    limits.signal?.throwIfAborted();
    const leftOut = plan.layers.some(({ sent }) => !sent);
    if (left === undefined && leftOut && lacksLayers(cause, upload)) throw new MissingLayers((error as Error).message, { cause: error });
    if (left !== undefined && error instanceof LongshoreError && !isCallerError(error)) error.message += `. ${left}`;
    throw error;
  }
}

/** Whether the target lacks layers: it says so, or shows it, or a prune has removed the whole image before it got its name. */
function lacksLayers(error: unknown, { isProven }: Upload): boolean {
  if (error instanceof NotWhole) return error.lacksLayers;
  if (!(error instanceof ApiError) || sourceErrors.has(error)) return false;
  return isProven ? error instanceof NotFoundError : saysLayerIsMissing(error.daemonMessage);
}

/** The ID that an image without a name gets; undefined if the target has it already, or if the ID is not known in advance. */
async function newId(plan: ImagePlan, target: TransferTarget, limits: CallOptions): Promise<string | undefined> {
  const id = expectedId(plan, target.store);
  return id === undefined || (await inspectOrNothing(target, id, limits)) !== undefined ? undefined : id;
}

/** The errors that came from the source of an archive. */
const sourceErrors = new WeakSet<object>();

/** Whether an error came from the source of a copy. */
export function isSourceError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && sourceErrors.has(error);
}

/** Thrown when a load has ended without the image that was sent. */
class NotWhole extends Error {
  /** Whether the reason may be that layers were left out. */
  readonly lacksLayers: boolean;

  constructor(message: string, lacksLayers: boolean) {
    super(message);
    this.lacksLayers = lacksLayers;
  }
}

function notWholeError(message: string): ApiError {
  return new ApiError(escapeText(message), { method: 'POST', target: '/images/load', status: 200, inStream: true, daemonMessage: '' });
}

/** How much of an archive has been sent. */
interface Upload {
  hasBegun: boolean;
  /** Set when all parts have been read and verified, and only the documents that name the image are still to be sent. */
  written: WrittenImage | undefined;
  /** The error of the source, after which nothing more was sent. */
  failure: { readonly error: unknown } | undefined;
  /** Set when the target has shown the whole image. */
  isProven: boolean;
}

/** Loads the archive under the temporary name. */
async function load(sending: Transfer, { engine }: TransferTarget, { signal, timeouts }: CallOptions, upload: Upload): Promise<WrittenImage> {
  async function* archive(): AsyncGenerator<Uint8Array, void, void> {
    upload.hasBegun = true;
    try {
      yield* sending.archive(sending.temporary === undefined ? [] : [sending.temporary], (image) => (upload.written = image));
    } catch (error) {
      upload.failure = { error };
      if (typeof error === 'object' && error !== null) sourceErrors.add(error);
      throw new Error('the source has failed'); // not the error itself, to which the load would add the target's request
    }
  }
  // Once all layers have been sent, the target may make the image although this side has left. So after an abort, wait, then remove it.
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const release = signal === undefined ? undefined : onceAborted(signal, () => {
    if (upload.written !== undefined) timer = setTimeout(() => ending.abort(signal.reason), GRACE_MS);
    else ending.abort(signal.reason);
  });
  try {
    await engine.loadImage(archive(), { signal: ending.signal, timeouts });
  } catch (error) {
    throw upload.failure === undefined ? error : upload.failure.error;
  } finally {
    release?.();
    clearTimeout(timer);
  }
  signal?.throwIfAborted();
  if (upload.written !== undefined) return upload.written;
  throw new NotWhole(`the target says that it has loaded ${sending.name}, but it has not read the whole archive`, false);
}

/** Checks that the target has the whole image, and returns its ID there. */
async function checkLoaded(
  { name, plan, temporary }: Transfer,
  target: TransferTarget,
  written: WrittenImage,
  limits: CallOptions,
): Promise<string> {
  const id = target.store === 'containerd' ? written.root : plan.variants[0].config;
  const found = await inspectOrNothing(target, temporary ?? id, limits);
  if (found === undefined) throw new NotWhole(`the target says that it has loaded ${name}, but it does not have it. A prune may have removed it: copy it again`, true);
  const fault = faultOf(found, id, plan, written);
  if (fault !== undefined) throw new NotWhole(`the target says that it has loaded ${name}, but ${fault}`, hasId(found, id));
  return id;
}

/** Returns the ID of the image if the target has all of it already. */
export async function findWhole(plan: ImagePlan, target: TransferTarget, limits: CallOptions): Promise<string | undefined> {
  const id = expectedId(plan, target.store);
  const found = id === undefined ? undefined : await inspectOrNothing(target, id, limits);
  return found !== undefined && faultOf(found, id as string, plan) === undefined ? id : undefined;
}

async function inspectOrNothing({ engine, store }: TransferTarget, image: string, limits: CallOptions): Promise<ImageInspect | undefined> {
  try {
    return await inspectFully(engine, image, store, limits);
  } catch (error) {
    if (!(error instanceof NotFoundError) || isCallerError(error, limits.signal)) throw error;
    return undefined;
  }
}

/** Whether an engine shows an image under an ID. */
function hasId({ Id, Descriptor }: ImageInspect, id: string): boolean {
  return Id === id || Descriptor?.digest === id;
}

/**
 * What is wrong with a loaded image; undefined if it is the one that was sent, with all layers. Without `written`, all variants of the
 * plan are expected, otherwise those of which the source had all layers.
 */
function faultOf(found: ImageInspect, id: string, plan: ImagePlan, written?: WrittenImage): string | undefined {
  if (!hasId(found, id)) return `it has the ID ${found.Id} instead of ${id}`;
  const whole = plan.variants.filter((variant) => written === undefined || isComplete(variant, written.sizes));
  const { Manifests: manifests } = found;
  for (const { manifest = id } of manifests === undefined ? [] : whole) { // a manifest that was written is the image itself
    const there = manifests?.find((each) => each.ID === manifest);
    if (there?.Available !== true) return `layers of its manifest ${manifest} are missing`;
  }
  // Docker 29 shows no layers of an image that it does not have for its own platform.
  if (manifests !== undefined && found.Architecture === '' && found.Os === '') return undefined;
  const shown = diffIdsOf(found).join();
  const isSame = whole.some(({ layers }) => layers.map(({ diffId }) => diffId).join() === shown);
  return isSame ? undefined : 'its layers are not those of the source';
}

/** Gives an image a name. */
export async function tagImage(engine: CopyEngine, image: string, reference: string, limits: CallOptions): Promise<void> {
  const parsed = parseReference(reference);
  await engine.tag(image, repositoryName(parsed), { tag: parsed.tag, ...limits });
}

/**
 * Removes a temporary name, or an image without a name by its ID; also after an abort. Returns a message if it may be left. An image
 * that has got a name meanwhile belongs to someone else, and its ID removes nothing.
 */
async function remove(
  name: string | undefined,
  { engine, address }: CopySide,
  onLeft: (message: string) => void,
): Promise<string | undefined> {
  if (name === undefined) return undefined;
  const limits = { timeouts: { headMs: CLEANUP_MS, idleMs: CLEANUP_MS } };
  try {
    if (isDigest(name) && (await engine.inspectImage(name, limits)).RepoTags.length > 0) return undefined;
    await engine.removeImage(name, limits);
    return undefined;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    const message = `The image ${name} may be left on ${address}: remove it with longshore rm --host ${address} ${name}`;
    onLeft(message);
    return message;
  }
}
