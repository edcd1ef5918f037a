// Encodes calls: an operation of the endpoint table and its arguments become a method, a path and a query. This file is also
// the only one that checks requirements: it rejects what the engine does not support, because most engines ignore unknown parameters.
//
// A call is encoded once, by `encodeCall`, independently of the engine. `encodeTarget` then checks it against the facts
// about the engine and adds the API version to the path. `needsIdentity` and `needsStore` say which facts are needed.

import { escapeText } from '../bytes.ts';
import { ArgumentError, VersionError } from '../errors.ts';
import type { Endpoint, Requirement, Parameter } from './parameters.ts';
import { endpoints } from './endpoints.ts';
import type { OperationName } from './endpoints.ts';
import type { PingResult } from './types/engine.ts';
import { encodePath } from './reference.ts';
import { compareVersions, majorMinor } from './api-version.ts';

/** A call with its arguments encoded; only the API version in the path is still missing. */
export interface EncodedCall {
  readonly operation: OperationName;
  readonly endpoint: Endpoint;
  /** The path with the image in it, percent-encoded, without the API version: `/images/alpine/json`. */
  readonly path: string;
  readonly query: readonly EncodedArgument[];
  /** Names of arguments that are omitted, instead of causing a `VersionError`, if the engine does not support them. */
  readonly optional: readonly string[];
}

interface EncodedArgument {
  readonly name: string;
  readonly parameter: Parameter<any>;
  /** The values of the query parameter, each of which is sent with the key. */
  readonly values: readonly string[];
}

/** The facts about an engine that a call is checked against. */
export interface EngineFacts {
  readonly version: string;
  /** Docker or Podman, and its newest API version, which counts for Podman: it ignores the version in the path. See `needsIdentity`. */
  readonly identity?: Pick<PingResult, 'apiVersion' | 'isPodman' | 'podmanVersion'> & Partial<Pick<PingResult, 'server'>> | undefined;
  /** Its image store. See `needsStore`. */
  readonly store?: ImageStore | undefined;
}

/** The kinds of image stores. Only the containerd store supports platforms, manifests and signatures. */
export type ImageStore = 'containerd' | 'graphdriver';

/** The API version of the oldest supported Podman. Podman ignores the version in the path, so newer requirements need its identity. */
export const COMMON_VERSION = '1.41';

/** Encodes a call. Arguments that are undefined are left out; `image` is the validated value of `{image}` in the path. */
export function encodeCall(
  operation: OperationName,
  args?: Readonly<Record<string, unknown>>,
  image = '',
  optional: readonly string[] = NONE,
): EncodedCall {
  const endpoint: Endpoint = endpoints[operation];
  const path = endpoint.path.replace('{image}', () => encodePath(image));
  return { operation, endpoint, path, query: args === undefined ? NONE : encodeArguments(endpoint, args), optional };
}

/** Encodes the arguments in the order of the endpoint's row; arguments without a value to send are left out. */
function encodeArguments({ parameters }: Endpoint, args: Readonly<Record<string, unknown>>): readonly EncodedArgument[] {
  let encoded: EncodedArgument[] | undefined;
  for (const name in parameters) {
    const parameter = args[name] === undefined ? undefined : parameters[name];
    const values = parameter?.encode(args[name]) ?? NONE;
    if (parameter !== undefined && values.length > 0) (encoded ??= []).push({ name, parameter, values });
  }
  return encoded ?? NONE;
}

const NONE: readonly never[] = [];

/** The request target of a call, `/v1.41/images/json?all=1`. Throws a `VersionError` if the engine does not support the call. */
export function encodeTarget({ operation, endpoint, path, query, optional }: EncodedCall, facts: EngineFacts): string {
  const error = unsupportedError(operation, endpoint, facts);
  if (error !== undefined) throw error;
  const target = endpoint.versioned === false ? path : `/v${facts.version}${path}`;
  if (query.length === 0) return target;
  const encoded = new URLSearchParams();
  for (const argument of query) {
    const { name, parameter, values } = argument;
    const lacking = requirementsOf(argument).map((each) => unsupportedError(`${operation}.${name}`, each, facts)).find(Boolean);
    if (lacking === undefined) for (const value of values) encoded.append(parameter.wire, value);
    else if (!optional.includes(name)) throw lacking;
  }
  return encoded.size === 0 ? target : `${target}?${encoded}`;
}

/** The requirements of an argument. They may depend on its value: several platforms need a newer version than one. */
function requirementsOf({ parameter, values }: EncodedArgument): readonly Requirement[] {
  const { conditional } = parameter;
  return conditional?.when(values) === true ? [parameter, conditional] : [parameter];
}

/** Whether a call must be checked against the engine's identity: it requires more than the version in the path can guarantee. */
export function needsIdentity({ endpoint, query }: EncodedCall): boolean {
  return dependsOnIdentity(endpoint) || query.some((argument) => requirementsOf(argument).some(dependsOnIdentity));
}

function dependsOnIdentity({ podman, docker, since }: Requirement): boolean {
  return podman !== undefined || docker !== undefined || (since !== undefined && compareVersions(since, COMMON_VERSION) > 0);
}

/**
 * Whether a call must be checked against the image store: one of its arguments works only with one store, and the other store
 * would ignore it. An operation that needs a store needs no check: the engine rejects it with 501.
 */
export function needsStore({ query }: EncodedCall): boolean {
  return query.some((argument) => requirementsOf(argument).some(({ store }) => store !== undefined));
}

/** The requirements of `"removeImage"` or `"removeImage.platforms"`, for example. Throws an `ArgumentError` for an unknown subject. */
export function requirementsOfSubject(subject: string): readonly Requirement[] {
  const [operation = '', name, ...more] = subject.split('.');
  const endpoint: Endpoint | undefined = Object.hasOwn(endpoints, operation) ? endpoints[operation as OperationName] : undefined;
  const isKnown = more.length === 0 && endpoint !== undefined && (name === undefined || Object.hasOwn(endpoint.parameters, name));
  if (!isKnown) throw new ArgumentError(`unknown feature "${escapeText(subject)}"; an example is "removeImage.platforms"`);
  const parameter = name === undefined ? undefined : endpoint.parameters[name];
  return parameter === undefined ? [endpoint] : [endpoint, parameter];
}

/** The error for a requirement that the engine does not meet; undefined if the engine meets it. */
export function unsupportedError(subject: string, requirement: Requirement, facts: EngineFacts): VersionError | undefined {
  const { version, identity, store } = facts;
  const { since, until } = requirement;
  const ofRelease = releaseError(subject, requirement, identity);
  if (ofRelease !== undefined) return ofRelease;
  // Podman ignores the version in the path and always behaves according to its own API version.
  const spoken = identity?.isPodman === true && compareVersions(identity.apiVersion, version) < 0 ? identity.apiVersion : version;
  if (since !== undefined && compareVersions(spoken, since) < 0) {
    const why = `needs API version ${since}, but version ${spoken} is in use with this engine`;
    return versionError(subject, requirement, why, since, spoken);
  }
  if (until !== undefined && compareVersions(spoken, until) >= 0) {
    const why = `was removed in API version ${until}, and version ${spoken} is in use with this engine`;
    return versionError(subject, requirement, why, `below ${until}`, spoken);
  }
  if (requirement.store !== undefined && store !== undefined && store !== requirement.store) {
    const why = `needs the ${requirement.store} image store, and this engine has a ${store} store, which ignores it`;
    return versionError(subject, requirement, why, `${requirement.store} store`, `${store} store`);
  }
  return undefined;
}

/** The error if the release of Docker or Podman is too old, or if no release of Podman has the feature; otherwise undefined. */
function releaseError(subject: string, requirement: Requirement, identity: EngineFacts['identity']): VersionError | undefined {
  const isPodman = identity?.isPodman === true;
  const needed = isPodman ? requirement.podman : requirement.docker;
  if (needed === undefined) return undefined;
  if (needed === false) {
    return versionError(subject, requirement, 'needs Docker, and this engine is Podman, which does not have it', 'Docker', 'Podman');
  }
  const release = isPodman ? identity.podmanVersion : /^Docker\/(\S{1,64})/i.exec(identity?.server ?? '')?.[1];
  const isMet = release === undefined ? !isPodman : compareVersions(majorMinor(release), needed) >= 0;
  if (isMet) return undefined;
  const name = isPodman ? 'Podman' : 'Docker';
  const spoken = escapeText(`${name} ${release ?? 'of an unknown version'}`);
  const why = `needs ${name} ${needed}, and this engine is ${spoken}, which ignores it`;
  return versionError(subject, requirement, why, `${name} ${needed}`, spoken);
}

function versionError(subject: string, { part }: Requirement, why: string, needed: string, spoken: string): VersionError {
  return new VersionError(`${part === undefined ? subject : `${subject} with ${part}`} ${why}`, { subject, needed, spoken });
}
