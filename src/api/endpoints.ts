// The Engine API for images, one row an operation. To add a parameter, add an entry here; its type, its gate and its
// place on the wire follow. Versions are those of the API's own documents, held to engines live.

import { filters, flag, list, platformAsJson, platformAsText, platformsAsJson, several, text, time, integer } from './parameters.ts';
import type { Endpoint, PartlyGate } from './parameters.ts';

/** Keeps a row's exact type, which is what the types of the options are made of. */
function row<const Row extends Endpoint>(endpoint: Row): Row {
  return endpoint;
}

const TAR = 'application/x-tar';

/**
 * Podman 4.3 removes what has any of several labels, or lacks that of `label!`: too much. Podman 5.4 and Docker want all to
 * hold; 5.2 does by the report in podman#17428. Of two `label!`, Docker itself wants one to hold (moby#40286).
 */
const severalLabels: PartlyGate = {
  part: 'a label and another filter by label',
  podman: '5.2',
  when: (values) => values.some((json) => {
    const { label = [], 'label!': without = [] }: Record<string, readonly string[]> = JSON.parse(json);
    return label.length > 0 && label.length + without.length > 1;
  }),
};

/** A configuration of OCI has no place for it: Podman 4.3, 5.4 and 6.1 make an image without it. */
const onBuild: PartlyGate = {
  part: 'ONBUILD',
  podman: false,
  when: (values) => values.some((change) => /^\s*onbuild\b/i.test(change)),
};

/** Every operation, by the name of its method. */
export const endpoints = {
  ping: row({ method: 'GET', path: '/_ping', versioned: false, reply: 'none', fast: true, parameters: {} }),

  version: row({ method: 'GET', path: '/version', reply: 'json', fast: true, parameters: {} }),

  info: row({ method: 'GET', path: '/info', reply: 'json', fast: true, parameters: {} }),

  checkAuth: row({
    method: 'POST',
    path: '/auth',
    success: [200, 204],
    contentType: 'application/json',
    reply: 'json',
    parameters: {},
  }),

  events: row({
    method: 'GET',
    path: '/events',
    reply: 'progress',
    parameters: {
      /** From then on, events of the past first. Default: from now on. */
      since: time('since'),
      /** Ends the stream at that time, which may be past. Default: it is endless. */
      until: time('until'),
      /** `event`, `image`, `label`, `scope`; `type` is `image` already. */
      filters: filters('filters'),
    },
  }),

  diskUsage: row({
    method: 'GET',
    path: '/system/df',
    since: '1.25',
    reply: 'json',
    parameters: {
      /** `image`: the engine gathers nothing else. API 1.42, Docker: Podman 6.1, which speaks 1.44, ignores it. */
      type: text('type', { since: '1.42', podman: false }),
      verbose: flag('verbose', { since: '1.52' }),
    },
  }),

  images: row({
    method: 'GET',
    path: '/images/json',
    reply: 'json',
    parameters: {
      /** Also the images that no name and no container leads to: intermediate layers. Default false. */
      all: flag('all'),
      /** `dangling`, `label`, `before`, `since`, `reference`; `until` on Docker 25 and later. */
      filters: filters('filters'),
      /** Computes `SharedSize`. Default false. API 1.42, Docker: Podman from 5.8 on answers 0 for every image. */
      sharedSize: flag('shared-size', { since: '1.42', podman: false }),
      /** Tells of each image's manifests. Default false. API 1.47, containerd store. */
      manifests: flag('manifests', { since: '1.47', store: 'containerd' }),
      /** Tells who signed each image; needs `manifests`. Default false. API 1.54, containerd store. */
      identity: flag('identity', { since: '1.54', store: 'containerd' }),
    },
  }),

  inspectImage: row({
    method: 'GET',
    path: '/images/{image}/json',
    reply: 'json',
    fast: true,
    parameters: {
      /** Tells of the image's manifests. Default false. API 1.48, containerd store. */
      manifests: flag('manifests', { since: '1.48', store: 'containerd' }),
      /** That platform's variant of a multi-platform image. API 1.49. */
      platform: platformAsJson('platform', { since: '1.49' }),
    },
  }),

  history: row({
    method: 'GET',
    path: '/images/{image}/history',
    reply: 'json',
    fast: true,
    parameters: {
      /** That platform's variant of a multi-platform image. API 1.48. */
      platform: platformAsJson('platform', { since: '1.48' }),
    },
  }),

  tag: row({
    method: 'POST',
    path: '/images/{image}/tag',
    success: [201], // Docker 28 and 29 answer 200 where they have tagged nothing
    reply: 'none',
    fast: true,
    parameters: { repo: text('repo'), tag: text('tag') },
  }),

  removeImage: row({
    method: 'DELETE',
    path: '/images/{image}',
    reply: 'json',
    parameters: {
      /** Also when containers use it or several names lead to it. Default false. */
      force: flag('force'),
      /** Keeps the untagged parents. Default false. Podman 4.6: older ones would remove them all the same. */
      noprune: flag('noprune', { podman: '4.6' }),
      /** Only those platforms' variants; needs `force`. API 1.50: older engines would delete the whole image. */
      platforms: platformsAsJson('platforms', { since: '1.50' }),
    },
  }),

  pruneImages: row({
    method: 'POST',
    path: '/images/prune',
    since: '1.25',
    reply: 'json',
    parameters: {
      /**
       * `dangling` (false: all unused images, not only untagged ones), `until`, `label`, `label!`. More than one label,
       * of either kind: on Podman only from 5.2 on.
       */
      filters: filters('filters', { partly: severalLabels }),
    },
  }),

  search: row({
    method: 'GET',
    path: '/images/search',
    credentials: 'if-known',
    reply: 'json',
    parameters: {
      term: text('term'),
      /** 1 to 100. Default 25. */
      limit: integer('limit'),
      /** `stars`, `is-official`; `is-automated` before API 1.45. */
      filters: filters('filters'),
    },
  }),

  inspectDistribution: row({
    method: 'GET',
    path: '/distribution/{image}/json',
    since: '1.30',
    podman: false,
    credentials: 'if-known',
    reply: 'json',
    parameters: {},
  }),

  imageAttestations: row({
    method: 'GET',
    path: '/images/{image}/attestations',
    since: '1.55',
    podman: false,
    store: 'containerd', // any other answers 501
    reply: 'json',
    parameters: {
      /** That platform's variant of a multi-platform image. */
      platform: platformAsJson('platform'),
      /** Only attestations of these in-toto predicate types, which are URIs. */
      type: list('type'),
      /** Gives each attestation's statement, too. Default false. */
      statement: flag('statement'),
    },
  }),

  pull: row({
    method: 'POST',
    path: '/images/create',
    credentials: 'if-known',
    reply: 'progress',
    parameters: {
      fromImage: text('fromImage'),
      tag: text('tag'),
      /** That platform's variant instead of the engine's own; an `ApiError` where another came. API 1.32. */
      platform: platformAsText('platform', { since: '1.32' }),
    },
  }),

  importImage: row({
    method: 'POST',
    path: '/images/create',
    contentType: TAR,
    reply: 'progress',
    parameters: {
      fromSrc: text('fromSrc'),
      repo: text('repo'),
      /** What `history` tells of it. */
      message: text('message'),
      /** Dockerfile instructions to apply: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME, WORKDIR; on Docker ONBUILD. */
      changes: list('changes', { partly: onBuild }),
      /** What the image says it is for. API 1.32, Docker 23: 20.10 makes it for its own architecture all the same. */
      platform: platformAsText('platform', { since: '1.32', docker: '23.0' }),
    },
  }),

  push: row({
    method: 'POST',
    path: '/images/{image}/push',
    credentials: 'always',
    reply: 'progress',
    parameters: {
      tag: text('tag'),
      /** Only that platform's variant. API 1.46. */
      platform: platformAsJson('platform', { since: '1.46' }),
    },
  }),

  getImage: row({
    method: 'GET',
    path: '/images/get',
    reply: 'archive',
    parameters: {
      names: list('names'),
      /**
       * Only that platform's variant, or those platforms'. API 1.48; more than one, 1.52: then an image without one of them
       * is a `NotFoundError` with reason `platform` at the end of the archive, unless `verify` is false.
       */
      platform: platformsAsJson('platform', { since: '1.48', partly: several('several platforms', { since: '1.52' }) }),
    },
  }),

  loadImage: row({
    method: 'POST',
    path: '/images/load',
    contentType: TAR,
    reply: 'progress',
    parameters: {
      /** No progress, only what was loaded. An engine that is not told takes this for true. Default false. */
      quiet: flag('quiet'),
      /**
       * Only that platform's variant, or those platforms'. API 1.48; more than one, 1.52: an image that then lacks one of them
       * is a `NotFoundError` with reason `platform`.
       */
      platform: platformsAsJson('platform', { since: '1.48', partly: several('several platforms', { since: '1.52' }) }),
    },
  }),
} as const;

/** The name of an operation. */
export type OperationName = keyof typeof endpoints;
