// The public surface of longshore: exactly these names.

// The client, its options and its streams.
export { ImageClient } from './client/image-client.ts';
export type { CopyImageOptions } from './client/image-client.ts';
export type {
  CallOptions, CopyOptions, DiskUsageOptions, EnvironmentOptions, EventsOptions, FromEnvironmentOptions, GetImageOptions, HistoryOptions,
  ImageAttestationsOptions, ImageClientOptions, ImagesOptions, ImportFromImageOptions, ImportOptions, InspectImageOptions,
  LoadImageOptions, PruneImagesOptions, PullOptions, PushOptions, RawResponse, RegistryOptions, RemoveImageOptions,
  RequestOptions, RetryEvent, RetryOptions, SearchOptions, TagOptions, WaitUntilReadyOptions,
} from './client/options.ts';
export { ArchiveStream } from './client/archive-stream.ts';
export type { ArchiveOptions, ArchiveResult, SaveProgress, ToFileOptions } from './client/archive-stream.ts';
export { ProgressStream } from './client/progress-stream.ts';
export type { UploadData } from './client/request-body.ts';
export { retry } from './client/retry.ts';
export type { Timeouts } from './connection/engine-request.ts';

// Copies.
export type { CopiedImage, CopiedLayer, CopyResult, LayerReason, ReplacedImage } from './api/types/copy.ts';
export type { InventoryImage, LayerInventory, LayerStore } from './api/layer-inventory.ts';

// Finding the engine, and connections to it.
export type { EngineReport } from './client/from-environment.ts';
export type { Channel, ChannelOwner, ChannelTraits, Dialer, DialOptions } from './connection/channel.ts';
export type { TlsOptions } from './config/engine-address.ts';
export type { CandidateReport, EngineExplanation, EngineRule, EngineTls, KnownContext } from './config/engine-explanation.ts';

// Credentials.
export { encodeRegistryAuth, Secret } from './api/credentials.ts';
export type { CredentialChoice, CredentialRequest, CredentialSource, Credentials } from './api/credentials.ts';
export { dockerConfig } from './client/docker-credentials.ts';
export type { DockerConfigOptions } from './client/docker-credentials.ts';
export type { PlaintextCredentials } from './client/plaintext-credentials.ts';

// Diagnostics.
export type { Warn, Warning } from './connection/diagnostics.ts';
export type { ExchangeReport } from './connection/diagnostics.ts';

// References, platforms, filters and API versions.
export type { Filters, FilterValue } from './api/filters.ts';
export type { Platform, PlatformObject } from './api/platform.ts';
export { familiarReference, formatReference, parseReference } from './api/reference.ts';
export type { Reference } from './api/reference.ts';
export { NEWEST_API_VERSION, OLDEST_API_VERSION } from './api/api-version.ts';

// Progress, and the results of streams.
export type { VerifiedContent } from './api/types/verified-content.ts';
export type { LayerPhase, LayerProgress } from './api/progress/layer-progress.ts';
export type { ImportResult, LoadResult, PullResult, PushResult } from './api/progress/results.ts';
export { decodeJsonValues } from './api/progress/json-stream.ts';
export type { LayerEvent, ProgressEvent, UploadEvent } from './api/progress/progress-events.ts';
export { ProgressTotals } from './api/progress/progress-totals.ts';
export type { ProgressSnapshot } from './api/progress/progress-totals.ts';

// Types of responses.
export type {
  AuthResult, EventActor, EventStream, ImageDiskUsage, ImageEvent, InfoResult, PingResult, ReconnectedEvent, VersionComponent, VersionPlatform,
  VersionResult,
} from './api/types/engine.ts';
export type {
  BuildIdentity, ImageIdentity, PullIdentity, SignatureIdentity, SignatureTimestamp, SignerIdentity,
} from './api/types/identity.ts';
export type {
  GraphDriver, HealthCheck, HistoryItem, ImageConfig, ImageInspect, ImageMetadata, ImageSummary, PrunePlan, PruneResult, RemoveItem,
  RootFileSystem, SearchResult, UpdateCheck,
} from './api/types/image.ts';
export type {
  Descriptor, DistributionInspect, ImageAttestation, ImageManifestAttestation, ImageManifestImage, ImageManifestSize,
  ImageManifestSummary, ImageUnpackedSize,
} from './api/types/manifest.ts';

// Archives.
export { inspectArchive } from './client/inspect-archive.ts';
export type { InspectArchiveOptions } from './client/inspect-archive.ts';
export type { ArchiveImage, ArchiveInspection, ArchiveLayer, ArchiveVariant } from './api/types/archive.ts';
export { packDirectory } from './client/pack-directory.ts';
export type { PackDirectoryOptions } from './client/pack-directory.ts';
export { packTar } from './tar/pack.ts';
export type { TarContent, TarEntries, TarEntry, TarEntryType } from './tar/pack.ts';

// Errors.
export {
  ApiError, ArgumentError, BadRequestError, ConfigError, ConflictError, ConnectError, CredentialError, DecodeError,
  DigestError, FileError, ForbiddenError, InvalidReferenceError, LongshoreError, NotFoundError, ProtocolError, RateLimitError,
  ServerError, TarError, TimeoutError, TruncatedError, UnauthorizedError, UnavailableError, UploadError, VersionError,
} from './errors.ts';
export type { ApiErrorFields, ApiErrorReason, ExchangePlace } from './errors.ts';

export { VERSION } from './connection/package-version.ts';
