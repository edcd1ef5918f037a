// Platforms in the two forms that engines read: the text of pull, import and build, the JSON of all other calls.

import { escapeText } from '../bytes.ts';
import { ArgumentError } from '../errors.ts';

/** A platform as the OCI image index has it. */
export interface PlatformObject {
  /** `"linux"`, `"windows"`. */
  readonly os: string;
  /** `"amd64"`, `"arm64"`. */
  readonly architecture: string;
  /** `"v7"`. */
  readonly variant?: string | undefined;
  /** The build of Windows, `"10.0.17763"`. */
  readonly 'os.version'?: string | undefined;
  /** `["win32k"]`. */
  readonly 'os.features'?: readonly string[] | undefined;
}

/** `"linux/arm64/v8"`, `"windows(10.0.17763)/amd64"`, or an object. */
export type Platform = string | PlatformObject;

// platform = os [ "(" version ")" ] "/" architecture [ "/" variant ]
// each     = 1*( ALPHA / DIGIT / "_" / "." / "-" )
const platformGrammar = /^([\w-]+)(?:\(([\w.-]+)\))?\/([\w.-]+)(?:\/([\w.-]+))?$/;
const wordGrammar = /^[\w.-]+$/;

/** Other names of operating systems, as containerd/platforms reads them. */
const osAliases: ReadonlyMap<string, string> = new Map([['macos', 'darwin']]);

/** Other names of architectures, as containerd/platforms reads them; some say the variant as well. */
const architectureAliases: ReadonlyMap<string, readonly [architecture: string, variant?: string]> = new Map([
  ['x86_64', ['amd64']],
  ['x86-64', ['amd64']],
  ['aarch64', ['arm64']],
  ['i386', ['386']],
  ['armhf', ['arm', 'v7']],
  ['armel', ['arm', 'v6']],
]);

/** Names that Node (`process.arch`) and others have for an architecture, which no engine and no registry knows. */
const foreignNames: ReadonlyMap<string, string> = new Map([
  ['x64', 'amd64'],
  ['ia32', '386'],
  ['x86', '386'],
  ['arm32', 'arm'],
  // of `uname -m`, and of the Docker Hub's organizations
  ['i686', '386'],
  ['armv6l', 'arm/v6'],
  ['armv7', 'arm/v7'],
  ['armv7l', 'arm/v7'],
  ['armv8', 'arm64'],
  ['arm32v5', 'arm/v5'],
  ['arm32v6', 'arm/v6'],
  ['arm32v7', 'arm/v7'],
  ['arm64v8', 'arm64'],
]);

/** An object's keys, in the order in which Go writes them, and whether each must be there. */
const keys: ReadonlyMap<string, 'required' | 'optional'> = new Map([
  ['architecture', 'required'],
  ['os', 'required'],
  ['os.version', 'optional'],
  ['os.features', 'optional'],
  ['variant', 'optional'],
]);

/** The platform as an object, in the names that engines compare: `"linux/x86_64"` is linux, amd64. */
export function parsePlatform(platform: Platform): PlatformObject {
  return normalize(typeof platform === 'string' ? parseText(platform) : checkObject(platform));
}

/**
 * The `platform` of pull, import and build. A single word (`"linux"`, `"arm64"`) passes as it is: the missing
 * half is the daemon's, not that of the machine on which we run.
 */
export function platformText(platform: Platform): string {
  if (typeof platform === 'string' && wordGrammar.test(platform)) {
    refuseForeignName(platform);
    return platform;
  }
  const { os, architecture, variant, 'os.version': version, 'os.features': features } = parsePlatform(platform);
  if (features !== undefined) throw new ArgumentError('This call takes a platform as text, which has no "os.features"');
  const build = version === undefined ? '' : `(${version})`;
  return [os + build, architecture, variant].filter((part) => part !== undefined).join('/');
}

/** Operating systems that images are made for. */
const SYSTEMS: ReadonlySet<string> = new Set(['linux', 'windows', 'darwin', 'macos', 'freebsd']);

/**
 * A platform with both halves, for questions about an image. An architecture alone is Linux's, as only Linux engines have
 * a store of several variants; undefined for a system alone, whose architecture is the engine's.
 */
export function fullPlatform(platform: Platform): Platform | undefined {
  if (typeof platform !== 'string' || platform.includes('/')) return platform;
  return SYSTEMS.has(platform.toLowerCase()) ? undefined : `linux/${platform}`;
}

/** Whether it is a list of more than one platform. */
export function isSeveral(platform: Platform | readonly Platform[] | undefined): platform is readonly Platform[] {
  return Array.isArray(platform) && platform.length > 1;
}

/** A platform in a message. */
export function platformName(platform: Platform): string {
  if (typeof platform === 'string') return platform;
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
}

/** The `platform` or `platforms` of all other calls: one JSON object. */
export function platformJson(platform: Platform): string {
  const object: Record<string, unknown> = { ...parsePlatform(platform) };
  return JSON.stringify(Object.fromEntries([...keys.keys()].map((key) => [key, object[key]])));
}

/** A copy of a platform that is an object; its owner may change it later. */
export function copyOfPlatform(platform: unknown): unknown {
  return typeof platform === 'string' ? platform : parsePlatform(platform as PlatformObject);
}

/** What the variant of an architecture is where none is said, as containerd/platforms reads it. */
const impliedVariants: ReadonlyMap<string, string> = new Map([
  ['amd64', 'v1'],
  ['arm', 'v7'],
  ['arm64', 'v8'],
]);

/** What an image says that it is for; an old one may not say it. */
export interface ImagePlatform {
  readonly Os: string;
  readonly Architecture: string;
  readonly Variant?: string | undefined;
}

/** Whether an image is for exactly the platform that is wanted; a word alone is an operating system or an architecture. */
export function samePlatform(image: ImagePlatform, wanted: Platform): boolean {
  return sameMachine(image, wanted, ({ architecture, variant }) => {
    const implied = impliedVariants.get(architecture) ?? '';
    return (image.Variant || implied) === (variant ?? implied);
  });
}

/** Whether an image runs on the platform that is wanted, as a machine runs what an older one does: `v6` on `arm/v7`. */
export function runsOn(image: ImagePlatform, wanted: Platform): boolean {
  return sameMachine(image, wanted, ({ architecture, variant }) => {
    const implied = impliedVariants.get(architecture) ?? '';
    return level(image.Variant || implied) <= level(variant ?? implied);
  });
}

/** Whether an image does not say its variant, and is for that platform in all else. */
export function lacksVariant(image: ImagePlatform, wanted: Platform): boolean {
  return !image.Variant && sameMachine(image, wanted, () => true);
}

function level(variant: string): number {
  return Number(/^v?([0-9]+)/.exec(variant)?.[1] ?? 0);
}

function sameMachine(image: ImagePlatform, wanted: Platform, agrees: (wanted: PlatformObject) => boolean): boolean {
  const { Os, Architecture } = image;
  if (typeof wanted === 'string' && !wanted.includes('/')) return wanted === Os || alias(wanted)[0] === Architecture;
  const asked = parsePlatform(wanted);
  return asked.os === Os && asked.architecture === Architecture && agrees(asked);
}

function parseText(text: string): PlatformObject {
  const [, os, version, architecture, variant] = platformGrammar.exec(text) ?? [];
  if (os === undefined || architecture === undefined) {
    const excerpt = escapeText(text.slice(0, 100));
    throw new ArgumentError(`"${excerpt}" is no platform: write "os/architecture[/variant]", as in "linux/arm64"`);
  }
  return { os, architecture, variant, 'os.version': version };
}

function checkObject(platform: PlatformObject): PlatformObject {
  if (typeof platform !== 'object' || platform === null) {
    throw new ArgumentError('A platform is a string like "linux/arm64", or an object with "os" and "architecture"');
  }
  for (const key of Object.keys(platform)) {
    if (keys.has(key)) continue;
    throw new ArgumentError(`A platform has no "${escapeText(key)}", but ${[...keys.keys()].join(', ')}`);
  }
  const object: Record<string, unknown> = { ...platform };
  for (const [key, need] of keys) checkValue(key, object[key], need);
  return object as unknown as PlatformObject;
}

function checkValue(key: string, value: unknown, need: 'required' | 'optional'): void {
  if (value === undefined && need === 'optional') return;
  const isList = key === 'os.features';
  const words: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (Array.isArray(value) === isList && words.every(isWord)) return;
  const kind = isList ? 'an array of strings' : 'a string';
  throw new ArgumentError(`The platform's "${key}" must be ${kind} of letters, digits, "_", "." and "-"`);
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' && wordGrammar.test(value);
}

/** Absent keys stay absent, so that an object compares as its reader expects. */
function normalize(platform: PlatformObject): PlatformObject {
  const os = platform.os.toLowerCase();
  refuseForeignName(platform.architecture, `${os}/`);
  const [architecture, implied] = alias(platform.architecture.toLowerCase());
  const variant = platform.variant?.toLowerCase() ?? implied;
  if (implied !== undefined && variant !== implied) {
    throw new ArgumentError(`"${platform.architecture}" is ${architecture}/${implied}, not ${architecture}/${variant}`);
  }
  const { 'os.version': version, 'os.features': features } = platform;
  return {
    os: osAliases.get(os) ?? os,
    architecture,
    ...(variant !== undefined && { variant }),
    ...(version !== undefined && { 'os.version': version }),
    ...(features !== undefined && { 'os.features': [...features] }),
  };
}

function refuseForeignName(architecture: string, before = ''): void {
  const meant = foreignNames.get(architecture.toLowerCase());
  if (meant === undefined) return;
  throw new ArgumentError(`engines do not know the architecture "${architecture}": write "${before}${meant}" as the platform`);
}

function alias(architecture: string): readonly [architecture: string, variant?: string] {
  return architectureAliases.get(architecture) ?? [architecture];
}
