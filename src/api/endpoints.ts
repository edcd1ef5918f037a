// The Engine API for images: one row for each operation. To add a parameter, add an entry to its row; the type of the option, its
// check, its place in the request and its `VersionError` follow from it (README.md of this folder has the steps). API versions are
// those of the API's documents; tests compare them with the documents and with engines.

import { filters, flag, integer, list, platformAsJson, platformAsText, platformsAsJson, text, time } from './parameters.ts';
import type { ArgumentsOf, ConditionalRequirement, Endpoint } from './parameters.ts';

const TAR = 'application/x-tar';

/**
 * Several label filters in a prune. Docker, and Podman from 5.2 on (podman#17428), remove the images that match all of them.
 * Podman 4.3 removes the images that match any of them, which are too many. If there are several `label!`, Docker requires
 * only one of them to match (moby#40286).
 */
const severalLabels: ConditionalRequirement = {
  part: 'a label and another filter by label',
  podman: '5.2',
  when: (values) => values.some((json) => {
    const { label = [], 'label!': without = [] }: Record<string, readonly string[]> = JSON.parse(json);
    return label.length > 0 && label.length + without.length > 1;
  }),
};

const severalPlatforms: ConditionalRequirement = { part: 'several platforms', since: '1.52', when: (values) => values.length > 1 };

/** ONBUILD instructions. The OCI image config has no field for them, so Podman (4.3, 5.4, 6.1) ignores them. */
const onBuild: ConditionalRequirement = {
  part: 'ONBUILD',
  podman: false,
  when: (values) => values.some((change) => /^\s*onbuild\b/i.test(change)),
};

/** Every operation, under the name of its method of `ImageClient`. */
export const endpoints = {
  ping: { method: 'GET', path: '/_ping', versioned: false, response: 'none', fast: true, parameters: {} },

  version: { method: 'GET', path: '/version', response: 'json', fast: true, parameters: {} },

  info: { method: 'GET', path: '/info', response: 'json', fast: true, parameters: {} },

  checkAuth: {
    method: 'POST',
    path: '/auth',
    success: [200, 204],
    contentType: 'application/json',
    response: 'json',
    parameters: {},
  },

  events: {
    method: 'GET',
    path: '/events',
    response: 'progress',
    parameters: {
      /** Yields only events from this time on: a `Date`, or seconds since 1970. Default: now. */
      since: time('since'),
      /** Ends the stream of events at this time, which may be in the past. Default: it does not end. */
      until: time('until'),
      /** Filters by `event`, `image`, `label` or `scope`. `type` is always `image`. Default: all events of images. */
      filters: filters('filters'),
    },
  },

  diskUsage: {
    method: 'GET',
    path: '/system/df',
    since: '1.25',
    response: 'json',
    parameters: {
      /** `image` computes only the usage of images. API 1.42, Docker: Podman 6.1, with API 1.44, ignores it. */
      type: text('type', { since: '1.42', podman: false }),
      /** Adds each image to the result. Default false. API 1.52: older engines always list the images. */
      verbose: flag('verbose', { since: '1.52' }),
    },
  },

  images: {
    method: 'GET',
    path: '/images/json',
    response: 'json',
    parameters: {
      /** Includes intermediate images, which have no name and no container. Default false. */
      all: flag('all'),
      /** Filters by `dangling`, `label`, `before`, `since` or `reference`; by `until` on Docker 25 and later. Default: all images. */
      filters: filters('filters'),
      /** Computes `SharedSize`. Default false. API 1.42, Docker: Podman 5.8 and later report 0 for every image. */
      sharedSize: flag('shared-size', { since: '1.42', podman: false }),
      /** Adds the manifests of each image. Default false. API 1.47, containerd store. */
      manifests: flag('manifests', { since: '1.47', store: 'containerd' }),
      /** Adds who built, pulled and signed each image; needs `manifests`. Default false. API 1.54, containerd store. */
      identity: flag('identity', { since: '1.54', store: 'containerd' }),
    },
  },

  inspectImage: {
    method: 'GET',
    path: '/images/{image}/json',
    response: 'json',
    fast: true,
    parameters: {
      /** Adds the manifests of the image; not with `platform`. Default false. API 1.48, containerd store. */
      manifests: flag('manifests', { since: '1.48', store: 'containerd' }),
      /** The platform whose variant is inspected. Default: the engine's own platform. API 1.49. */
      platform: platformAsJson('platform', { since: '1.49' }),
    },
  },

  history: {
    method: 'GET',
    path: '/images/{image}/history',
    response: 'json',
    fast: true,
    parameters: {
      /** The platform whose variant is shown. Default: the engine's own platform. API 1.48. */
      platform: platformAsJson('platform', { since: '1.48' }),
    },
  },

  tag: {
    method: 'POST',
    path: '/images/{image}/tag',
    success: [201], // Docker 28 and 29 respond with 200 if they did not tag anything
    response: 'none',
    fast: true,
    parameters: { repo: text('repo'), tag: text('tag') },
  },

  removeImage: {
    method: 'DELETE',
    path: '/images/{image}',
    response: 'json',
    parameters: {
      /** Removes the image even if containers use it or it has other names. Default false. */
      force: flag('force'),
      /** Keeps the untagged parents of the image. Default false. Podman 4.6: older versions remove them anyway. */
      noprune: flag('noprune', { podman: '4.6' }),
      /** Removes only the variants for these platforms; needs `force`. Default: all. API 1.50: older engines remove the whole image. */
      platforms: platformsAsJson('platforms', { since: '1.50' }),
    },
  },

  pruneImages: {
    method: 'POST',
    path: '/images/prune',
    since: '1.25',
    response: 'json',
    parameters: {
      /**
       * Filters by `dangling` (false: all unused images, on Podman only those with a tag; true: untagged ones), `until`, `label` or
       * `label!`. Default: untagged images. More than one label filter, of either kind, needs Podman 5.2 or Docker.
       */
      filters: filters('filters', { conditional: severalLabels }),
    },
  },

  search: {
    method: 'GET',
    path: '/images/search',
    credentials: 'if-known',
    response: 'json',
    parameters: {
      term: text('term'),
      /** The number of results, 1 to 100. Default 25. */
      limit: integer('limit'),
      /** Filters by `stars` or `is-official`; by `is-automated` before API 1.45. Default: all results. */
      filters: filters('filters'),
    },
  },

  inspectDistribution: {
    method: 'GET',
    path: '/distribution/{image}/json',
    since: '1.30',
    podman: false,
    credentials: 'if-known',
    response: 'json',
    parameters: {},
  },

  imageAttestations: {
    method: 'GET',
    path: '/images/{image}/attestations',
    since: '1.55',
    podman: false,
    store: 'containerd', // engines with another store respond with 501
    response: 'json',
    parameters: {
      /** The platform whose variant's attestations are returned. Default: the engine's own platform. */
      platform: platformAsJson('platform'),
      /** Returns only attestations of these in-toto predicate types, which are URIs. Default: all. */
      type: list('type'),
      /** Adds the statement of each attestation. Default false. */
      statement: flag('statement'),
    },
  },

  pull: {
    method: 'POST',
    path: '/images/create',
    credentials: 'if-known',
    response: 'progress',
    parameters: {
      fromImage: text('fromImage'),
      tag: text('tag'),
      /** The platform to pull. Default: the client's `defaultPlatform`, or the engine's own. API 1.32. */
      platform: platformAsText('platform', { since: '1.32' }),
    },
  },

  importImage: {
    method: 'POST',
    path: '/images/create',
    contentType: TAR,
    response: 'progress',
    parameters: {
      fromSrc: text('fromSrc'),
      repo: text('repo'),
      /** The comment that `history` shows. Default: none. */
      message: text('message'),
      /** Dockerfile instructions: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME, WORKDIR; on Docker ONBUILD. Default: none. */
      changes: list('changes', { conditional: onBuild }),
      /** The platform of the new image. Default: the engine's own. API 1.32, Docker 23: Docker 20.10 ignores it. */
      platform: platformAsText('platform', { since: '1.32', docker: '23.0' }),
    },
  },

  push: {
    method: 'POST',
    path: '/images/{image}/push',
    credentials: 'always',
    response: 'progress',
    parameters: {
      tag: text('tag'),
      /** Pushes only the variant for this platform. Default: all that the engine has. API 1.46. */
      platform: platformAsJson('platform', { since: '1.46' }),
    },
  },

  getImage: {
    method: 'GET',
    path: '/images/get',
    response: 'archive',
    parameters: {
      names: list('names'),
      /**
       * Saves only the variants for this platform or these platforms. Default: all. API 1.48; several platforms 1.52. If an image lacks
       * one of several platforms, the archive ends with a `NotFoundError` of reason `platform`, unless `verify` is false.
       */
      platform: platformsAsJson('platform', { since: '1.48', conditional: severalPlatforms }),
    },
  },

  loadImage: {
    method: 'POST',
    path: '/images/load',
    contentType: TAR,
    response: 'progress',
    parameters: {
      /** Makes the engine report only the loaded images, without progress. Default false. */
      quiet: flag('quiet'),
      /**
       * Loads only the variants for this platform or these platforms. Default: all. API 1.48; several platforms 1.52. An image that
       * lacks one of several platforms causes a `NotFoundError` of reason `platform`.
       */
      platform: platformsAsJson('platform', { since: '1.48', conditional: severalPlatforms }),
    },
  },
} as const satisfies Readonly<Record<string, Endpoint>>;

/** The name of an operation. */
export type OperationName = keyof typeof endpoints;

/** The arguments of an operation that become query parameters, by their names. */
export type Arguments<Name extends OperationName> = ArgumentsOf<(typeof endpoints)[Name]>;
