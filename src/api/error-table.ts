// The meanings of error statuses and messages: one table for statuses, one for the messages of engines and registries. This is the
// only file that interprets English text. Each pattern takes time linear in the length of the message, because no two of its
// repetitions can match the same characters.

import {
  BadRequestError,
  ConflictError,
  ForbiddenError,
  NotFoundError,
  RateLimitError,
  UnauthorizedError,
  UnavailableError,
} from '../errors.ts';
import type { ApiError, ApiErrorFields, ApiErrorReason } from '../errors.ts';

/** What the engine reads for a request: an archive in the request body, one from a URL, a registry, or its own images. */
export type RequestKind = 'archive' | 'url' | 'registry' | 'local';

/** The class of an error that an engine reported. */
export type ApiErrorClass = new (message: string, fields: ApiErrorFields) => ApiError;

/** The meaning of a status or a message. */
export interface ErrorMeaning {
  readonly reason?: ApiErrorReason;
  /** Whether the same call may succeed later. Default false. */
  readonly transient?: boolean;
  /** What the user can do; `HOST` is replaced by the registry. */
  readonly remedy?: string;
}

interface StatusMeaning extends ErrorMeaning {
  readonly errorClass?: ApiErrorClass;
}

const UNAVAILABLE: StatusMeaning = { errorClass: UnavailableError, reason: 'unavailable', transient: true };

/** The meanings of statuses; the message may give a more specific meaning: RFC 9110 §15.5 and §15.6, RFC 6585 §4. */
export const statusMeanings: ReadonlyMap<number, StatusMeaning> = new Map<number, StatusMeaning>([
  [400, { errorClass: BadRequestError }],
  [401, { errorClass: UnauthorizedError, reason: 'auth' }],
  [403, { errorClass: ForbiddenError }],
  [407, {
    reason: 'network',
    remedy:
      'A proxy in front of the engine requires a login: set the header Proxy-Authorization (option headers, ' +
      'DOCKER_CUSTOM_HEADERS), or check the host (DOCKER_HOST)',
  }],
  [408, { transient: true }],
  [409, { errorClass: ConflictError }],
  [429, { errorClass: RateLimitError, reason: 'rate-limit', transient: true }],
  [502, UNAVAILABLE],
  [503, UNAVAILABLE],
  [504, UNAVAILABLE],
]);

interface MessageMeaning extends ErrorMeaning {
  /** The row applies if one of these matches the message. */
  readonly patterns: readonly RegExp[];
  /** The kinds of requests that the row is for; all by default. */
  readonly kinds?: readonly RequestKind[];
  /** The class of a 500 with this message, for messages that other engines send with a more specific status. */
  readonly classOf500?: ApiErrorClass;
  /** Whether proxies use the same words. Then a 404 with this message does not prove that an image is absent. */
  readonly vague?: boolean;
}

const LOG_IN = 'Give credentials for HOST, or run docker login HOST';
const LOG_IN_AGAIN =
  'The login for HOST is wrong or has expired: run docker login HOST. A public image needs none: docker logout HOST, or ' +
  'credentials: "anonymous"';
const PLAIN_HTTP =
  'If the registry speaks plain HTTP, list HOST in "insecure-registries" of the engine\'s daemon.json (Docker), or set ' +
  '"insecure = true" for it in registries.conf (Podman)';
const UNREADABLE =
  'The engine needs a complete archive, as docker save (for a load) or tar (for an import) writes it. If it is compressed, ' +
  'decompress it first (gunzip, unxz)';
const CHECK_PROXY = "Check the engine's own proxy settings";

/** Requests whose errors may quote a registry or another server. In other errors the same words may be names of images or files. */
const REMOTE: readonly RequestKind[] = ['registry', 'url'];
const NETWORK: ErrorMeaning = { reason: 'network', transient: true };

/** A layer that an archive leaves out and that the engine does not have: Docker 20.10 to 28.5 with graph drivers, Podman 4.3 to 6.1. */
const NO_LAYER_FILE = /(?:blobs\/sha256\/|reading blob sha256:)[0-9a-f]{64}\b[^\n]{0,500}no such file/;
/** The same on Docker 28.5 and 29 with the containerd store, after `Loaded image`. */
const NO_LAYER_CONTENT = /content digest \S{1,200}: not found/;

/** Whether an engine says that it lacks a layer that the loaded archive leaves out. */
export function saysLayerIsMissing(message: string): boolean {
  return NO_LAYER_FILE.test(message) || NO_LAYER_CONTENT.test(message);
}

/** One row per meaning, in the order in which they are tried: the most specific first. */
const messageMeanings: readonly MessageMeaning[] = [
  // dockerd and Go's HTTP server, for a path that they do not know.
  {
    patterns: [/^(?:404 )?page not found$/i],
    vague: true,
    remedy: 'The engine does not know the path of the request; the image may exist. Check the path in the host, and the API version',
  },

  // EDQUOT and ENOSPC of the engine's own disk. This row must precede the quotas of registries.
  { patterns: [/no space left on device|disk quota exceeded/i], reason: 'no-space' },
  // Artifact Registry limits the requests per minute, and calls this limit a quota.
  { patterns: [/quota exceeded for quota metric/i], kinds: REMOTE, reason: 'rate-limit', classOf500: RateLimitError, transient: true },
  {
    // Harbor (goharbor/harbor#17390, #8802; 1.9 "Not enough quota"), ECR's number of images (vllm-project/vllm#48065).
    patterns: [/exceed the configured upper limit|quota exceeded|not enough quota available|has the maximum allowed number of images/i],
    kinds: REMOTE,
    reason: 'quota',
    remedy: 'The registry is full: delete images in it, or raise its quota',
  },
  {
    // ECR (moby/buildkit#3776, osscontainertools/kaniko#204), Harbor (goharbor/harbor#9427; 2.x "configured as immutable"),
    // Nexus (GoogleContainerTools/jib#2395).
    patterns: [/is immutable\b|configured as immutable|cannot be overwritten because|does not allow updating assets/i],
    kinds: REMOTE,
    reason: 'immutable',
    remedy: 'The registry does not allow this tag to be overwritten: push under another tag',
  },

  {
    patterns: [NO_LAYER_FILE],
    kinds: ['archive'],
    classOf500: BadRequestError,
    remedy: 'The archive lacks this layer, and the engine does not have it. Save all layers, or make the inventory of this engine again (longshore layers)',
  },
  {
    patterns: [/docker-import-\d+\/blobs\/json: no such file/],
    kinds: ['archive'],
    classOf500: BadRequestError,
    remedy: 'The engine does not load OCI archives: use podman save --format docker-archive, or longshore copy',
  },
  { patterns: [/filter more than once with different values/], remedy: 'Podman before 4.8 does not remove unused images that have a tag' },

  // Archives that a load or an import cannot read. An error about an archive in the request body never means an absent image.
  {
    patterns: [/executable file not found in \$PATH/i], // docker/for-mac#5271: "xz" in the engine's machine
    kinds: ['archive', 'url'],
    classOf500: BadRequestError,
    remedy: 'The engine lacks the program that decompresses the archive: decompress it first (gunzip, unxz)',
  },
  {
    // Docker 20.10 to 29 and Podman 4.3 to 5.4 for garbage (tapes *-garbage); moby/moby#14022; podman#13139.
    patterns: [
      /unexpected EOF|invalid (?:tar )?header|processing tar file|does not match any of the supported image formats|unpacking failed/i,
    ],
    kinds: ['archive', 'url'],
    classOf500: BadRequestError,
    remedy: UNREADABLE,
  },
  {
    // docker load for a manifest.json and for layers (docker-archive-public/docker.kitematic#4598, bazelbuild/rules_docker#474),
    // containerd's importer, and Go's encoding/json and compress/*.
    patterns: [/unrecognized image format|invalid diffID|invalid manifest|magic number mismatch|invalid character '|unexpected end of JSON|json: cannot unmarshal/i],
    kinds: ['archive'],
    classOf500: BadRequestError,
    remedy: UNREADABLE,
  },

  // Absent images. These rows must precede the refusals, whose words may be part of an image name.
  {
    patterns: [/no such image|image not known|image does not exist locally|reference does not exist|\btag does not exist:/i],
    kinds: [...REMOTE, 'local'],
    reason: 'not-found',
    classOf500: NotFoundError,
  },
  // Podman, if an image with several names is removed by its id; the message lists them.
  { patterns: [/by ID with more than one tag/i], classOf500: ConflictError, remedy: 'Remove it by a name, or with force: true' },
  // Podman 4.3 to 6.1, if an image with several names is removed by its digest.
  { patterns: [/: tag not known$/i], classOf500: ConflictError, remedy: 'Remove it by its tags, or by its id with force: true' },
  // Podman, for an id without "sha256:" that no image has.
  { patterns: [/cannot specify 64-byte hexadecimal strings/i], reason: 'not-found', classOf500: NotFoundError },
  { patterns: [/manifest unknown|name unknown|repository name not known to registry/i], kinds: REMOTE, reason: 'not-found' },
  // Docker, for a search in a registry that has only API v2.
  { patterns: [/^unexpected status code 404$/i], kinds: ['registry'], remedy: 'HOST does not offer a search, as most registries' },

  {
    // Docker Hub (docker/hub-feedback#2464, #1907: HAP429), ECR ("Rate exceeded"), a 429 whose body is not JSON.
    patterns: [/toomanyrequests|too many requests|rate limit|rate exceeded|HTTP 429\b|status(?: code)?:? 429\b/i],
    kinds: REMOTE,
    reason: 'rate-limit',
    classOf500: RateLimitError,
    transient: true,
  },
  {
    // A registry that lost a part of an upload, or whose replicas are not in sync (moby/moby#36823, infobloxopen/konk#626,
    // distribution/distribution#1930).
    patterns: [/unknown blob|blob unknown to registry|blob upload unknown/i],
    kinds: ['registry'],
    reason: 'unavailable',
    transient: true,
    remedy: 'The registry lost a part of the upload: push again; its replicas must share their storage and http.secret',
  },

  {
    // Docker 28.5's containerd store, if an image is saved and the store has only its variant for another platform.
    patterns: [/unable to create manifests file: NotFound: content digest \S+ not found/i],
    reason: 'platform',
    remedy: "The image is there, but not its variant for the engine's own platform: set the platform",
  },
  {
    patterns: [
      // Docker, graph drivers: pull; inspect, history, push; save.
      /does not match the specified platform|no match(?:ing manifest)? for platform|no matching manifest/i,
      // The containerd store, for an image without the platform, and for an archive without it.
      /(?:does not|doesn't) provide (?:any|the (?:specified|requested)) platform/i,
      // The containerd store of Docker 28 and 29: load and save (moby/moby#48589, #48590, #48718).
      /requested platform(?:\(s\))? \(|no images providing the requested platform|but some content is missing/i,
      // Podman for an index; Docker for a save; Docker 29 for attestations.
      /no image found in (?:image index|manifest list)|no suitable export target found|no manifest found for the requested platform/i,
      /unknown operating system or architecture|operating system is not supported|invalid platform|cannot be used on this platform/i,
      /platform \S{1,99} (?:is )?not (?:found|supported)/i,
    ],
    reason: 'platform',
  },

  // The engine's own proxy. This row must precede the refusals, which say "authentication required", too (docker/hub-feedback#826).
  { patterns: [/proxy authentication required/i], kinds: REMOTE, reason: 'network', remedy: CHECK_PROXY },

  // Refused logins. A wrong or expired login fails for public images, too: Docker Hub (kunickiaj/kudu-docker#7), GHCR
  // (alexjustesen/speedtest-tracker#566).
  {
    patterns: [
      /incorrect username or password|invalid username or password|password or token is incorrect|token (?:has |is )?expired/i,
      /denied: denied|error from registry: denied/i,
    ],
    kinds: REMOTE,
    reason: 'auth',
    classOf500: UnauthorizedError,
    remedy: LOG_IN_AGAIN,
  },
  // Docker and containerd, for a registry with Basic authentication and no credentials.
  { patterns: [/no basic auth credentials/i], kinds: REMOTE, reason: 'auth', classOf500: UnauthorizedError, remedy: LOG_IN },
  {
    patterns: [
      /unauthorized|authentication (?:is )?required|insufficient_scope|unauthenticated request|permission_denied/i,
      // Docker Hub and GitLab, Quay, ECR, Artifact Registry (google-github-actions/auth#50), GHCR. Not "permission denied", which
      // is about the engine's own files.
      /access denied|access to the (?:requested )?resource is (?:denied|not authorized)|(?:^|: |\n)denied\b|is not authorized to perform/i,
    ],
    kinds: REMOTE,
    reason: 'auth',
    classOf500: UnauthorizedError,
  },
  {
    // moby's pkg/authorization/authz.go, for any request. At the beginning of a message it cannot be a name.
    patterns: [/^authorization denied by plugin /i],
    reason: 'auth',
    remedy: 'An authorization plugin of the engine refused the request: its policy must allow it',
  },
  // The same words from other software in front of an engine; but "denied:latest" is a name.
  { patterns: [/^(?:access )?(?:denied|unauthorized)\b(?![:/@.-]\S)/i], reason: 'auth', classOf500: UnauthorizedError },
  {
    // The containerd store (rancher-sandbox/rancher-desktop#9759), Docker with a registry that refuses a HEAD (kubernetes/
    // registry.k8s.io#273), HTML instead of JSON (docker/hub-feedback#1222), an empty response to a HEAD
    // (podman-container-tools/podman#10322), Podman's token (TimeEval/TimeEval#56).
    patterns: [/403 Forbidden|: Forbidden$|\b40[13] \((?:Unauthorized|Forbidden)\)|(?:HTTP|status(?: code)?:?) 40[13]\b/i],
    kinds: REMOTE,
    reason: 'auth',
    classOf500: UnauthorizedError,
  },

  {
    patterns: [
      // A registry or its proxy that fails: Harbor (goharbor/harbor#16653), GHCR, Docker Hub, Quay.
      /(?:^|: |50[0234] )(?:internal server error|bad gateway|service (?:temporarily )?unavailable|gateway time-?out)/i,
      // The same by number; 520 to 530 are Cloudflare's (google/go-containerregistry#1707, docker-archive/docker-registry#349).
      /(?:HTTP|status(?: code)?:?) 5(?:0[0234]|2\d|30)\b/i,
    ],
    reason: 'unavailable',
    transient: true,
  },

  // This row must precede the timeouts, which Go may mention in the same message: "(Client.Timeout exceeded while awaiting headers)".
  {
    patterns: [/server gave HTTP response to HTTPS client|first record does not look like a TLS handshake/i],
    kinds: REMOTE,
    reason: 'network',
    remedy: PLAIN_HTTP,
  },

  // Go's connection errors. First the transient ones, most of which users reported in docker/actions-toolkit#1289.
  {
    patterns: [
      /TLS handshake timeout|bad record MAC|client\.timeout|deadline exceeded|request canceled while waiting|i\/o timeout/i,
      /(?:connection|operation) timed out/i,
      /connection reset by peer|broken pipe|use of closed network connection|connection refused|network is unreachable|no route to host/i,
      // Go's net/http and x/net/http2, for open connections.
      /http2: client connection (?:lost|force closed)|server closed idle connection|timeout awaiting response headers/i,
      /server misbehaving|temporary failure in name resolution/i,
    ],
    ...NETWORK,
  },
  { patterns: [/(?:^|: |\n)EOF(?:\n|$)|unexpected EOF|stream error: stream ID|server sent GOAWAY/i], kinds: REMOTE, ...NETWORK },
  // Then those that recur until something is changed.
  {
    patterns: [/certificate has expired/i],
    kinds: REMOTE,
    reason: 'network',
    remedy: "The registry's certificate has expired, or the clock of the engine's machine is wrong",
  },
  {
    patterns: [/certificate is (?:valid for|not valid for any names)|legacy Common Name field|contain any IP SANs/i],
    kinds: REMOTE,
    reason: 'network',
    remedy: 'The registry HOST needs a certificate with that name or address in subjectAltName',
  },
  {
    patterns: [/remote error: tls: (?:certificate required|bad certificate)/i],
    kinds: REMOTE,
    reason: 'network',
    remedy:
      'The registry requires a client certificate: put certs.d/HOST/client.cert and client.key into /etc/docker ' +
      '(Podman: /etc/containers)',
  },
  {
    patterns: [/unknown authority/i],
    kinds: REMOTE,
    reason: 'network',
    remedy: "The engine must trust the registry's CA: put it into /etc/docker/certs.d/HOST/ca.crt (Podman: /etc/containers/certs.d)",
  },
  { patterns: [/x509:|tls: /i], kinds: REMOTE, reason: 'network' },
  { patterns: [/proxyconnect/i], kinds: REMOTE, reason: 'network', remedy: CHECK_PROXY },
  { patterns: [/no such host|dial tcp/i], reason: 'network' },

  // Other absent things. In a 500, this may be a program or a layer.
  {
    patterns: [/not found|does not exist|no such (?:file|image)|image not known|manifest unknown|HTTP 404\b/i],
    kinds: ['archive'],
    classOf500: BadRequestError,
    remedy: UNREADABLE,
  },
  { patterns: [/executable file not found/i] },
  { patterns: [/not found|does not exist|HTTP 404\b/i], reason: 'not-found', vague: true },
];

/** The first row that matches a message, from which the names in the request were removed; undefined if none does. */
export function meaningOf(message: string, kind: RequestKind): MessageMeaning | undefined {
  return messageMeanings.find(({ patterns, kinds }) => {
    return kinds?.includes(kind) !== false && patterns.some((pattern) => pattern.test(message));
  });
}
