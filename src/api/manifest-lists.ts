// Podman's manifest lists, which its Docker-compatible API does not show: asked for one, Podman (4.3, 5.4 and 6.1) shows the
// image in it that is for the engine's own platform, under that image's id and names.

import { escapeText } from '../bytes.ts';
import { ConflictError } from '../errors.ts';
import type { ImageInspect } from './types/image.ts';
import { withDefaultTag } from './image-names.ts';
import { familiarReference, formatReference, isDigest, parseReference } from './reference.ts';

/** Whether the image that an inspect of a name showed has that name, or id; a manifest list's image does not. */
export function hasName({ Id, RepoTags, RepoDigests }: Pick<ImageInspect, 'Id' | 'RepoTags' | 'RepoDigests'>, name: string): boolean {
  const id = name.startsWith('sha256:') ? name : `sha256:${name}`;
  if (isDigest(id) || Id.startsWith(id)) return true;
  const reference = withDefaultTag(parseReference(name));
  if (reference.digest !== undefined) return RepoDigests.some((each) => each.endsWith(`@${reference.digest}`));
  // For a name without a host, Podman tries several.
  const [full, short] = [formatReference(reference), familiarReference(reference)];
  return RepoTags.some((each) => each === full || each.slice(each.indexOf('/') + 1) === short);
}

/**
 * Throws where an inspect of a name showed another image: Podman would remove that one, with all of its names, and keep the
 * name, unless it is the only name of the list. Which of the two it is, this API does not tell.
 */
export function refuseListName(shown: ImageInspect, name: string): void {
  if (hasName(shown, name)) return;
  const { Id, RepoTags } = shown;
  const message =
    `${name} is not removed: it is a manifest list, and Podman may remove the image ${RepoTags[0] ?? Id} in its place. ` +
    `"podman untag ${name}" removes the name, "podman manifest rm ${name}" the list`;
  throw new ConflictError(escapeText(message), { method: 'GET', target: `/images/${name}/json`, status: 200, daemonMessage: '' });
}
