// Detects that an engine lacks the inspected variant of a multi-platform image. Docker 29 then sends status 200, with empty
// strings in place of the variant's platform.

import { escapeText } from '../bytes.ts';
import type { ImageInspect } from './types/image.ts';
import { isIndex } from './media-types.ts';
import { platformName } from './platform.ts';
import type { Platform } from './platform.ts';
import { NotFoundError } from '../errors.ts';

/**
 * Throws a `NotFoundError` of reason `platform` if the variant is missing. With `manifests`, the response lists the variants, so nothing
 * is thrown. An artifact, such as a Helm chart, has empty strings, too; nothing is thrown unless a platform was requested.
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
      ? `the engine has ${image} for other platforms only: set the option platform to one of them (the option manifests lists them)`
      : `the engine does not have ${image} for ${platformName(platform)}: pull it with that platform`;
  const target = `/images/${image}/json`;
  throw new NotFoundError(escapeText(message), { method: 'GET', target, status: 200, daemonMessage: '', reason: 'platform' });
}
