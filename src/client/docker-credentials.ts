// `dockerConfig`: the credentials that `docker login` and `podman login` have stored, as a function that a client calls for
// each registry. Checks its arguments and reads the environment when it is called; the lookup code is loaded when it is needed.

import { SIGNAL, take } from './arguments.ts';
import { escapeText } from '../bytes.ts';
import type { CredentialChoice, CredentialSource } from '../api/credentials.ts';
import { ArgumentError } from '../errors.ts';
import { TEXT, describeKind, takeOptions } from '../kinds.ts';
import type { Kinds } from '../kinds.ts';
import { SingleFlight } from '../async/single-flight.ts';
import { readEnvironment } from '../system/environment.ts';
import { absolutePath } from '../system/files/paths.ts';
import { warner } from '../connection/diagnostics.ts';
import type { Warn } from '../connection/diagnostics.ts';

/** The options of `dockerConfig`. */
export interface DockerConfigOptions {
  /** The folder of config.json; with it, Podman's files are not read. Default: DOCKER_CONFIG, or `.docker` in the home folder. */
  readonly folder?: string | undefined;
  /**
   * Environment variables, in place of those of the process. DOCKER_AUTH_CONFIG, DOCKER_CONFIG, REGISTRY_AUTH_FILE,
   * XDG_RUNTIME_DIR, XDG_CONFIG_HOME and those of the home folder are read.
   */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** The time limit for a credential helper, in milliseconds. Default 60,000. */
  readonly helperTimeoutMs?: number | undefined;
  /**
   * Called once for each file with credentials that other users can read, and for a REGISTRY_AUTH_FILE that does not exist.
   * Default: no warnings.
   */
  readonly onWarning?: Warn | undefined;
}

/**
 * Returns a source of the credentials that `docker login` and `podman login` have stored. For every call that needs
 * credentials it reads DOCKER_AUTH_CONFIG, then config.json, then Podman's files; it caches none of them. It starts the
 * credential helper that `credHelpers` or `credsStore` names, but no other, while the docker command also looks for installed
 * helpers. A registry without an entry is used without credentials.
 *
 * Throws an `ArgumentError` for a wrong option, and a `ConfigError` for a variable whose value should be a path but is not. A
 * call rejects with a `ConfigError` if a file cannot be read or the entry of its registry cannot be used, and with a
 * `CredentialError` if a helper fails.
 */
export function dockerConfig(options?: DockerConfigOptions): CredentialSource {
  const { folder, environment: variables, helperTimeoutMs: timeoutMs, onWarning } = take('dockerConfig', options);
  const ownFolder = folder === undefined ? undefined : absolutePath(folder, 'dockerConfig: options.folder');
  const environment = readEnvironment(variables);
  const running = new SingleFlight<CredentialChoice>();
  const warn = warner(onWarning);
  return async (registry, request) => {
    const { repository, signal } = takeOptions('dockerConfig', request, REQUEST);
    checkKey(registry);
    const { lookUpCredentials } = await import('../system/files/read-docker-config.ts');
    const place = await lookUpCredentials({ registry, repository }, environment, ownFolder, warn);
    if (!('helper' in place)) return place.credentials;
    const { helper } = place;
    const { askHelper } = await import('../system/programs/credential-helper.ts');
    return running.join(`${helper.name} ${registry}`, (allLeft) => askHelper({ helper, registry }, { timeoutMs, signal: allLeft }), signal);
  };
}

const REQUEST: Kinds = { repository: TEXT, signal: SIGNAL };

/** Checks a registry's key, because a helper reads it as one line from stdin, and error messages show it in shell commands. */
function checkKey(registry: string): void {
  if (typeof registry !== 'string') throw new ArgumentError(`a registry is a string, not ${describeKind(registry)}`);
  if (!/^[\w.:/[\]-]{1,1024}$/.test(registry)) throw new ArgumentError(`"${escapeText(registry.slice(0, 100))}" is not a registry`);
}
