// The public surface: these names, and nothing else.

export { ImageClient } from './image-client.ts';
export type {
  CallOptions,
  DiskUsageOptions,
  EnvironmentOptions,
  EventsOptions,
  FromEnvironmentOptions,
  GetImageOptions,
  HistoryOptions,
  ImageAttestationsOptions,
  ImageClientOptions,
  ImagesOptions,
  ImportFromImageOptions,
  ImportOptions,
  InspectImageOptions,
  LoadImageOptions,
  PruneImagesOptions,
  PullOptions,
  PushOptions,
  RegistryOptions,
  RemoveImageOptions,
  SearchOptions,
  TagOptions,
} from './options.ts';
export type { EngineReport } from './from-environment.ts';
export { ArchiveStream } from './archive-stream.ts';
export type { ArchiveOptions, ArchiveResult, SaveProgress, ToFileOptions } from './archive-stream.ts';
export { ProgressStream } from './progress-stream.ts';
export type { RawAnswer, RequestOptions } from './raw-request.ts';
export type { UploadData } from './upload.ts';
export type { Timeouts } from './connection/wire.ts';
export type { Channel, ChannelOwner, ChannelTraits, Dialer, DialOptions } from './connection/channel.ts';
export type { VerifiedContent } from './docker/archive-digests.ts';
export type { TlsOptions } from './docker/address.ts';
export { encodeRegistryAuth, Secret } from './docker/auth.ts';
export type { CredentialChoice, CredentialQuestion, CredentialSource, Credentials } from './docker/auth.ts';
export type { Considered, EngineExplanation, EngineRule, KnownContext } from './docker/engine-choice.ts';
export type { EngineTls } from './docker/engine-tls.ts';
export type {
  AuthResult,
  EventActor,
  ImageDiskUsage,
  ImageEvent,
  InfoResult,
  PingResult,
  VersionComponent,
  VersionPlatform,
  VersionResult,
} from './docker/engine-types.ts';
export { dockerConfig } from './credential-source.ts';
export type { DockerConfigOptions } from './credential-source.ts';
export type { PlaintextCredentials } from './plaintext.ts';
export type { Warn, Warning } from './warnings.ts';
export type { ExchangeReport } from './connection/observer.ts';
export type { Filters, FilterValue } from './docker/filters.ts';
export type {
  BuildIdentity,
  ImageIdentity,
  PullIdentity,
  SignatureIdentity,
  SignatureTimestamp,
  SignerIdentity,
} from './docker/identity-types.ts';
export type {
  GraphDriver,
  HealthCheck,
  HistoryItem,
  ImageConfig,
  ImageInspect,
  ImageMetadata,
  ImageSummary,
  PruneResult,
  RemoveItem,
  RootFileSystem,
  SearchResult,
} from './docker/image-types.ts';
export type { Platform, PlatformObject } from './docker/platform.ts';
export type { LayerPhase, LayerProgress } from './docker/layer-progress.ts';
export type {
  Descriptor,
  DistributionInspect,
  ImageAttestation,
  ImageManifestAttestation,
  ImageManifestImage,
  ImageManifestSize,
  ImageManifestSummary,
  ImageUnpackedSize,
} from './docker/manifest-types.ts';
export type { ImportResult, LoadResult, PullResult, PushResult } from './docker/outcome.ts';
export { decodeJsonValues } from './docker/progress.ts';
export type { LayerEvent, ProgressEvent, UploadEvent } from './docker/progress.ts';
export { ProgressTotals } from './docker/progress-totals.ts';
export type { ProgressSnapshot } from './docker/progress-totals.ts';
export { familiarReference, formatReference, parseReference } from './docker/reference.ts';
export type { Reference } from './docker/reference.ts';
export { NEWEST_API_VERSION, OLDEST_API_VERSION } from './docker/version.ts';
export { packDirectory } from './pack-directory.ts';
export type { PackDirectoryOptions } from './pack-directory.ts';
export { packTar } from './tar/pack.ts';
export type { TarContent, TarEntries, TarEntry, TarEntryType } from './tar/pack.ts';
export {
  ApiError,
  ArgumentError,
  BadRequestError,
  ConfigError,
  ConflictError,
  ConnectError,
  CredentialError,
  DecodeError,
  DigestError,
  FileError,
  ForbiddenError,
  InvalidReferenceError,
  LongshoreError,
  NotFoundError,
  ProtocolError,
  RateLimitError,
  ServerError,
  TarError,
  TimeoutError,
  TruncatedError,
  UnauthorizedError,
  UnavailableError,
  UploadError,
  VersionError,
} from './errors.ts';
export type { ApiErrorFields, ApiErrorReason, ExchangePlace } from './errors.ts';
export { VERSION } from './version.ts';
