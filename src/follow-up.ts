// What some engines do not tell while they pull, push or import: asked for before or afterwards, so that results mean the
// same everywhere.

import type { ImageInspect } from './docker/image-types.ts';
import { withComparedNames } from './docker/filters.ts';
import { askedOfPodman } from './docker/podman-events.ts';
import type { EventsArguments } from './docker/podman-events.ts';
import { escapeText } from './bytes.ts';
import { ApiError, VersionError } from './errors.ts';
import { formatReference, parseReference, repositoryName } from './docker/reference.ts';
import type { Reference } from './docker/reference.ts';
import { platformText, runsOn, samePlatform } from './docker/platform.ts';
import type { Platform } from './docker/platform.ts';
import type { ImportOutcome, PullOutcome, PushOutcome } from './docker/outcome.ts';
import type { Local } from './local.ts';
import type { StartCall } from './progress-stream.ts';

/** What a pull is about; `reference` has a tag or a digest unless all tags are wanted. */
export interface Pull {
  readonly reference: Reference;
  readonly platform: Platform | undefined;
  readonly policy: 'always' | 'missing';
  readonly allTags: boolean;
  /** Throws for what the engine lacks. */
  passGates(left: AbortSignal): Promise<void>;
}

/** Of an answer that began well, and came to something else than was asked for. */
const CREATE = { method: 'POST', target: '/images/create', status: 200, inStream: true };

/** Pulls only what is missing, where that is the policy; finds out what Podman does not tell; and sees what came. */
export function pulling(start: StartCall, local: Local, pull: Pull, outcome: PullOutcome): StartCall {
  const { reference, policy, platform } = pull;
  const name = formatReference(reference);
  return async (reader, left) => {
    await pull.passGates(left);
    if (policy === 'missing') {
      const present = await local.inspect(name, left);
      if (present !== undefined && (platform === undefined || samePlatform(present, platform))) {
        return outcome.tell({ digest: registryDigest(present, reference), status: 'up-to-date' });
      }
    }
    if (await local.isPodman(left)) await pullingOnPodman(start, local, pull, outcome)(reader, left);
    else await start(reader, left);
    if (platform === undefined) return;
    const names = pull.allTags ? outcome.tags().map((tag) => formatReference({ ...reference, tag })) : [name];
    for (const each of names) await checkPlatform(local, each, platform, left);
  };
}

function pullingOnPodman(start: StartCall, local: Local, { reference, allTags }: Pull, outcome: PullOutcome): StartCall {
  const name = formatReference(reference);
  return async (reader, left) => {
    if (allTags) throw latestOnly('pull');
    const [before, known] = [await local.inspect(name, left), await local.ids(left)];
    await start(reader, left);
    const after = await local.inspect(name, left);
    if (after === undefined) return undefined;
    // It lists an image by the digest under which it came first; one that was made here, by none that a registry has.
    const listed = known.has(after.Id) ? undefined : local.listedDigest;
    const digest = registryDigest(after, reference) ?? (await listed?.(name, left));
    return outcome.tell({ digest, status: before?.Id === after.Id ? 'up-to-date' : 'downloaded' });
  };
}

/**
 * Of an image that is no index, engines take what the registry has: Docker 20.10, both of the containerd store's and
 * Podman's without a word, 28.5 with a warning; 26.1 alone refuses.
 */
async function checkPlatform(local: Local, name: string, platform: Platform, left: AbortSignal): Promise<void> {
  const image = await local.inspect(name, left);
  if (image === undefined || !image.Architecture || runsOn(image, platform)) return;
  // A store of several variants shows the one that it likes best.
  if (await local.mayHaveVariant(name, platform, left)) return;
  const { Os, Architecture, Variant } = image;
  const found = [Os, Architecture, Variant].filter(Boolean).join('/');
  const message = `the engine pulled ${name} for ${found}: the registry has none for ${platformText(platform)}`;
  throw new ApiError(escapeText(message), { ...CREATE, daemonMessage: message, reason: 'platform' });
}

/** Pushes; an engine that named no digest knows it by now. */
export function pushing(start: StartCall, local: Local, reference: Reference, outcome: PushOutcome): StartCall {
  return async (reader, left) => {
    if (reference.tag === undefined && (await local.isPodman(left))) throw latestOnly('push');
    await start(reader, left);
    if (outcome.isTold()) return;
    const image = await local.inspect(formatReference(reference), left);
    outcome.tell(image && registryDigest(image, reference));
  };
}

/** Imports; Podman 4.3 overlooks a tag that it does not like without a word. */
export function importing(start: StartCall, local: Local, name: string | undefined, outcome: ImportOutcome): StartCall {
  return async (reader, left, onUpload) => {
    await start(reader, left, onUpload);
    if (name === undefined || !(await local.isPodman(left))) return;
    const { id } = outcome.result();
    const image = await local.inspect(name, left);
    if (image?.Id === id) return;
    const message = `the engine imported ${id}, and did not call it ${name}`;
    throw new ApiError(message, { ...CREATE, daemonMessage: message });
  };
}

/** Ends at a time of the past, too, and takes Docker's names of actions; see `askedOfPodman`. */
export function listening(start: (args: EventsArguments) => StartCall, local: Local, args: EventsArguments): StartCall {
  return async (reader, left) => {
    if (!(await local.isPodman(left))) {
      const filters = args.filters && withComparedNames(args.filters, 'image', false);
      return start({ ...args, filters })(reader, left);
    }
    const isBounded = args.until !== undefined;
    return start(askedOfPodman(args, isBounded ? await local.now(left) : undefined))(reader, left);
  };
}

/** Podman takes a call without a tag for one with `latest`. */
function latestOnly(operation: 'pull' | 'push'): VersionError {
  const subject = `${operation}.allTags`;
  const message = `${subject} needs Docker, and this engine is Podman, which takes "latest" alone`;
  return new VersionError(message, { subject, needed: 'Docker', spoken: 'Podman' });
}

/**
 * The digest under which the registry has a local image; undefined where the engine knows several. Podman knows an image
 * by the index, by the manifest of its platform in there, and by the one that it made itself of an image from here, in
 * no order that tells which is which.
 */
function registryDigest({ RepoDigests }: ImageInspect, reference: Reference): string | undefined {
  if (reference.digest !== undefined) return reference.digest;
  const known = RepoDigests.map(parseReference).filter((each) => repositoryName(each) === repositoryName(reference));
  return known.length === 1 ? known[0]?.digest : undefined;
}
