// Parses, compares and encodes platforms. Engines read a platform as text in pull, import and build, and as JSON in other calls.

import { escapeText, truncateText } from '../bytes.ts';
import { ArgumentError } from '../errors.ts';

/** A platform, with the members of the OCI image index. */
export interface PlatformObject {
  /** The operating system: `"linux"`, `"windows"`. */
  readonly os: string;
  /** The architecture: `"amd64"`, `"arm64"`. */
  readonly architecture: string;
  /** The variant of the architecture: `"v7"`. */
  readonly variant?: string | undefined;
  /** The build of Windows, `"10.0.17763"`. */
  readonly 'os.version'?: string | undefined;
  /** Required features of Windows, `["win32k"]`. */
  readonly 'os.features'?: readonly string[] | undefined;
}

/** A platform as text, `"linux/arm64/v8"`, `"windows(10.0.17763)/amd64"`, or as an object. */
export type Platform = string | PlatformObject;

// platform = os [ "(" version ")" ] "/" architecture [ "/" variant ]
// each     = 1*( ALPHA / DIGIT / "_" / "." / "-" )
const platformGrammar = /^([\w-]+)(?:\(([\w.-]+)\))?\/([\w.-]+)(?:\/([\w.-]+))?$/;
const wordGrammar = /^[\w.-]+$/;

/** Other names of operating systems that containerd/platforms accepts. */
const OS_ALIASES: ReadonlyMap<string, string> = new Map([['macos', 'darwin']]);

/** Other names of architectures that containerd/platforms accepts; some include the variant. */
const ARCHITECTURE_ALIASES: ReadonlyMap<string, readonly [architecture: string, variant?: string]> = new Map([
  ['x86_64', ['amd64']], ['x86-64', ['amd64']], ['aarch64', ['arm64']], ['i386', ['386']],
  ['armhf', ['arm', 'v7']], ['armel', ['arm', 'v6']],
]);

/** Names that no engine accepts, from Node (`process.arch`), `uname -m` and the Docker Hub, with the names to use instead. */
const FOREIGN_NAMES: ReadonlyMap<string, string> = new Map([
  ['x64', 'amd64'], ['ia32', '386'], ['x86', '386'], ['arm32', 'arm'],
  ['i686', '386'], ['armv6l', 'arm/v6'], ['armv7', 'arm/v7'], ['armv7l', 'arm/v7'], ['armv8', 'arm64'],
  ['arm32v5', 'arm/v5'], ['arm32v6', 'arm/v6'], ['arm32v7', 'arm/v7'], ['arm64v8', 'arm64'],
]);

/** The variants that containerd/platforms assumes if none is given. */
const DEFAULT_VARIANTS: ReadonlyMap<string, string> = new Map([['amd64', 'v1'], ['arm', 'v7'], ['arm64', 'v8']]);

/** The members of the object, in the order in which Go writes them. */
const MEMBERS: ReadonlyMap<string, 'required' | 'optional'> = new Map([
  ['architecture', 'required'],
  ['os', 'required'],
  ['os.version', 'optional'],
  ['os.features', 'optional'],
  ['variant', 'optional'],
]);

/** Parses a platform into an object with the names that engines use: `"linux/x86_64"` becomes linux and amd64. */
export function parsePlatform(platform: Platform): PlatformObject {
  const { os, architecture: name, variant: given, ...more } = typeof platform === 'string' ? parseText(platform) : checkObject(platform);
  const system = os.toLowerCase();
  refuseForeignName(name, `${system}/`);
  const [architecture, implied] = resolveAlias(name.toLowerCase());
  const variant = given?.toLowerCase() ?? implied;
  if (implied !== undefined && variant !== implied) {
    throw new ArgumentError(`the architecture "${name}" is ${architecture}/${implied}, not ${architecture}/${variant}`);
  }
  const { 'os.version': version, 'os.features': features } = more;
  return {
    os: OS_ALIASES.get(system) ?? system,
    architecture,
    // Members that are absent stay absent, so that objects can be compared.
    ...(variant !== undefined && { variant }),
    ...(version !== undefined && { 'os.version': version }),
    ...(features !== undefined && { 'os.features': [...features] }),
  };
}

/**
 * The `platform` parameter of pull, import and build. A single word (`"linux"`, `"arm64"`) is sent unchanged: the engine completes
 * it from its own platform, which may differ from that of this machine.
 */
export function platformText(platform: Platform): string {
  if (typeof platform === 'string' && wordGrammar.test(platform)) {
    refuseForeignName(platform);
    return platform;
  }
  const { os, architecture, variant, 'os.version': version, 'os.features': features } = parsePlatform(platform);
  if (features !== undefined) throw new ArgumentError('this call sends the platform as text, which cannot contain "os.features"');
  const build = version === undefined ? '' : `(${version})`;
  return [os + build, architecture, variant].filter((part) => part !== undefined).join('/');
}

/** The `platform` or `platforms` parameter of other calls: a JSON object. */
export function platformJson(platform: Platform): string {
  const object: Record<string, unknown> = { ...parsePlatform(platform) };
  return JSON.stringify(Object.fromEntries([...MEMBERS.keys()].map((key) => [key, object[key]])));
}

/** Operating systems that images are built for. */
const SYSTEMS: ReadonlySet<string> = new Set(['linux', 'windows', 'darwin', 'macos', 'freebsd']);

/**
 * Completes a platform. An architecture alone gets the system Linux, because only engines on Linux store several variants of an
 * image. For an operating system alone, it returns undefined: the architecture is the engine's.
 */
export function fullPlatform(platform: Platform): Platform | undefined {
  if (typeof platform !== 'string' || platform.includes('/')) return platform;
  return SYSTEMS.has(platform.toLowerCase()) ? undefined : `linux/${platform}`;
}

/** Whether an option is a list of more than one platform. */
export function isPlatformList(platform: Platform | readonly Platform[] | undefined): platform is readonly Platform[] {
  return Array.isArray(platform) && platform.length > 1;
}

/** The platform as text, for a message. */
export function platformName(platform: Platform): string {
  if (typeof platform === 'string') return platform;
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
}

/** Copies a platform, so that the caller cannot change it later. */
export function copyPlatform(platform: unknown): unknown {
  return typeof platform === 'string' ? platform : parsePlatform(platform as PlatformObject);
}

/** The platform in the description of an image; an old image may have no variant. */
export interface ImagePlatform {
  readonly Os: string;
  readonly Architecture: string;
  readonly Variant?: string | undefined;
}

/** Whether an image is for exactly the requested platform, which may be a single operating system or architecture. */
export function samePlatform(image: ImagePlatform, wanted: Platform): boolean {
  return matches(image, wanted, (ofImage, ofWanted) => ofImage === ofWanted);
}

/** Whether an image runs on the requested platform: a machine runs images for older variants, such as `v6` on `arm/v7`. */
export function runsOn(image: ImagePlatform, wanted: Platform): boolean {
  const level = (variant: string): number => Number(/^v?([0-9]+)/.exec(variant)?.[1] ?? 0);
  return matches(image, wanted, (ofImage, ofWanted) => level(ofImage) <= level(ofWanted));
}

/** Whether an image has no variant and is otherwise for the requested platform. */
export function lacksVariant(image: ImagePlatform, wanted: Platform): boolean {
  return !image.Variant && matches(image, wanted, () => true);
}

type VariantTest = (ofImage: string, ofWanted: string) => boolean;

function matches({ Os, Architecture, Variant }: ImagePlatform, wanted: Platform, isVariantFit: VariantTest): boolean {
  if (typeof wanted === 'string' && !wanted.includes('/')) return wanted === Os || resolveAlias(wanted)[0] === Architecture;
  const { os, architecture, variant } = parsePlatform(wanted);
  const byDefault = DEFAULT_VARIANTS.get(architecture) ?? '';
  return os === Os && architecture === Architecture && isVariantFit(Variant || byDefault, variant ?? byDefault);
}

function parseText(text: string): PlatformObject {
  const [, os, version, architecture, variant] = platformGrammar.exec(text) ?? [];
  if (os !== undefined && architecture !== undefined) return { os, architecture, variant, 'os.version': version };
  const shown = escapeText(truncateText(text, 100));
  throw new ArgumentError(`"${shown}" is not a valid platform: write "os/architecture[/variant]", as in "linux/arm64"`);
}

function checkObject(platform: PlatformObject): PlatformObject {
  if (typeof platform !== 'object' || platform === null) {
    throw new ArgumentError('a platform must be a string like "linux/arm64", or an object with "os" and "architecture"');
  }
  const unknown = Object.keys(platform).find((key) => !MEMBERS.has(key));
  if (unknown !== undefined) {
    throw new ArgumentError(`a platform has no member "${escapeText(unknown)}", but ${[...MEMBERS.keys()].join(', ')}`);
  }
  const object: Record<string, unknown> = { ...platform };
  for (const [key, need] of MEMBERS) checkValue(key, object[key], need);
  return object as unknown as PlatformObject;
}

function checkValue(key: string, value: unknown, need: 'required' | 'optional'): void {
  if (value === undefined && need === 'optional') return;
  const isList = key === 'os.features';
  const words: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (Array.isArray(value) === isList && words.every((word) => typeof word === 'string' && wordGrammar.test(word))) return;
  const type = isList ? 'an array of strings' : 'a string';
  throw new ArgumentError(`the member "${key}" of a platform must be ${type} of letters, digits, "_", "." and "-"`);
}

function refuseForeignName(architecture: string, before = ''): void {
  const ours = FOREIGN_NAMES.get(architecture.toLowerCase());
  if (ours === undefined) return;
  throw new ArgumentError(`engines do not know the architecture "${architecture}": write "${before}${ours}" as the platform`);
}

function resolveAlias(architecture: string): readonly [architecture: string, variant?: string] {
  return ARCHITECTURE_ALIASES.get(architecture) ?? [architecture];
}
