// The TLS that the docker command would use with an engine: asked for by variables, or kept with a context. What asks for
// TLS gets it or an error: nothing here ever turns it off.

import { ConfigError } from '../errors.ts';
import type { StoredContext } from './docker-context.ts';
import { below } from './environment-variables.ts';
import type { Variables } from './environment-variables.ts';

/** How a connection is encrypted: paths of PEM files, and whether the other side must prove who it is. */
export interface EngineTls {
  /** Who may vouch for the engine; undefined: those whom the system trusts. */
  readonly ca: string | undefined;
  /** With `key`, what proves to the engine who we are. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly verify: boolean;
}

/** The files' names, wherever they are. */
export const TLS_FILES = { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' } as const;

interface TlsFacts {
  /** Where the files would be; undefined where nobody knows the user's folder. */
  readonly tlsFolder: string | undefined;
  /** Paths that exist. */
  readonly existing: ReadonlySet<string>;
  /** Whether the address itself asks for TLS. */
  readonly https: boolean;
  readonly variables: Variables;
}

interface ContextFacts {
  /** Its name. */
  readonly context: string;
  readonly stored: StoredContext | undefined;
}

/**
 * As DOCKER_TLS_VERIFY and DOCKER_TLS say, with the files of DOCKER_CERT_PATH or of the configuration's folder. Whoever is
 * to be verified is so by the ca.pem there, which must exist; the docker command wants it for DOCKER_TLS alone, too, and
 * does not look at it.
 */
export function variablesTls({ tlsFolder, existing, https, variables }: TlsFacts): EngineTls | undefined {
  const { DOCKER_TLS, DOCKER_TLS_VERIFY } = variables;
  if ((DOCKER_TLS ?? DOCKER_TLS_VERIFY) === undefined) return https ? systemTrust : undefined;
  const who = DOCKER_TLS_VERIFY === undefined ? 'DOCKER_TLS' : 'DOCKER_TLS_VERIFY';
  const fail = (why: string): never => {
    throw new ConfigError([`${who} asks for TLS${why}`, ...mistakenTls(variables)].join('; '));
  };
  if (tlsFolder === undefined) return fail(': set DOCKER_CERT_PATH to the folder of ca.pem');
  const files = filesIn(tlsFolder, existing);
  if (DOCKER_TLS_VERIFY !== undefined && files.ca === undefined) {
    fail(`, and ${below(tlsFolder, TLS_FILES.ca)} does not exist: DOCKER_CERT_PATH names its folder`);
  }
  return { ...files, verify: DOCKER_TLS_VERIFY !== undefined || https };
}

/** As a context's own files say, and SkipTLSVerify, which alone asks for TLS as well. The variables add nothing. */
export function contextTls(facts: TlsFacts & ContextFacts): EngineTls | undefined {
  const { tlsFolder, existing, https, variables, context } = facts;
  const skipTlsVerify = facts.stored?.skipTlsVerify === true;
  const files = tlsFolder === undefined ? none : filesIn(tlsFolder, existing);
  const own = skipTlsVerify || files !== none;
  if (own) return { ...files, verify: !skipTlsVerify };
  if (https) return systemTrust;
  // The docker command goes on in plain text here.
  const asking = (['DOCKER_TLS_VERIFY', 'DOCKER_TLS'] as const).find((name) => variables[name] !== undefined);
  if (asking === undefined) return undefined;
  const why = `${asking} asks for TLS, and context "${context}" has none: give it a CA, or unset ${asking}`;
  throw new ConfigError([why, ...mistakenTls(variables)].join('; '));
}

/** A sentence for each variable that asks for TLS, and whose value looks as if it did not. */
export function mistakenTls(variables: Variables): string[] {
  const names = ['DOCKER_TLS', 'DOCKER_TLS_VERIFY'] as const;
  return names
    .filter((name) => /^(?:0|n|no|f|false|off)$/i.test(variables[name] ?? ''))
    .map((name) => `${name}=${variables[name]} means yes, as any value but an empty one does: unset it to mean no`);
}

const none = { ca: undefined, cert: undefined, key: undefined };
const systemTrust: EngineTls = { ...none, verify: true };

/** Those that exist. A certificate without its key would be dropped without a word. */
function filesIn(folder: string, existing: ReadonlySet<string>): Omit<EngineTls, 'verify'> {
  const path = (name: keyof typeof TLS_FILES): string | undefined => {
    const file = below(folder, TLS_FILES[name]);
    return existing.has(file) ? file : undefined;
  };
  const [ca, cert, key] = [path('ca'), path('cert'), path('key')];
  if ((cert === undefined) !== (key === undefined)) {
    const missing = below(folder, cert === undefined ? TLS_FILES.cert : TLS_FILES.key);
    throw new ConfigError(`${missing} does not exist, without which ${cert ?? key} is of no use`);
  }
  return ca ?? cert ? { ca, cert, key } : none;
}

/** The paths of which it must be known whether they exist. */
export function tlsFilesToLookAt(folder: string | undefined): string[] {
  return folder === undefined ? [] : Object.values(TLS_FILES).map((name) => below(folder, name));
}
