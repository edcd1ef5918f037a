// What Docker 29 does not say by a status: that it knows a multi-platform image, and does not have the variant of it that was
// asked for. Its answer is 200, and all that a variant has is empty.

import { escapeText } from '../bytes.ts';
import type { ImageInspect } from './types/image.ts';
import { isIndex } from './media-types.ts';
import { platformName } from './platform.ts';
import type { Platform } from './platform.ts';
import { NotFoundError } from '../errors.ts';

/**
 * Throws where an inspected image is such a one. With `manifests`, the answer itself tells which variants there are. An
 * artifact, such as a Helm chart, has empty texts, too: it is no index, and is left as it is unless a platform was asked for.
 */
export function refuseAbsentVariant(
  found: ImageInspect,
  image: string,
  { platform, manifests }: { readonly platform?: Platform | undefined; readonly manifests?: boolean | undefined },
): void {
  if (found.Os !== '' || found.Architecture !== '' || manifests === true) return;
  if (platform === undefined && !isIndex(found.Descriptor)) return;
  const message =
    platform === undefined
      ? `the engine has ${image} for other platforms than its own: name one of them in "platform" ("manifests" tells which there are)`
      : `the engine does not have ${image} for ${platformName(platform)}: pull it with that platform`;
  const target = `/images/${image}/json`;
  throw new NotFoundError(escapeText(message), { method: 'GET', target, status: 200, daemonMessage: '', reason: 'platform' });
}
