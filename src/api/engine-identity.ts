// What an engine is, by what it says of itself: in its answer to a ping, in the Server field of every answer, in /info.

import { isJsonObject } from './json.ts';
import { COMMON_VERSION } from './encode-call.ts';
import type { EngineFacts, ImageStore } from './encode-call.ts';
import type { PingResult } from './types/engine.ts';

/** The fields of an answer, read by their name. */
interface AnswerFields {
  get(name: string): string | undefined;
}

/** What an answer to /_ping says in its fields. */
export function identityOfPing(apiVersion: string, fields: AnswerFields): PingResult {
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
 * What the Server field of any answer says: `Docker/20.10.24 (linux)`, `Libpod/4.3.1 (linux)`; undefined where a proxy wrote
 * something else. Which API a Podman speaks, it does not say: then it is taken for the oldest.
 */
export function identityOfServer(server: string | undefined): EngineFacts['identity'] {
  const [, name, release] = /^(docker|libpod)\/(\S{1,64})/i.exec(server ?? '') ?? [];
  if (name === undefined) return undefined;
  const isPodman = name.toLowerCase() === 'libpod';
  return { apiVersion: COMMON_VERSION, isPodman, podmanVersion: isPodman ? release : undefined, server };
}

/** The containerd store is told by its driver: https://docs.docker.com/engine/storage/containerd/ */
export function imageStoreOf(info: unknown): ImageStore {
  const status = isJsonObject(info) ? info['DriverStatus'] : undefined;
  const isContainerd = (pair: unknown): boolean => Array.isArray(pair) && pair[1] === 'io.containerd.snapshotter.v1';
  return Array.isArray(status) && status.some(isContainerd) ? 'containerd' : 'graphdriver';
}
