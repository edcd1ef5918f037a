// Detects that an inspected image is not the one that was asked for. The engine then sends status 200:
//
//   - Docker 29 for a variant of a multi-platform image that it lacks, with empty strings in place of the platform;
//   - Podman (4.3, 5.4 and 6.1) for a manifest list, which its Docker-compatible API does not show: the image in it for the
//     engine's own platform, with the ID and the names of that image.

import { escapeText } from '../bytes.ts';
import { ConflictError, NotFoundError } from '../errors.ts';
import type { Arguments } from './endpoints.ts';
import type { ImageInspect } from './types/image.ts';
import { withDefaultTag } from './image-names.ts';
import { isIndex } from './media-types.ts';
import { platformName } from './platform.ts';
import { familiarReference, formatReference, isDigest, parseReference } from './reference.ts';

/** Whether an inspected image has the name or ID by which it was inspected. The image that Podman returns for a manifest list does not. */
export function hasName({ Id, RepoTags, RepoDigests }: Pick<ImageInspect, 'Id' | 'RepoTags' | 'RepoDigests'>, name: string): boolean {
  const id = name.startsWith('sha256:') ? name : `sha256:${name}`;
  if (isDigest(id) || Id.startsWith(id)) return true;
  const reference = withDefaultTag(parseReference(name));
  if (reference.digest !== undefined) return RepoDigests.some((each) => each.endsWith(`@${reference.digest}`));
  // Podman tries several hosts for a name without one.
  const [full, short] = [formatReference(reference), familiarReference(reference)];
  return RepoTags.some((each) => each === full || each.slice(each.indexOf('/') + 1) === short);
}

/**
 * Throws a `ConflictError` if `name` is the name of a manifest list. If it were removed, Podman would remove the image of the
 * list with all its names instead, unless the list has only this name. The API does not show which of the two would happen.
 */
export function refuseListName(shown: ImageInspect, name: string): void {
  if (hasName(shown, name)) return;
  const { Id, RepoTags } = shown;
  const message =
    `cannot remove ${name}: it is a manifest list, and Podman could remove the image ${RepoTags[0] ?? Id} instead. ` +
    `"podman untag ${name}" removes the name, "podman manifest rm ${name}" the list`;
  throw new ConflictError(escapeText(message), { method: 'GET', target: `/images/${name}/json`, status: 200, daemonMessage: '' });
}

/**
 * Throws a `NotFoundError` of reason `platform` if the variant is missing. With `manifests`, the response lists the variants, so nothing
 * is thrown. An artifact, such as a Helm chart, has empty strings, too; nothing is thrown unless a platform was requested.
 */
export function refuseAbsentVariant(found: ImageInspect, image: string, { platform, manifests }: Arguments<'inspectImage'>): void {
  if (found.Os !== '' || found.Architecture !== '' || manifests === true) return;
  if (platform === undefined && !isIndex(found.Descriptor)) return;
  const message =
    platform === undefined
      ? `the engine has ${image} for other platforms only: set the option platform to one of them (the option manifests lists them)`
      : `the engine does not have ${image} for ${platformName(platform)}: pull it with that platform`;
  const target = `/images/${image}/json`;
  throw new NotFoundError(escapeText(message), { method: 'GET', target, status: 200, daemonMessage: '', reason: 'platform' });
}
