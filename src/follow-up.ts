// What some engines do not tell while they pull, push or import: asked for before or afterwards, so that results mean the
// same everywhere.

import { ApiError, NotFoundError, VersionError } from './errors.ts';
import { formatReference, parseReference, repositoryName } from './docker/reference.ts';
import type { Reference } from './docker/reference.ts';
import { parsePlatform } from './docker/platform.ts';
import type { Platform } from './docker/platform.ts';
import type { ImportOutcome, PullOutcome, PushOutcome } from './docker/outcome.ts';
import type { ImageInspect } from './docker/types.ts';
import type { Engine } from './engine.ts';
import type { InspectImageOptions } from './options.ts';
import type { StartCall } from './progress-stream.ts';

/** What is asked; undefined: there is no such image. */
export interface Local {
  inspect(image: string, signal: AbortSignal): Promise<ImageInspect | undefined>;
  isPodman(signal: AbortSignal): Promise<boolean>;
}

/** What an engine has, for those who must look before or after a call. */
export function lookingAt(
  client: { inspectImage(image: string, options: InspectImageOptions): Promise<ImageInspect> },
  engine: Engine,
  signal: AbortSignal | undefined,
): Local {
  return {
    inspect: (image, left) =>
      client.inspectImage(image, { signal: either(signal, left) }).catch((error: unknown) => {
        if (error instanceof NotFoundError) return undefined;
        throw error;
      }),
    isPodman: async (left) => (await engine.identity(either(signal, left))).isPodman,
  };
}

/** The caller's signal and that of whoever reads the answer, as one. */
export function either(signal: AbortSignal | undefined, left: AbortSignal): AbortSignal {
  return signal === undefined ? left : AbortSignal.any([signal, left]);
}

/** What a pull is about; `reference` has a tag or a digest unless all tags are wanted. */
export interface Pull {
  readonly reference: Reference;
  readonly platform: Platform | undefined;
  readonly policy: 'always' | 'missing';
  readonly allTags: boolean;
}

/** Pulls only what is missing, where that is the policy; and finds out what Podman does not tell. */
export function pulling(start: StartCall, local: Local, pull: Pull, outcome: PullOutcome): StartCall {
  const { reference, policy, allTags } = pull;
  const name = formatReference(reference);
  return async (reader, left) => {
    if (policy === 'missing') {
      const present = await local.inspect(name, left);
      if (present !== undefined && matches(present, pull.platform)) {
        return outcome.tell({ digest: registryDigest(present, reference), status: 'up-to-date' });
      }
    }
    if (!(await local.isPodman(left))) return start(reader, left);
    if (allTags) throw latestOnly('pull');
    const before = await local.inspect(name, left);
    await start(reader, left);
    const after = await local.inspect(name, left);
    if (after === undefined) return undefined;
    const status = before?.Id === after.Id ? 'up-to-date' : 'downloaded';
    return outcome.tell({ digest: registryDigest(after, reference), status });
  };
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
  return async (reader, left) => {
    await start(reader, left);
    if (name === undefined || !(await local.isPodman(left))) return;
    const { id } = outcome.result();
    const image = await local.inspect(name, left);
    if (image?.Id === id) return;
    const message = `the engine imported ${id}, and did not call it ${name}`;
    const asked = { method: 'POST', target: '/images/create' };
    throw new ApiError(message, { ...asked, status: 200, daemonMessage: message, inStream: true });
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

/** Whether a local image is of the platform that is wanted; a word alone is an operating system or an architecture. */
function matches({ Os, Architecture, Variant }: ImageInspect, platform: Platform | undefined): boolean {
  if (platform === undefined) return true;
  if (typeof platform === 'string' && !platform.includes('/')) return platform === Os || platform === Architecture;
  const { os, architecture, variant } = parsePlatform(platform);
  return os === Os && architecture === Architecture && (variant === undefined || variant === Variant);
}
