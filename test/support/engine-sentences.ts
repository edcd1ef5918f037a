// Messages of engines and registries, verbatim except for names and digests, with their source: a
// public thread as owner/repository#number, or a tape below fixtures/tapes. Each with what it means.

import type { ApiErrorReason } from '../../src/errors.ts';

/** A sentence; `kind` is the operation that failed with it, `passes` whether a retry may succeed. */
export interface Sentence {
  readonly words: string;
  readonly kind: 'pull' | 'push' | 'load' | 'import' | 'url' | 'save' | 'inspect' | 'remove' | 'login' | 'search';
  readonly reason: ApiErrorReason | undefined;
  readonly passes: boolean;
  readonly source: string;
}

const HUB = 'https://registry-1.docker.io/v2';
const hex = '0'.repeat(64);

type Row = readonly [kind: Sentence['kind'], words: string, source: string];

/** By reason; "passes" and "stays" tell whether a retry may succeed. */
const rows: ReadonlyArray<readonly [reason: Sentence['reason'], verdict: 'passes' | 'stays', sentences: readonly Row[]]> = [
  ['quota', 'stays', [
    ['push', 'denied: adding 29.0 MiB of storage resource, which when updated to current usage of 152.4 MiB will exceed the configured upper limit of 10.0 MiB.', 'goharbor/harbor#17390'],
    ['push', 'denied: subtracting 0 B of storage resource, which when updated to current usage of 187.5 MiB will exceed the configured upper limit of 10.0 MiB.', 'goharbor/harbor#17390'],
    ['push', 'Quota exceeded when processing the request of adding 1.3 MiB, which when added to current usage of 235.9 MiB will exceed the configured upper limit of 100.0 MiB.', 'goharbor/harbor#8802'],
    ['push', 'Not enough quota available to process the request, add 1.3MiB of storage resource overflow the hard limit, current usage is 235.9MiB and hard limit is 100.0MiB.', 'goharbor/harbor#8802'],
    ['push', "denied: The repository with name 'vllm-ci-test-repo' in registry with id 'q9t5s3a7' already has the maximum allowed number of images which is '100000'", 'vllm-project/vllm#48065'],
  ]],
  ['immutable', 'stays', [
    ['push', "tag invalid: The image tag 'latest' already exists in the 'app_service_image' repository and cannot be overwritten because the repository is immutable.", 'aws/containers-roadmap#862'],
    ['push', "TAG_INVALID: The image tag '728f' already exists in the 'p' repository and cannot be overwritten because the tag is immutable.", 'osscontainertools/kaniko#204'],
    ['push', 'denied: The tag:library/app:1 is immutable, cannot be overwrite.', 'goharbor/harbor#9427'],
    ['push', 'BLOB_UPLOAD_INVALID Repository does not allow updating assets', 'GoogleContainerTools/jib#2395'],
  ]],
  ['rate-limit', 'passes', [
    ['pull', 'error parsing HTTP 429 response body: invalid character \'T\' looking for beginning of value: "Too Many Requests (HAP429).\\n"', 'theohbrothers/docker-imap-backup#53'],
    ['pull', `failed to copy: httpReadSeeker: failed open: unexpected status code ${HUB}/library/rust/manifests/sha256:${hex}: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit`, 'ScribeMD/docker-cache#829'],
    ['pull', 'toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit', 'docker/hub-feedback#2464'],
    ['pull', 'toomanyrequests: retry-after: 985.86µs, allowed: 44000/minute', 'alexklibisz/terraform-provider-terrifi#50'],
    ['pull', 'toomanyrequests: Rate exceeded', 'zebrunner/mcloud-agent#235'],
    ['pull', `Head "${HUB}/moby/buildkit/manifests/buildx-stable-1": toomanyrequests: too many failed login attempts for username or IP address`, 'docker/setup-buildx-action#510'],
  ]],
  ['no-space', 'stays', [
    ['pull', 'failed to register layer: no space left on device', 'docker/for-win#13751'],
    ['pull', 'failed to register layer: Error processing tar file(exit status 1): write /opt/conda/lib/libnvvm.so.3.3.0: no space left on device', 'mimoralea/gdrl#11'],
    ['pull', 'failed to register layer: ApplyLayer exit status 1 stdout:  stderr: mkdir /root/.npm/har-validator: no space left on device', 'moby/moby#29508'],
    ['load', 'failed to register layer: ApplyLayer exit status 1 stdout:  stderr: write /usr/local/src/opencv/perf_video_RELEASE.gch: no space left on device', 'Kaggle/docker-python#19'],
  ]],
  ['platform', 'stays', [
    ['pull', 'image with reference 127.0.0.1:5000/longshore/tape:1 was found but does not match the specified platform: wanted linux/s390x, actual: linux/amd64', 'docker-26.1/pull-platform-other.tape'],
    ['pull', 'no matching manifest for linux/s390x in the manifest list entries', 'docker-20.10/pull-platform-missing.tape'],
    ['pull', 'no matching manifest for linux/s390x in the manifest list entries: no match for platform in manifest: not found', 'docker-28.5-containerd/pull-platform-missing.tape'],
    ['pull', 'no match for platform in manifest: not found', 'testcontainers/testcontainers-java#9200'],
    ['push', 'image with reference 127.0.0.1:5000/longshore/tape-platform:1 was found but does not provide the specified platform (linux/s390x)', 'docker-28.5-containerd/push-platform-missing.tape'],
    ['inspect', 'image with reference longshore/tape:1 was found but its platform (linux/amd64) does not match the specified platform (linux/arm64/v8)', 'docker-28.5/inspect-platform-other.tape'],
    ['save', 'no suitable export target found for platform linux/s390x', 'docker-28.5/save-platform-missing.tape'],
    ['save', `unable to create manifests file: NotFound: content digest sha256:${hex}: not found`, 'docker-28.5-containerd/save-platform-absent.tape'],
    ['load', "image longshore/tape:1 was loaded, but doesn't provide the requested platform (linux/s390x)", 'docker-28.5-containerd/load-platform-missing.tape'],
    ['load', "image longshore/tape:1 was loaded, but doesn't provide the requested platform ([linux/s390x])", 'docker-29.99-containerd/load-platform-missing.tape'],
    ['load', `requested platform (linux/ppc64le) not found: NotFound: content digest sha256:${hex}: not found`, 'moby/moby#48590'],
    ['load', `requested platform (linux/riscv64) found, but some content is missing: NotFound: content digest sha256:${hex}: not found`, 'moby/moby#48589'],
    ['load', 'requested platform(s) ([linux/s390x]) not found: image might be filtered out', 'moby/moby#48590'],
    ['load', 'no images providing the requested platform(s) found: [linux/s390x]', 'moby/moby#48718'],
    ['pull', 'choosing an image from manifest list docker://127.0.0.1:5000/longshore/multi:1: no image found in image index for architecture s390x, variant "", OS linux', 'podman-4.3/pull-platform-missing.tape'],
    ['import', 'operating system is not supported', 'docker-26.1/import-bad-platform.tape'],
    ['inspect', 'no manifest found for the requested platform', 'documents/attestations-missing.tape'],
    ['remove', `failed to delete platform linux/s390x for image sha256:${hex}: image with reference longshore/tape:1 was found but does not provide any platform`, 'docker-28.5-containerd/remove-platforms-missing.tape'],
  ]],
  ['not-found', 'stays', [
    ['push', 'An image does not exist locally with the tag: 127.0.0.1:1/longshore/tape', 'docker-20.10/push-missing.tape'],
    ['push', 'tag does not exist: 127.0.0.1:1/longshore/tape:1', 'docker-28.5-containerd/push-missing.tape'],
    ['inspect', 'no such image: longshore/tape:missing: No such image: longshore/tape:missing', 'docker-20.10/exists.tape'],
    ['inspect', 'failed to find image longshore/tape:missing: docker.io/longshore/tape:missing: No such image', 'podman-4.3/exists.tape'],
    ['save', 'docker.io/longshore/tape:missing: image not known', 'podman-4.3/save-missing.tape'],
    ['save', 'reference does not exist', 'docker-20.10/save-missing.tape'],
    ['pull', 'manifest for guamulo/dockerimagesave:latest not found: manifest unknown: manifest unknown', 'jadolg/DockerImageSave#9'],
    ['pull', 'manifest unknown', 'alex3025/ilo-fans-controller#16'],
    ['pull', 'failed to resolve reference "127.0.0.1:5000/longshore/nowhere:1": 127.0.0.1:5000/longshore/nowhere:1: not found', 'docker-28.5-containerd/pull-repository-missing.tape'],
    ['pull', 'initializing source docker://127.0.0.1:5000/longshore/tape:missing: reading manifest missing in 127.0.0.1:5000/longshore/tape: manifest unknown: manifest unknown', 'podman-4.3/pull-missing.tape'],
    ['pull', 'Error reading manifest latest in quay.io/prahapiraticz_site: error parsing HTTP 404 response body: invalid character \'<\' looking for beginning of value: "<!DOCTYPE HTML PUBLIC"', 'podman-container-tools/podman#3022'],
    ['url', 'failed to GET http://127.0.0.1:5009/nowhere.tar with status 404 Not Found: not found', 'docker-20.10/import-url-missing.tape'],
  ]],
  ['auth', 'stays', [
    ['push', 'denied: requested access to the resource is denied', 'docker/build-push-action#291'],
    ['push', 'denied', 'moby/moby#29315'],
    ['pull', "pull access denied for registry.gitlab.com/g/p, repository does not exist or may require 'docker login': denied: requested access to the resource is denied", 'docker/docs#22965'],
    ['pull', 'error from registry: denied\ndenied', 'Vanszs/VansRouter#2'],
    ['pull', 'Head "https://ghcr.io/v2/alexjustesen/speedtest-tracker/manifests/latest": denied: denied', 'alexjustesen/speedtest-tracker#566'],
    ['push', 'denied: permission_denied: write_package', 'danger/danger-js#1414'],
    ['push', 'denied: installation not allowed to Create organization package', 'pinchbench/skill#17'],
    ['push', 'writing blob: initiating layer upload to /v2/tuna-os/flounder-sid/blobs/uploads/ in ghcr.io: denied: permission_denied: write_package', 'tuna-os/tunaOS#642'],
    ['push', 'checking whether a blob sha256:b2d5 exists in docker.io/namespace/app: error parsing HTTP 401 response body: unexpected end of JSON input: ""', 'podman-container-tools/podman#10322'],
    ['pull', 'initializing source docker://registry.example/akita/i/pyod:0.2.5: Requesting bear token: invalid status code from registry 403 (Forbidden)', 'TimeEval/TimeEval#56'],
    ['pull', "pull access denied for 254865750963.dkr.ecr.us-west-2.amazonaws.com/e2lib, repository does not exist or may require 'docker login': denied: User: arn:aws:sts::2548:assumed-role/R/A is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:us-west-2:2548:repository/e2lib because no identity-based policy allows the ecr:BatchGetImage action", 'everything2/everything2#2562'],
    ['pull', 'Head "https://328549459982.dkr.ecr.us-west-2.amazonaws.com/v2/x/manifests/v0.2.0": no basic auth credentials', 'bottlerocket-os/bottlerocket-update-operator#157'],
    ['pull', `Head "${HUB}/xanders/make-help/manifests/latest": unauthorized: incorrect username or password`, 'Xanders/make-help#5'],
    ['pull', 'unauthorized: authentication required', 'docker/hub-feedback#1484'],
    ['pull', 'Authentication is required.', 'moby/moby#8376'],
    ['pull', 'unknown: failed to resolve reference "docker.io/library/alpine:latest": unexpected status from HEAD request to https://registry-1.docker.io/v2/library/alpine/manifests/latest: 403 Forbidden', 'rancher-sandbox/rancher-desktop#9759'],
    ['push', 'unexpected status from HEAD request to https://quay.io/v2/ambient_code/vteam_api_server/blobs/sha256:0: 401 UNAUTHORIZED', 'ambient-code/platform#669'],
    ['pull', 'Head "https://europe-west3-docker.pkg.dev/v2/k8s-artifacts-prod/images/csi/manifests/v4.0.0": Forbidden', 'kubernetes/registry.k8s.io#273'],
    ['push', 'error parsing HTTP 403 response body: invalid character \'<\' looking for beginning of value: "<HTML><HEAD>\\n<TITLE>Access Denied</TITLE>', 'docker/hub-feedback#1222'],
    ['push', 'denied: Permission "artifactregistry.repositories.uploadArtifacts" denied on resource "projects/P/locations/us-central1/repositories/cymbal" (or it may not exist)', 'GoogleCloudPlatform/cymbal-superstore#4'],
    ['push', 'denied: Unauthenticated request. Unauthenticated requests do not have permission "artifactregistry.repositories.uploadArtifacts" on resource', 'RafikFarhad/push-to-gcr-github-action#48'],
    ['push', "unauthorized: You don't have the needed permissions to perform this operation, and you may have invalid credentials.", 'GoogleCloudPlatform/cloud-run-button#247'],
    ['push', 'unauthorized: authentication required, visit https://aka.ms/acr/authorization for more information.', 'Azure/acr#506'],
    ['pull', 'unauthorized: The client does not have permission for manifest', 'kubernetes/kubernetes#65958'],
    ['push', 'unauthorized: access to the requested resource is not authorized', 'operator-framework/operator-sdk#1337'],
    ['pull', 'initializing source docker://container-registry.oracle.com/osixia/openldap:1.5.0: reading manifest 1.5.0 in container-registry.oracle.com/osixia/openldap: requested access to the resource is denied', 'podman-container-tools/podman#27913'],
    ['push', 'writing blob: initiating layer upload to /v2/nheidloff/database-operator/blobs/uploads/ in registry-1.docker.io: errors:\ndenied: requested access to the resource is denied\nunauthorized: authentication required\n', 'IBM/operator-sample-go#72'],
    ['pull', 'failed to resolve reference "artifactory.local/node:14.17.5-alpine": failed to fetch oauth token: unexpected status: 401 Unauthorized', 'containerd/containerd#2628'],
    ['push', 'trying to reuse blob sha256:3881 at destination: checking whether a blob sha256:3881 exists in quay.io/sclorg/python-312-c10s: unauthorized: authentication required', 'sclorg/s2i-python-container#714'],
    ['login', 'login attempt to http://127.0.0.1:5001/v2/ failed with status: 401 Unauthorized', 'docker-20.10/auth-wrong.tape'],
    ['pull', 'failed to resolve reference "127.0.0.1:5001/longshore/tape:1": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials', 'docker-28.5-containerd/pull-login-anonymous.tape'],
  ]],
  ['unavailable', 'passes', [
    ['push', 'received unexpected HTTP status: 502 Bad Gateway', 'goharbor/harbor#16653'],
    ['pull', `Head "${HUB}/tonistiigi/binfmt/manifests/latest": received unexpected HTTP status: 503 Service Unavailable`, 'docker/setup-qemu-action#94'],
    ['push', 'received unexpected HTTP status: 500 Internal Server Error', 'goharbor/harbor#198'],
    ['push', 'failed commit on ref "config--sha256:33a9": unexpected status: 500 Internal Server Error', 'goharbor/harbor#19902'],
    ['push', 'writing blob: initiating layer upload to /v2/konflux-ci/pull-request-builds/blobs/uploads/ in quay.io: received unexpected HTTP status: 502 Bad Gateway', 'konflux-ci/build-definitions#2100'],
    ['push', 'unexpected status: 502 Bad Gateway', 'docker/build-push-action#239'],
    ['pull', 'Error pulling image (latest) from interpretomics/align_proc, Server error: Status 524 while fetching image layer (708915)', 'docker-archive/docker-registry#349'],
    ['push', 'received unexpected HTTP status: 522', 'google/go-containerregistry#1707'],
    ['pull', 'Service Unavailable', 'docker/for-mac#3228'],
    ['push', 'unknown blob', 'moby/moby#36823'],
    ['push', 'blob upload unknown', 'distribution/distribution#1930'],
  ]],
  ['network', 'passes', [
    ['pull', `Head "${HUB}/tonistiigi/binfmt/manifests/latest": EOF`, 'docker/setup-qemu-action#110'],
    ['pull', 'dial tcp 152.19.134.142:443: connect: operation timed out', 'podman-container-tools/podman#13495'],
    ['pull', `Head "${HUB}/library/postgres/manifests/10": net/http: TLS handshake timeout`, 'xiaopeng163/docker.tips#4'],
    ['pull', `Head "${HUB}/library/hello-world/manifests/latest": Get "https://auth.docker.io/token?account=githubactions&scope=repository%3Alibrary%2Fhello-world%3Apull&service=registry.docker.io": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`, 'nextstrain/cli#377'],
    ['pull', 'Get https://registry-1.docker.io/v2/: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)', 'docker/for-win#841'],
    ['pull', 'net/http: request canceled (Client.Timeout exceeded while reading body)', 'docker/cli#1892'],
    ['pull', 'Get https://registry-1.docker.io/v2/: dial tcp: lookup registry-1.docker.io on 192.168.65.1:53: read udp 192.168.65.2:45941->192.168.65.1:53: i/o timeout', 'docker/for-mac#2152'],
    ['pull', 'Get https://registry-1.docker.io/v2/: dial tcp: lookup registry-1.docker.io on 10.0.2.3:53: server misbehaving', 'docker-archive-public/docker.kitematic#4406'],
    ['pull', 'Error writing blob: error storing blob to file "/var/tmp/storage241651785/6": read tcp 192.168.155.178:46000->104.18.123.25:443: read: connection reset by peer', 'podman-container-tools/podman#8503'],
    ['pull', 'writing blob: storing blob to file "/var/tmp/storage813872647/1": happened during read: unexpected EOF', 'podman-container-tools/podman#12962'],
    ['push', 'write tcp 10.0.2.15:51090->54.83.42.45:443: write: broken pipe', 'docker/build-push-action#677'],
    ['push', 'use of closed network connection', 'goharbor/harbor#20112'],
    ['pull', 'Get https://registry-1.docker.io/v2/: proxyconnect tcp: dial tcp 129.195.0.195:8080: connect: connection refused', 'docker/for-win#9478'],
    ['pull', 'Get https://registry-1.docker.io/v2/: proxyconnect tcp: dial tcp 192.168.65.83:8080: connect: no route to host', 'docker/for-win#4607'],
    ['pull', 'initializing source docker://127.0.0.1:1/longshore/tape:1: pinging container registry 127.0.0.1:1: Get "https://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused', 'podman-4.3/pull-refused.tape'],
    ['pull', 'connection refused', 'podman-5.4/pull-refused.tape'],
    ['search', 'invalid registry endpoint "http://127.0.0.1:1/v1/". HTTPS attempt: Get "https://127.0.0.1:1/v1/_ping": dial tcp 127.0.0.1:1: connect: connection refused. HTTP attempt: Get "http://127.0.0.1:1/v1/_ping": dial tcp 127.0.0.1:1: connect: connection refused', 'docker-20.10/search-refused.tape'],
    ['url', 'unable to import tarball: downloading http://127.0.0.1:1/x.tar: Get "http://127.0.0.1:1/x.tar": dial tcp 127.0.0.1:1: connect: connection refused', 'podman-4.3/import-url-refused.tape'],
  ]],
  ['network', 'stays', [
    ['pull', 'Error while pulling image: Get https://index.docker.io/v1/repositories/library/hello-world/images: Proxy Authentication Required', 'docker/hub-feedback#826'],
    ['pull', 'Get "https://10.43.240.20:5000/v2/": http: server gave HTTP response to HTTPS client', 'Joxit/docker-registry-ui#256'],
    ['pull', 'Get "https://registry-1.docker.io/v2/": x509: certificate signed by unknown authority.', 'docker/docs#15142'],
    ['pull', 'lookup registry-1.docker.io: getaddrinfow: No such host is known.', 'docker/for-win#437'],
    ['login', 'login attempt to 127.0.0.1:5001 failed with status: authenticating creds for "127.0.0.1:5001": pinging container registry 127.0.0.1:5001: Get "https://127.0.0.1:5001/v2/": http: server gave HTTP response to HTTPS client', 'podman-5.4/auth-wrong.tape'],
  ]],
  [undefined, 'stays', [
    ['load', 'exec: "xz": executable file not found in $PATH', 'docker/for-mac#5271'],
    ['load', 'invalid diffID for layer 5: expected "sha256:9e07", got "sha256:055c"', 'docker-archive-public/docker.kitematic#4598'],
    ['load', "invalid manifest, layers length mismatch: expected '\\x11', got '\\x0e'", 'bazelbuild/rules_docker#474'],
    ['import', 'exec: "xz": executable file not found in $PATH', 'docker/for-win#10364'],
    ['load', 'Error processing tar file(exit status 1): archive/tar: invalid tar header', 'gongbell/ContractFuzzer#5'],
    ['load', 'failed to load image: payload does not match any of the supported image formats:\n * oci: open /var/tmp/api_load.tar597398004/index.json: not a directory\n * docker-archive: loading tar component "manifest.json": unexpected EOF', 'podman-5.4/load-garbage.tape'],
    ['import', 'Error processing tar file(exit status 1): unexpected EOF', 'docker-20.10/import-garbage.tape'],
    ['import', 'unable to import tarball: writing blob: adding layer with blob "sha256:0"/""/"sha256:0": unpacking failed (error: exit status 1; output: unexpected EOF)\nexhausting input failed (error: unexpected EOF)', 'podman-5.4/import-garbage.tape'],
    ['pull', 'failed to register layer: re-exec error: exit status 1: output: remove \\\\?\\C:\\ProgramData\\docker\\aepic.dll: Access is denied.', 'moby/moby#36618'],
    ['remove', 'unable to delete image "7b35" by ID with more than one tag ([a:1 b:1]): please force removal', 'podman-5.4/remove-conflict.tape'],
    ['remove', 'conflict: unable to delete 7b35 (must be forced) - image is referenced in multiple repositories', 'docker-20.10/remove-conflict.tape'],
  ]],
];

export const sentences: readonly Sentence[] = rows.flatMap(([reason, verdict, list]) =>
  list.map(([kind, words, source]) => ({ kind, words, source, reason, passes: verdict === 'passes' })),
);

/** The target of a call of each kind. */
export const targets: Readonly<Record<Sentence['kind'], string>> = {
  pull: '/v1.41/images/create?fromImage=docker.io%2Facme%2Fapp&tag=1',
  push: '/v1.41/images/registry.example/acme/app/push?tag=1',
  load: '/v1.41/images/load?quiet=0',
  import: '/v1.41/images/create?fromSrc=-&repo=docker.io%2Facme%2Fapp%3A1',
  url: '/v1.41/images/create?fromSrc=http%3A%2F%2Fhost.example%2Fx.tar',
  save: '/v1.41/images/get?names=acme%2Fapp%3A1',
  inspect: '/v1.41/images/acme/app/json',
  remove: '/v1.41/images/acme/app',
  login: '/auth',
  search: '/v1.41/images/search?term=app',
};
