// A row of the table, its arguments and the negotiated version become a request; and the only version gate there is.

import { escapeText } from '../bytes.ts';
import { ArgumentError, VersionError } from '../errors.ts';
import type { Endpoint, Gate } from './endpoint.ts';
import { endpoints } from './endpoints.ts';
import type { OperationName } from './endpoints.ts';
import { encodePath } from './reference.ts';
import { compareVersions } from './version.ts';

/** What one operation is called with. */
export interface Call {
  readonly operation: OperationName;
  /** What `{image}` in the path stands for, already validated. */
  readonly image?: string;
  /** By the row's own names; undefined means: not given. */
  readonly args?: Readonly<Record<string, unknown>>;
}

/** Method and target, ready to be sent. */
export interface Target {
  readonly method: string;
  readonly target: string;
}

/** The request for a call at a version. A `VersionError` for what that version lacks: no engine would say a word. */
export function encodeCall({ operation, image, args = {} }: Call, version: string): Target {
  const row: Endpoint = endpoints[operation];
  gate(operation, row, version);
  const query = new URLSearchParams();
  for (const { name, parameter, values } of encodeArguments(row, args)) {
    gate(`${operation}.${name}`, parameter, version);
    for (const value of values) query.append(parameter.wire, value);
  }
  const prefix = row.versioned === false ? '' : `/v${version}`;
  const path = row.path.replace('{image}', () => encodePath(image ?? ''));
  return { method: row.method, target: `${prefix}${path}${query.size > 0 ? `?${query}` : ''}` };
}

/** Throws an `ArgumentError` for what no version could be sent: so it is told before any I/O. */
export function checkArguments({ operation, args = {} }: Call): void {
  encodeArguments(endpoints[operation], args);
}

/** Each argument that was given, with its parameter and what it is on the wire. */
function encodeArguments(row: Endpoint, args: Readonly<Record<string, unknown>>) {
  const given = Object.entries(row.parameters).filter(([name]) => args[name] !== undefined);
  return given.map(([name, parameter]) => ({ name, parameter, values: parameter.encode(args[name]) }));
}

/** Throws unless the version knows the subject, `"removeImage"` or `"removeImage.platforms"`. */
function gate(subject: string, { since, until }: Gate, version: string): void {
  if (since !== undefined && compareVersions(version, since) < 0) {
    const message = `${subject} needs API version ${since}, and ${version} is spoken with this engine`;
    throw new VersionError(message, { subject, needed: since, spoken: version });
  }
  if (until !== undefined && compareVersions(version, until) >= 0) {
    const message = `${subject} was removed in API version ${until}, and ${version} is spoken with this engine`;
    throw new VersionError(message, { subject, needed: `below ${until}`, spoken: version });
  }
}

/** Throws for an option that a method does not have: a misspelt one would be dropped in silence. */
export function refuseUnknownOptions(method: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new ArgumentError(`${method} has no option "${escapeText(name)}"; it has ${known.join(', ')}`);
  }
}
