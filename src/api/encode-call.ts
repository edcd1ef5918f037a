// A row of the table, its arguments and what is known of the engine become a request; and the only gate there is.

import { escapeText } from '../bytes.ts';
import { ArgumentError, VersionError } from '../errors.ts';
import type { Endpoint, Requirement, Parameter } from './parameters.ts';
import { endpoints } from './endpoints.ts';
import type { OperationName } from './endpoints.ts';
import type { PingResult } from './types/engine.ts';
import { encodePath } from './reference.ts';
import { compareVersions, majorMinor } from './api-version.ts';

/** What one operation is called with. */
export interface Call {
  readonly operation: OperationName;
  /** What `{image}` in the path stands for, already validated. */
  readonly image?: string;
  /** By the row's own names; undefined means: not given. */
  readonly args?: Readonly<Record<string, unknown>>;
  /** Which of them are left out where the engine lacks them, in place of an error: those that the caller did not give. */
  readonly optional?: readonly string[] | undefined;
}

/** What the gate must know of an engine. */
export interface EngineFacts {
  /** The version that is spoken, which stands in the path. */
  readonly version: string;
  /**
   * What the engine is: its `Api-Version` and whether it is Podman, which overlooks the version in the path. Needed
   * only where `needsIdentity` says so.
   */
  readonly identity?: Pick<PingResult, 'apiVersion' | 'isPodman' | 'podmanVersion'> & Partial<Pick<PingResult, 'server'>> | undefined;
  /** Where it keeps images; needed only where `needsStore` says so. */
  readonly store?: ImageStore | undefined;
}

/** Where a Docker keeps its images: containerd's own store knows platforms, manifests and signatures. */
export type ImageStore = 'containerd' | 'graphdriver';

/** Method and target, ready to be sent. */
export interface Target {
  readonly method: string;
  readonly target: string;
}

/** The newest version that the oldest Podman reports: what is older, every engine of today has, whatever it is. */
export const COMMON_VERSION = '1.41';

/** The request for a call. A `VersionError` for what the engine lacks: no engine would say a word. */
export function encodeCall(call: Call, facts: EngineFacts): Target {
  const { operation, image, optional = NONE } = call;
  const row: Endpoint = endpoints[operation];
  for (const { subject, gate } of requirementsOf(call)) {
    const error = unsupportedError(subject, gate, facts);
    if (error === undefined) continue;
    const name = optional.find((each) => subject === `${operation}.${each}`);
    if (name === undefined) throw error;
    return encodeCall({ ...call, args: { ...call.args, [name]: undefined } }, facts);
  }
  const prefix = row.versioned === false ? '' : `/v${facts.version}`;
  const path = row.path.replace('{image}', () => encodePath(image ?? ''));
  return { method: row.method, target: `${prefix}${path}${encodeQuery(encodeArguments(call))}` };
}

function encodeQuery(encoded: readonly EncodedArgument[]): string {
  if (encoded.length === 0) return '';
  const query = new URLSearchParams();
  for (const { parameter, values } of encoded) {
    for (const value of values) query.append(parameter.wire, value);
  }
  return `?${query}`;
}

/** Whether the version in the path alone cannot tell that the engine has all that the call asks for. */
export function needsIdentity(call: Call): boolean {
  const isLate = ({ since }: Requirement): boolean => since !== undefined && compareVersions(since, COMMON_VERSION) > 0;
  return requirementsOf(call).some(({ gate }) => gate.podman !== undefined || gate.docker !== undefined || isLate(gate));
}

/**
 * Whether a parameter of the call depends on the image store, which would ignore it. A whole operation that the store does
 * not have is refused by the engine itself (501).
 */
export function needsStore(call: Call): boolean {
  return requirementsOf(call).some(({ subject, gate }) => gate.store !== undefined && subject !== call.operation);
}

/** The call that asks for a subject, `"removeImage"` or `"removeImage.platforms"`, as far as gates are concerned. */
export function gatesOfSubject(subject: string): { gate: Requirement; subject: string }[] {
  const [operation = '', name, ...rest] = subject.split('.');
  const row: Endpoint | undefined = Object.hasOwn(endpoints, operation) ? endpoints[operation as OperationName] : undefined;
  const known = row !== undefined && rest.length === 0 && (name === undefined || Object.hasOwn(row.parameters, name));
  const example = 'an example is "removeImage.platforms"';
  if (!known) throw new ArgumentError(`there is nothing called "${escapeText(subject)}"; ${example}`);
  const parameter = name === undefined ? undefined : row.parameters[name];
  return [{ subject: operation, gate: row }, ...(parameter === undefined ? [] : [{ subject, gate: parameter }])];
}

/** What the engine lacks of a subject, or undefined where it has it. */
export function unsupportedError(subject: string, gate: Requirement, { version, identity, store }: EngineFacts): VersionError | undefined {
  const isPodman = identity?.isPodman === true;
  const named = gate.part === undefined ? subject : `${subject} with ${gate.part}`;
  if (isPodman) {
    const error = lackingOnPodman(subject, named, gate.podman, identity.podmanVersion);
    if (error !== undefined) return error;
  } else if (gate.docker !== undefined) {
    const [, release] = /^Docker\/(\S{1,64})/i.exec(identity?.server ?? '') ?? [];
    if (release !== undefined && compareVersions(majorMinor(release), gate.docker) < 0) {
      return olderThan(subject, named, `Docker ${gate.docker}`, `Docker ${release}`);
    }
  }
  const spoken = isPodman && compareVersions(identity.apiVersion, version) < 0 ? identity.apiVersion : version;
  const { since, until } = gate;
  if (since !== undefined && compareVersions(spoken, since) < 0) {
    const message = `${named} needs API version ${since}, and ${spoken} is spoken with this engine`;
    return new VersionError(message, { subject, needed: since, spoken });
  }
  if (until !== undefined && compareVersions(spoken, until) >= 0) {
    const message = `${named} was removed in API version ${until}, and ${spoken} is spoken with this engine`;
    return new VersionError(message, { subject, needed: `below ${until}`, spoken });
  }
  if (gate.store !== undefined && store !== undefined && store !== gate.store) {
    const message = `${named} needs the ${gate.store} image store, and this engine has a ${store} store, which ignores it`;
    return new VersionError(message, { subject, needed: `${gate.store} store`, spoken: `${store} store` });
  }
  return undefined;
}

function lackingOnPodman(
  subject: string,
  named: string,
  needed: Requirement['podman'],
  release: string | undefined,
): VersionError | undefined {
  if (needed === undefined) return undefined;
  if (needed === false) {
    const message = `${named} needs Docker, and this engine is Podman, which has nothing like it`;
    return new VersionError(message, { subject, needed: 'Docker', spoken: 'Podman' });
  }
  if (release !== undefined && compareVersions(majorMinor(release), needed) >= 0) return undefined;
  return olderThan(subject, named, `Podman ${needed}`, `Podman ${release ?? 'of an unknown version'}`);
}

function olderThan(subject: string, named: string, needed: string, release: string): VersionError {
  const spoken = escapeText(release);
  return new VersionError(`${named} needs ${needed}, and this engine is ${spoken}, which ignores it`, { subject, needed, spoken });
}

/** All that the call must pass: its operation's gate, and that of each argument given. */
function requirementsOf(call: Call): { subject: string; gate: Requirement }[] {
  const row: Endpoint = endpoints[call.operation];
  const encoded = encodeArguments(call);
  if (encoded.length === 0) return [{ subject: call.operation, gate: row }];
  const given = encoded.flatMap(({ name, parameter, values }) => {
    const subject = `${call.operation}.${name}`;
    const alone = [{ subject, gate: parameter }];
    const { partly } = parameter;
    return partly?.when(values) === true ? [...alone, { subject, gate: partly }] : alone;
  });
  return [{ subject: call.operation, gate: row }, ...given];
}

interface EncodedArgument {
  readonly name: string;
  readonly parameter: Parameter<any>;
  readonly values: readonly string[];
}

/** Each argument that asks for something, with its parameter and what it is on the wire. */
function encodeArguments({ operation, args }: Call): readonly EncodedArgument[] {
  if (args === undefined || isEmpty(args)) return NONE;
  const { parameters }: Endpoint = endpoints[operation];
  const encoded: EncodedArgument[] = [];
  for (const name in parameters) {
    const parameter = args[name] === undefined ? undefined : parameters[name];
    const values = parameter?.encode(args[name]) ?? [];
    if (parameter !== undefined && values.length > 0) encoded.push({ name, parameter, values });
  }
  return encoded;
}

/** Most calls have none, and are asked for them five times on their way. */
const NONE: readonly never[] = [];
function isEmpty(object: object): boolean {
  for (const _ in object) return false;
  return true;
}
