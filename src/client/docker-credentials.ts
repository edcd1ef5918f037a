// The stored credentials of the docker command and of Podman, as a function that a client asks: DOCKER_AUTH_CONFIG,
// config.json, Podman's auth.json, and the helpers that they name.

import { SIGNAL, take } from './arguments.ts';
import { escapeText } from '../bytes.ts';
import type { CredentialChoice, CredentialSource } from '../api/credentials.ts';
import { findCredentials, parseAuthVariable } from '../config/stored-credentials.ts';
import { ArgumentError } from '../errors.ts';
import { TEXT, described, takeOptions } from '../kinds.ts';
import type { Kinds } from '../kinds.ts';
import { SingleFlight } from '../async/single-flight.ts';
import { outside } from '../system/outside.ts';
import { warner } from '../connection/warnings.ts';
import type { Warn } from '../connection/warnings.ts';

/** Where `dockerConfig` looks. */
export interface DockerConfigOptions {
  /** The folder of config.json, and then Podman's files are not read. Default: DOCKER_CONFIG, or `.docker` in the home folder. */
  readonly folder?: string | undefined;
  /**
   * In place of the process's own variables, of which DOCKER_AUTH_CONFIG, DOCKER_CONFIG, REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR,
   * XDG_CONFIG_HOME and the home folder's are read.
   */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** How long a credential helper may take, in milliseconds. Default 60,000. */
  readonly helperTimeoutMs?: number | undefined;
  /** Called once for each file of credentials that others may read, or that REGISTRY_AUTH_FILE names and is not there. Default: no calls. */
  readonly onWarning?: Warn | undefined;
}

/**
 * Who is logged in by `docker login` or `podman login`: reads config.json anew for every call that needs credentials,
 * and asks the helpers that it names (`credHelpers`, `credsStore`); DOCKER_AUTH_CONFIG goes before both, and the files
 * of `podman login` are read behind them. A registry of which they know nothing is used without credentials. A helper that nothing names is not started; the docker command
 * starts one that it finds, and writes it into config.json with the first login.
 *
 * Throws a `ConfigError` for a file that cannot be read and for a registry's own entry that cannot be used, and a
 * `CredentialError` for a helper that fails, all of them only when that registry is used.
 */
export function dockerConfig(options?: DockerConfigOptions): CredentialSource {
  const { folder: given, environment, helperTimeoutMs: timeoutMs, ...rest } = take('dockerConfig', options);
  const folder = given === undefined ? undefined : outside.files.absolutePath(given, 'dockerConfig: options.folder');
  const found = outside.dockerEnvironment(environment);
  const helpers = new SingleFlight<CredentialChoice>();
  const warn = warner(rest.onWarning);
  const readAuthFile: typeof outside.readAuthFile = async (path) => {
    const file = await outside.readAuthFile(path);
    const message = `REGISTRY_AUTH_FILE names ${path}, which does not exist: no credentials of it are used. Run podman login, or correct the path`;
    if (file === undefined && path === found.authFile) warn({ kind: 'configuration', subject: path, message });
    return file;
  };
  return async (registry, question) => {
    const { repository, signal } = takeOptions('dockerConfig', question, QUESTION);
    checkKey(registry);
    const scope = { registry, repository };
    const variable = found.authConfig === undefined ? undefined : parseAuthVariable(found.authConfig);
    const podmanFiles = folder === undefined ? found.podmanFiles : [];
    const files = [() => outside.readDockerConfig(folder ?? found.folder), ...podmanFiles.map((path) => () => readAuthFile(path))];
    let place = findCredentials(scope, { variable });
    for (const read of files) {
      if ('helper' in place || place.credentials !== undefined) break;
      const file = await read();
      if (file?.warning !== undefined) warn({ kind: 'readable-key', subject: file.config.source, message: file.warning });
      place = findCredentials(scope, { file: file?.config });
    }
    if (!('helper' in place)) return place.credentials;
    const { helper } = place;
    const ask = (left: AbortSignal): Promise<CredentialChoice> =>
      outside.askHelper({ helper, registry }, { timeoutMs, signal: left });
    return helpers.join(`${helper.name} ${registry}`, ask, signal);
  };
}

const QUESTION: Kinds = { repository: TEXT, signal: SIGNAL };

/** A key goes to a program on its stdin, where a second line could mean something, and into advice for a shell. */
function checkKey(registry: string): void {
  if (typeof registry === 'string' && /^[\w.:/[\]-]{1,1024}$/.test(registry)) return;
  throw new ArgumentError(typeof registry === 'string' ? `"${escapeText(registry.slice(0, 100))}" is not a registry` : `a registry is a string, not ${described(registry)}`);
}
