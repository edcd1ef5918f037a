// Detects Podman's manifest lists. Podman's Docker-compatible API does not show them: inspecting one (Podman 4.3, 5.4 and 6.1) returns
// the image in it for the engine's own platform, with the ID and the names of that image.

import { escapeText } from '../bytes.ts';
import { ConflictError } from '../errors.ts';
import type { ImageInspect } from './types/image.ts';
import { withDefaultTag } from './image-names.ts';
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
