// Cases of the tapes that were written by hand, for API versions that no recordable engine has: 1.52 to 1.56. The expected
// results come from the document that the tape's header names.

import type { ImageClient } from '../../src/index.ts';
import { packTar } from '../../src/index.ts';
import { collect } from './tape-cases.mjs';

/** One case. */
export interface DocumentCase {
  readonly run: (docker: ImageClient) => PromiseLike<unknown>;
  /** The expected result, or the members of the expected error. */
  readonly value?: unknown;
  readonly error?: object;
}

const MANIFEST = 'sha256:95869fbcf224d947ace8d61d0e931d49e31bb7fc67fffbbe9c3198c33aa8e93f';
const PROVENANCE = 'https://slsa.dev/provenance/v0.2';
const NAME = 'example:1.0';

const layout = { 'oci-layout': '{"imageLayoutVersion":"1.0.0"}', 'index.json': '{"schemaVersion":2,"manifests":[]}' };
const archive = (): Promise<Buffer> => collect(packTar(layout));
const platforms = ['linux/amd64', 'linux/arm/v5'];

const attestation = {
  Descriptor: { mediaType: 'application/vnd.in-toto+json', digest: MANIFEST, size: 1234 },
  PredicateType: PROVENANCE,
};
const usage = { totalSize: 98765432, reclaimable: 12345678, totalCount: 4, activeCount: 1 };

/** By the names of the tapes. */
export const documentCases: Readonly<Record<string, DocumentCase>> = {
  'negotiate-newer': { run: (docker) => docker.apiVersion(), value: '1.56' },
  'images-identity': {
    run: async (docker) => {
      const [image] = await docker.images({ manifests: true, identity: true });
      const [manifest] = image?.Manifests ?? [];
      return { RepoTags: image?.RepoTags, manifest };
    },
    value: {
      RepoTags: [NAME],
      manifest: {
        ID: MANIFEST,
        Descriptor: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: MANIFEST, size: 424 },
        Available: true,
        Size: { Content: 3987495, Total: 8213251 },
        Kind: 'image',
        ImageData: {
          Platform: { architecture: 'arm64', os: 'linux', variant: 'v8' },
          Identity: {
            Signature: [
              {
                Name: 'GitHub Actions',
                Timestamps: [{ Type: 'Tlog', URI: 'https://rekor.sigstore.dev', Timestamp: '2026-01-02T03:04:05Z' }],
                Signer: {
                  CertificateIssuer: 'CN=sigstore-intermediate,O=sigstore.dev',
                  Issuer: 'https://token.actions.githubusercontent.com',
                },
                SignatureType: 'bundle-v0.3',
              },
            ],
            Pull: [{ Repository: 'docker.io/library/example' }],
          },
          Containers: [],
          Size: { Unpacked: 3987495 },
        },
      },
    },
  },
  'inspect-identity': {
    run: async (docker) => {
      const image: object = await docker.inspectImage(NAME);
      const { Identity, RepoTags, Variant, ...others } = image as Record<string, unknown>;
      // From 1.52 on, the engine omits empty lists.
      const absent = ['Parent', 'Comment', 'DockerVersion', 'Author', 'GraphDriver'].filter((key) => !(key in others));
      return { Identity, RepoTags, Variant, absent };
    },
    value: {
      Identity: {
        Pull: [{ Repository: 'docker.io/library/example' }],
        Build: [{ Ref: 'kx3p6mw8vqf0h1ydz2r4n5t6a', CreatedAt: '2022-02-04T21:20:12.497794809Z' }],
      },
      RepoTags: [NAME, 'example:latest'],
      Variant: 'v7',
      absent: ['Parent', 'Comment', 'DockerVersion', 'Author', 'GraphDriver'],
    },
  },
  attestations: {
    run: (docker) => {
      const type = [PROVENANCE, 'https://spdx.dev/Document'];
      return docker.imageAttestations(NAME, { platform: 'linux/amd64', type, statement: true });
    },
    value: [
      {
        ...attestation,
        Statement: {
          _type: 'https://in-toto.io/Statement/v0.1',
          predicateType: PROVENANCE,
          subject: [],
          predicate: {},
        },
      },
    ],
  },
  'attestations-brief': { run: (docker) => docker.imageAttestations(NAME), value: [attestation] },
  'attestations-none': { run: (docker) => docker.imageAttestations(NAME), value: [] },
  'attestations-missing': {
    run: (docker) => docker.imageAttestations(NAME, { platform: 'linux/s390x' }),
    error: { name: 'NotFoundError', status: 404 },
  },
  'attestations-unsupported': {
    run: (docker) => docker.imageAttestations(NAME),
    error: { name: 'ServerError', status: 501 },
  },
  'save-platforms': {
    run: async (docker) => {
      const saved = await collect(docker.getImage(NAME, { platform: platforms }));
      return saved.equals(await archive());
    },
    value: true,
  },
  'load-platforms': {
    run: async (docker) => docker.loadImage(await archive(), { platform: platforms }),
    value: { references: [NAME], ids: [] },
  },
  'disk-usage-alone': { run: (docker) => docker.diskUsage(), value: usage },
};
