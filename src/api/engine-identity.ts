// Determines whether an engine is Docker or Podman, and its image store: from the response to `/_ping`, from the Server field of
// any response, and from `/info`.

import { isJsonObject } from './json.ts';
import { COMMON_VERSION } from './encode-call.ts';
import type { EngineFacts, ImageStore } from './encode-call.ts';
import type { PingResult } from './types/engine.ts';

/** Reads the header fields of a response to `/_ping`. */
export function identityOfPing(apiVersion: string, fields: { get(name: string): string | undefined }): PingResult {
  const server = fields.get('server');
  const podmanVersion = fields.get('libpod-api-version') ?? identityOfServer(server)?.podmanVersion;
  return {
    apiVersion,
    osType: fields.get('ostype'),
    experimental: fields.get('docker-experimental') === 'true',
    builderVersion: fields.get('builder-version') || undefined,
    server,
    isPodman: podmanVersion !== undefined,
    podmanVersion,
  };
}

/**
 * Reads the Server field of any response: `Docker/20.10.24 (linux)` or `Libpod/4.3.1 (linux)`. Returns undefined for the field of a
 * proxy. The field does not contain Podman's API version, so that of the oldest supported Podman is assumed.
 */
export function identityOfServer(server: string | undefined): EngineFacts['identity'] {
  const [, name, release] = /^(docker|libpod)\/(\S{1,64})/i.exec(server ?? '') ?? [];
  if (name === undefined) return undefined;
  const isPodman = name.toLowerCase() === 'libpod';
  return { apiVersion: COMMON_VERSION, isPodman, podmanVersion: isPodman ? release : undefined, server };
}

/** Reads the image store from `/info`, by the name of its driver: https://docs.docker.com/engine/storage/containerd/ */
export function imageStoreOf(info: unknown): ImageStore {
  const status = isJsonObject(info) ? info['DriverStatus'] : undefined;
  const isContainerd = (pair: unknown): boolean => Array.isArray(pair) && pair[1] === 'io.containerd.snapshotter.v1';
  return Array.isArray(status) && status.some(isContainerd) ? 'containerd' : 'graphdriver';
}
