// Decides whether the connection to an engine uses TLS, from the same variables and contexts as the docker command. If one of
// them asks for TLS, the result is TLS or an error, never a connection without it.

import { ConfigError } from '../errors.ts';
import type { StoredContext } from './docker-context.ts';
import type { Address } from './engine-address.ts';
import type { EngineTls } from './engine-explanation.ts';
import { joinPath } from './environment-variables.ts';
import type { Variables } from './environment-variables.ts';

const FILES = { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' } as const;
const NO_FILES = { ca: undefined, cert: undefined, key: undefined };
const SYSTEM_TRUST: EngineTls = { ...NO_FILES, verify: true };

/** The facts that decide whether TLS is used. */
export interface TlsFacts {
  readonly address: Address;
  readonly context: StoredContext | undefined;
  /** The folder of the PEM files; undefined if the home folder is unknown. */
  readonly tlsFolder: string | undefined;
  readonly existing: ReadonlySet<string>;
  readonly variables: Variables;
}

/** Returns the paths of TLS files in a folder; the caller of `tlsSettings` must check which of them exist. */
export function tlsFilesIn(folder: string | undefined): string[] {
  return folder === undefined ? [] : Object.values(FILES).map((name) => joinPath(folder, name));
}

/** Whether DOCKER_TLS or DOCKER_TLS_VERIFY asks for TLS. Any value but an empty one means yes, even "0", as in the docker command. */
export function asksForTls({ DOCKER_TLS, DOCKER_TLS_VERIFY }: Variables): boolean {
  return (DOCKER_TLS ?? DOCKER_TLS_VERIFY) !== undefined;
}

/** Returns TLS settings for an address (undefined: no TLS) and warnings. Only TCP uses TLS: sockets are local, ssh encrypts itself. */
export function tlsSettings(facts: TlsFacts): { readonly tls: EngineTls | undefined; readonly warnings: string[] } {
  const { address, context, variables } = facts;
  if (address.scheme !== 'tcp') return { tls: undefined, warnings: [] };
  const tls = context === undefined ? variablesTls(facts, address.tls) : contextTls(facts, context, address.tls);
  const warnings = context === undefined ? misreadValues(variables) : [];
  if (tls?.verify === false) {
    const reason = context === undefined ? 'DOCKER_TLS without DOCKER_TLS_VERIFY' : `SkipTLSVerify of context "${context.name}"`;
    warnings.push(`the connection to ${address.text} is encrypted, but the server certificate is not verified, by ${reason}`);
  }
  if (tls === undefined && variables.DOCKER_CERT_PATH !== undefined) {
    warnings.push(`the connection to ${address.text} is not encrypted: DOCKER_CERT_PATH alone does not ask for TLS`);
  }
  return { tls, warnings };
}

/**
 * TLS by DOCKER_TLS_VERIFY and DOCKER_TLS, with the files in DOCKER_CERT_PATH or in the configuration folder. Verification
 * requires a ca.pem there. (With DOCKER_TLS alone, the docker command requires a ca.pem but does not use it.)
 */
function variablesTls({ tlsFolder, existing, variables }: TlsFacts, https: boolean): EngineTls | undefined {
  if (!asksForTls(variables)) return https ? SYSTEM_TRUST : undefined;
  const verify = variables.DOCKER_TLS_VERIFY !== undefined;
  const fail = (problem: string): never => {
    const name = verify ? 'DOCKER_TLS_VERIFY' : 'DOCKER_TLS';
    throw new ConfigError([`${name} asks for TLS${problem}`, ...misreadValues(variables)].join('; '));
  };
  if (tlsFolder === undefined) return fail(': set DOCKER_CERT_PATH to the folder of ca.pem');
  const files = filesIn(tlsFolder, existing);
  if (verify && files.ca === undefined) fail(`, and ${joinPath(tlsFolder, FILES.ca)} does not exist: set DOCKER_CERT_PATH to its folder`);
  return { ...files, verify: verify || https };
}

/** TLS by a context's own files and SkipTLSVerify. Variables add no files; if one asks for TLS and the context has none, it is an error. */
function contextTls({ tlsFolder, existing, variables }: TlsFacts, context: StoredContext, https: boolean): EngineTls | undefined {
  const files = tlsFolder === undefined ? NO_FILES : filesIn(tlsFolder, existing);
  if (context.skipTlsVerify || files !== NO_FILES) return { ...files, verify: !context.skipTlsVerify };
  if (https) return SYSTEM_TRUST;
  // Here the docker command connects without TLS.
  const name = (['DOCKER_TLS_VERIFY', 'DOCKER_TLS'] as const).find((each) => variables[each] !== undefined);
  if (name === undefined) return undefined;
  const problem = `${name} asks for TLS, and context "${context.name}" has none: give it a CA, or unset ${name}`;
  throw new ConfigError([problem, ...misreadValues(variables)].join('; '));
}

/** Returns a sentence for each variable that turns TLS on although its value looks like "no". */
function misreadValues(variables: Variables): string[] {
  const names = ['DOCKER_TLS', 'DOCKER_TLS_VERIFY'] as const;
  return names
    .filter((name) => /^(?:0|n|no|f|false|off)$/i.test(variables[name] ?? ''))
    .map((name) => `${name}=${variables[name]} means yes, as any value but an empty one does: unset it to mean no`);
}

/** The files that exist in a folder. A certificate without its key is an error, because it would be ignored. */
function filesIn(folder: string, existing: ReadonlySet<string>): Omit<EngineTls, 'verify'> {
  const [ca, cert, key] = tlsFilesIn(folder).map((path) => (existing.has(path) ? path : undefined));
  if ((cert === undefined) !== (key === undefined)) {
    const missing = joinPath(folder, cert === undefined ? FILES.cert : FILES.key);
    throw new ConfigError(`${missing} does not exist, and ${cert ?? key} cannot be used without it`);
  }
  return ca ?? cert ? { ca, cert, key } : NO_FILES;
}
