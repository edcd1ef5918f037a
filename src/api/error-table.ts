// What the words of engines and registries mean: one row a meaning, the most specific first. This is the only place that reads
// English. Every pattern takes time that grows no faster than the text: no two repetitions that can match the same characters.

import {
  BadRequestError,
  ConflictError,
  NotFoundError,
  RateLimitError,
  UnauthorizedError,
} from '../errors.ts';
import type { ApiError, ApiErrorFields, ApiErrorReason } from '../errors.ts';

/** What a request has the engine read: an archive that is sent along, one from a URL, a registry, or its own images. */
export type RequestKind = 'archive' | 'url' | 'registry' | 'local';

/** One meaning. */
export interface ErrorPattern {
  readonly pattern: RegExp;
  /** The kinds of requests of which the row holds; all where there are none. */
  readonly kinds?: readonly RequestKind[];
  readonly reason?: ApiErrorReason;
  /** The class of a 500 that says so, where other engines have a status for it; only for words that leave no doubt. */
  readonly as500?: new (message: string, fields: ApiErrorFields) => ApiError;
  /** Whether it passes by itself. Default false. */
  readonly transient?: boolean;
  /** What to do about it; `HOST` stands for the registry. */
  readonly remedy?: string;
  /** Whether other software answers with the same words, so that they prove nothing about an image. */
  readonly vague?: boolean;
}

const LOG_IN = 'Give credentials for HOST, or run docker login HOST';
const LOG_OUT =
  'The login for HOST is wrong or has expired: run docker login HOST. A public image needs none: docker logout HOST, or credentials: "anonymous"';
const PLAIN_HTTP =
  'If the registry speaks plain HTTP, list HOST in "insecure-registries" of the engine\'s daemon.json (Docker), or give it "insecure = true" in registries.conf (Podman)';
const UNREADABLE =
  'The engine takes a whole archive, as docker save writes it for a load and tar for an import. If it is compressed, decompress it first (gunzip, unxz)';

/** Where a registry, or another server, may speak: elsewhere such words are names, of what is in an archive or a list. */
const REMOTE: readonly RequestKind[] = ['registry', 'url'];

/** The rows, in the order in which they are tried. */
const wordings: readonly ErrorPattern[] = [
  // dockerd and Go's own server, of a path that they do not know.
  {
    pattern: /^(?:404 )?page not found$/i,
    vague: true,
    remedy: 'No image is missing, but the path is unknown: check the path in the host, and the API version',
  },

  // EDQUOT and ENOSPC of the engine's own disk; before the registries' quotas.
  { pattern: /no space left on device|disk quota exceeded/i, reason: 'no-space' },

  // Artifact Registry's limits of requests a minute, in the words of its quotas.
  { pattern: /quota exceeded for quota metric/i, kinds: REMOTE, reason: 'rate-limit', as500: RateLimitError, transient: true },
  // Harbor (goharbor/harbor#17390, #8802; 1.9 "Not enough quota"), ECR's number of images (vllm-project/vllm#48065).
  {
    pattern:
      /exceed the configured upper limit|quota exceeded|not enough quota available|has the maximum allowed number of images/i,
    kinds: REMOTE,
    reason: 'quota',
    remedy: 'The registry is full: delete images there, or have its quota raised',
  },
  // ECR (moby/buildkit#3776, osscontainertools/kaniko#204), Harbor (goharbor/harbor#9427, and 2.x "configured as immutable"),
  // Nexus (GoogleContainerTools/jib#2395).
  {
    pattern: /is immutable\b|configured as immutable|cannot be overwritten because|does not allow updating assets/i,
    kinds: REMOTE,
    reason: 'immutable',
    remedy: 'The registry has this tag and does not let it change: push under another tag',
  },

  // What a load or an import cannot read. Of an archive that was sent along, no word is about an image that is missing.
  {
    pattern: /executable file not found in \$PATH/i, // docker/for-mac#5271: "xz" in the engine's machine
    kinds: ['archive', 'url'],
    as500: BadRequestError,
    remedy: 'The engine lacks the program that decompresses the archive: decompress it first (gunzip, unxz)',
  },
  {
    // Docker 20.10 to 29 and Podman 4.3 to 5.4, of garbage (tapes *-garbage); moby/moby#14022; podman#13139.
    pattern:
      /unexpected EOF|invalid (?:tar )?header|processing tar file|does not match any of the supported image formats|unpacking failed/i,
    kinds: ['archive', 'url'],
    as500: BadRequestError,
    remedy: UNREADABLE,
  },
  {
    // What docker load says of a manifest.json and of layers (docker-archive-public/docker.kitematic#4598, bazelbuild/
    // rules_docker#474), and encoding/json and compress/* of Go.
    pattern: /invalid diffID|invalid manifest|magic number mismatch|invalid character '|unexpected end of JSON|json: cannot unmarshal/i,
    kinds: ['archive'],
    as500: BadRequestError,
    remedy: UNREADABLE,
  },

  // An image that is not there; before the words for refusals, which a name may hold.
  {
    pattern: /no such image|image not known|image does not exist locally|reference does not exist|\btag does not exist:/i,
    kinds: [...REMOTE, 'local'],
    reason: 'not-found',
    as500: NotFoundError,
  },
  // Podman, of an image with several names that is to be removed by its id; it lists them.
  { pattern: /by ID with more than one tag/i, as500: ConflictError, remedy: 'Remove it by a name, or with force: true' },
  // Podman 4.3 to 6.1, of an image with several names that is to be removed by its digest (seen).
  { pattern: /: tag not known$/i, as500: ConflictError, remedy: 'Remove it by its tags, or by its id with force: true' },
  // Podman, of an id without "sha256:" that no image has.
  { pattern: /cannot specify 64-byte hexadecimal strings/i, reason: 'not-found', as500: NotFoundError },
  {
    pattern: /manifest unknown|name unknown|repository name not known to registry/i,
    kinds: REMOTE,
    reason: 'not-found',
  },

  // Docker Hub (docker/hub-feedback#2464, #1907: HAP429), ECR ("Rate exceeded"), a 429 whose body is no JSON.
  {
    pattern: /toomanyrequests|too many requests|rate limit|rate exceeded|HTTP 429\b|status(?: code)?:? 429\b/i,
    kinds: REMOTE,
    reason: 'rate-limit',
    as500: RateLimitError,
    transient: true,
  },

  // A registry that lost part of an upload, or has not yet what another of its replicas has (moby/moby#36823,
  // infobloxopen/konk#626, distribution/distribution#1930).
  {
    pattern: /unknown blob|blob unknown to registry|blob upload unknown/i,
    kinds: ['registry'],
    reason: 'unavailable',
    transient: true,
    remedy: 'The registry lost a part of the upload: push again; its replicas must share their storage and http.secret',
  },

  // Docker, graph drivers: pull; inspect, history, push; save.
  {
    pattern: /does not match the specified platform|no match(?:ing manifest)? for platform|no matching manifest/i,
    reason: 'platform',
  },
  {
    // The containerd store, of an image that lacks it, and of an archive that lacked it.
    pattern: /(?:does not|doesn't) provide (?:any|the (?:specified|requested)) platform/i,
    reason: 'platform',
  },
  {
    // Docker 28.5's containerd store, of the save of an image of which it has another platform's variant alone.
    pattern: /unable to create manifests file: NotFound: content digest \S+ not found/i,
    reason: 'platform',
    remedy: "The image is there, and the variant for the engine's own platform is not: say which platform",
  },
  {
    // Docker 28 and 29, containerd store: load and save (moby/moby#48589, #48590, #48718).
    pattern: /requested platform(?:\(s\))? \(|no images providing the requested platform|but some content is missing/i,
    reason: 'platform',
  },
  // Podman of an index; Docker of a save; Docker 29 of attestations.
  {
    pattern:
      /no image found in (?:image index|manifest list)|no suitable export target found|no manifest found for the requested platform/i,
    reason: 'platform',
  },
  {
    pattern:
      /unknown operating system or architecture|operating system is not supported|invalid platform|cannot be used on this platform/i,
    reason: 'platform',
  },
  { pattern: /platform \S{1,99} (?:is )?not (?:found|supported)/i, reason: 'platform' },

  // The engine's own way out, before the refusals, which say "authentication required" as well (docker/hub-feedback#826).
  {
    pattern: /proxy authentication required/i,
    kinds: REMOTE,
    reason: 'network',
    remedy: "Check the engine's own proxy settings",
  },

  // Refusals. A login that is wrong or has expired also fails for what everybody may read: Docker Hub (kunickiaj/
  // kudu-docker#7), GHCR (alexjustesen/speedtest-tracker#566).
  {
    pattern: /incorrect username or password|invalid username or password|password or token is incorrect|token (?:has |is )?expired|denied: denied|error from registry: denied/i,
    kinds: REMOTE,
    reason: 'auth',
    as500: UnauthorizedError,
    remedy: LOG_OUT,
  },
  {
    // Docker and containerd, of a registry with Basic authentication and no credentials.
    pattern: /no basic auth credentials/i,
    kinds: REMOTE,
    reason: 'auth',
    as500: UnauthorizedError,
    remedy: LOG_IN,
  },
  {
    pattern: /unauthorized|authentication (?:is )?required|insufficient_scope|unauthenticated request|permission_denied/i,
    kinds: REMOTE,
    reason: 'auth',
    as500: UnauthorizedError,
  },
  {
    // Docker Hub and GitLab, Quay, ECR, Artifact Registry (google-github-actions/auth#50), GHCR. Not "permission denied",
    // which is about the engine's own files.
    pattern:
      /access denied|access to the (?:requested )?resource is (?:denied|not authorized)|(?:^|: |\n)denied\b|is not authorized to perform/i,
    kinds: REMOTE,
    reason: 'auth',
    as500: UnauthorizedError,
  },
  {
    // moby's pkg/authorization/authz.go. Of any request; at the beginning it cannot be a name.
    pattern: /^authorization denied by plugin /i,
    reason: 'auth',
    remedy: 'An authorization plugin of the engine refused the request: its policy must allow it',
  },
  // The same of other software before an engine. A name goes on behind it: "denied:latest".
  { pattern: /^(?:access )?(?:denied|unauthorized)\b(?![:/@.-]\S)/i, reason: 'auth', as500: UnauthorizedError },
  {
    // The containerd store (rancher-sandbox/rancher-desktop#9759), Docker before a registry that answers a HEAD (kubernetes/
    // registry.k8s.io#273), a page in place of JSON (docker/hub-feedback#1222), an answer without a word to a HEAD
    // (podman-container-tools/podman#10322), Podman's token (TimeEval/TimeEval#56).
    pattern: /403 Forbidden|: Forbidden$|\b40[13] \((?:Unauthorized|Forbidden)\)|(?:HTTP|status(?: code)?:?) 40[13]\b/i,
    kinds: REMOTE,
    reason: 'auth',
    as500: UnauthorizedError,
  },

  // A registry, or the proxy before it, that is not well: Harbor (goharbor/harbor#16653), GHCR, Docker Hub, Quay. Then in
  // numbers, with Cloudflare's 520 to 530 (google/go-containerregistry#1707, docker-archive/docker-registry#349).
  {
    pattern: /(?:^|: |50[0234] )(?:internal server error|bad gateway|service (?:temporarily )?unavailable|gateway time-?out)/i,
    reason: 'unavailable',
    transient: true,
  },
  {
    pattern: /(?:HTTP|status(?: code)?:?) 5(?:0[0234]|2\d|30)\b/i,
    reason: 'unavailable',
    transient: true,
  },

  // Before the limits of time, which Go may name behind it: "(Client.Timeout exceeded while awaiting headers)".
  {
    pattern: /server gave HTTP response to HTTPS client|first record does not look like a TLS handshake/i,
    kinds: REMOTE,
    reason: 'network',
    remedy: PLAIN_HTTP,
  },

  // What Go says of connections. First what passes: docker/actions-toolkit#1289 has most of these from its users.
  {
    pattern:
      /TLS handshake timeout|bad record MAC|client\.timeout|deadline exceeded|request canceled while waiting|i\/o timeout|(?:connection|operation) timed out/i,
    reason: 'network',
    transient: true,
  },
  {
    pattern:
      /connection reset by peer|broken pipe|use of closed network connection|connection refused|network is unreachable|no route to host/i,
    reason: 'network',
    transient: true,
  },
  {
    // net/http and x/net/http2 of Go, of connections that were open.
    pattern: /http2: client connection (?:lost|force closed)|server closed idle connection|timeout awaiting response headers/i,
    reason: 'network',
    transient: true,
  },
  { pattern: /server misbehaving|temporary failure in name resolution/i, reason: 'network', transient: true },
  {
    pattern: /(?:^|: |\n)EOF(?:\n|$)|unexpected EOF|stream error: stream ID|server sent GOAWAY/i,
    kinds: REMOTE,
    reason: 'network',
    transient: true,
  },
  // Then what stays so until somebody changes it.
  {
    pattern: /server gave HTTP response to HTTPS client|first record does not look like a TLS handshake/i,
    kinds: REMOTE,
    reason: 'network',
    remedy: PLAIN_HTTP,
  },
  {
    pattern: /certificate has expired/i,
    kinds: REMOTE,
    reason: 'network',
    remedy: "The registry's certificate has expired, or the clock of the engine's machine is wrong",
  },
  {
    pattern: /certificate is (?:valid for|not valid for any names)|legacy Common Name field|contain any IP SANs/i,
    kinds: REMOTE,
    reason: 'network',
    remedy: 'The registry HOST needs a certificate with that name or address in subjectAltName',
  },
  {
    pattern: /remote error: tls: (?:certificate required|bad certificate)/i,
    kinds: REMOTE,
    reason: 'network',
    remedy: 'The registry wants a client certificate: put certs.d/HOST/client.cert and client.key into /etc/docker (Podman: /etc/containers)',
  },
  {
    pattern: /unknown authority/i,
    kinds: REMOTE,
    reason: 'network',
    remedy: "The engine must trust the registry's CA: put it into /etc/docker/certs.d/HOST/ca.crt (Podman: /etc/containers/certs.d)",
  },
  { pattern: /x509:|tls: /i, kinds: REMOTE, reason: 'network' },
  { pattern: /proxyconnect/i, kinds: REMOTE, reason: 'network', remedy: "Check the engine's own proxy settings" },
  { pattern: /no such host|dial tcp/i, reason: 'network' },

  // The rest that is missing: of a 500 it may be a program or a layer.
  {
    pattern: /not found|does not exist|no such (?:file|image)|image not known|manifest unknown|HTTP 404\b/i,
    kinds: ['archive'],
    as500: BadRequestError,
    remedy: UNREADABLE,
  },
  { pattern: /executable file not found/i },
  { pattern: /not found|does not exist|HTTP 404\b/i, reason: 'not-found', vague: true },
];

/** What a row says of the words that it matches. */
export type Meaning = Omit<ErrorPattern, 'pattern'>;

/** What the status 407 means, whatever the words are: it is that of a proxy before the engine. */
export const PROXY_LOGIN: Meaning = {
  reason: 'network',
  remedy: 'A proxy before the engine wants a login: give the header Proxy-Authorization (headers, DOCKER_CUSTOM_HEADERS), or check the host (DOCKER_HOST)',
};

/** The first row that holds of the words, from which the names of the request were taken out; undefined for none. */
export function meaningOf(words: string, kind: RequestKind): Meaning | undefined {
  return wordings.find(({ pattern, kinds }) => kinds?.includes(kind) !== false && pattern.test(words));
}
