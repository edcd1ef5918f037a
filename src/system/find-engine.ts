// Finds the engine to use: reads config.json and the context, and checks which sockets and TLS files exist. The rules are in
// config/resolve-engine.ts.

import { stat } from 'node:fs/promises';
import type { JsonObject } from '../api/json.ts';
import { currentContext, httpHeaders } from '../config/config-file.ts';
import { checkHeaders, parseCustomHeaders } from '../config/custom-headers.ts';
import { contextPaths, contextStore, parseContext } from '../config/docker-context.ts';
import { configFolder, joinPath } from '../config/environment-variables.ts';
import type { Environment } from '../config/environment-variables.ts';
import { resolveEngine, knownContext, selectRule, socketsToCheck } from '../config/resolve-engine.ts';
import type { KnownContext } from '../config/engine-explanation.ts';
import type { ResolvedEngine, EngineSelector } from '../config/resolve-engine.ts';
import { tlsFilesIn } from '../config/tls-settings.ts';
import { ConfigError } from '../errors.ts';
import { readDockerConfig } from './files/read-docker-config.ts';
import { namesInFolder, readSmallFile } from './files/read-small-file.ts';

/** The maximum number of contexts in a list. Our own limit: people have only a few. */
export const CONTEXTS_LIMIT = 1000;

/** Finds the engine to use. Throws a `ConfigError` that names the file or variable with the problem. */
export async function findEngine(selector: EngineSelector, environment: Environment): Promise<ResolvedEngine> {
  const { variables } = environment;
  const folder = configFolder(environment);
  const configFile = folder && joinPath(folder, 'config.json');
  // An error in the file is thrown only if no stronger rule names the engine.
  const file = await readDockerConfig(folder, variables.DOCKER_CONFIG !== undefined).catch(configErrorOf);
  const isBroken = file instanceof ConfigError;
  const { source = 'config.json', members = {} } = (isBroken ? undefined : file?.config) ?? {};
  const configuration = { ...selector, environment, configFile, currentContext: isBroken ? file : contextIn(members, source) };
  const selected = selectRule(configuration);
  const context = selected.context === undefined ? undefined : await readContext(folder, selected.context, selected.source);
  const tlsFolder = context?.tlsFolder ?? variables.DOCKER_CERT_PATH ?? folder;
  const existing = await existingPaths([...socketsToCheck(environment), ...tlsFilesIn(tlsFolder)]);
  const custom = variables.DOCKER_CUSTOM_HEADERS;
  const inFile = httpHeaders(members, source);
  const headers = custom === undefined ? checkHeaders(inFile, `HttpHeaders in ${source}`) : parseCustomHeaders(custom);
  const choice = resolveEngine(configuration, selected, { existing, stored: context?.stored, tlsFolder, headers });
  if (!isBroken) return choice;
  const warnings = [...choice.explanation.warnings, `the settings in config.json are ignored: ${file.message}`];
  return { ...choice, explanation: { ...choice.explanation, warnings } };
}

function contextIn(members: JsonObject, source: string): string | ConfigError | undefined {
  try {
    return currentContext(members, source);
  } catch (error) {
    return configErrorOf(error);
  }
}

/** Returns a caught `ConfigError`, and throws any other error again. */
function configErrorOf(error: unknown): ConfigError {
  if (error instanceof ConfigError) return error;
  throw error;
}

/** Lists the stored contexts by name. A context that cannot be read is listed with its path and the problem. */
export async function listContexts(environment: Environment): Promise<KnownContext[]> {
  const folder = configFolder(environment);
  if (folder === undefined) return [];
  const ids = await namesInFolder(contextStore(folder));
  const paths = ids.slice(0, CONTEXTS_LIMIT).map((id) => joinPath(contextStore(folder), id, 'meta.json'));
  const found = await Promise.all(paths.map(readKnownContext));
  return found.flatMap((context) => context ?? []).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readKnownContext(path: string): Promise<KnownContext | undefined> {
  try {
    const file = await readSmallFile(path);
    return file && knownContext(parseContext(file.bytes, path));
  } catch (error) {
    return { name: path, host: undefined, description: undefined, problem: configErrorOf(error).message };
  }
}

/** Returns a stored context, and the folder of its TLS files. */
async function readContext(folder: string | undefined, name: string, source: string) {
  if (folder === undefined) {
    throw new ConfigError(`cannot look up context "${name}" (${source}): the home folder is unknown; set HOME or DOCKER_CONFIG`);
  }
  const { meta, tlsFolder } = await contextPaths(folder, name);
  const file = await readSmallFile(meta);
  const rule = source === 'context' ? '' : ` (${source})`;
  if (file === undefined) throw new ConfigError(`context "${name}"${rule} not found: ${meta} does not exist. docker context ls lists the contexts`);
  return { stored: { ...parseContext(file.bytes, meta), name }, tlsFolder };
}

/** Returns the paths that exist. A path that cannot be checked counts as existing: a fallback to another engine would be a guess. */
async function existingPaths(paths: readonly string[]): Promise<ReadonlySet<string>> {
  // Checking a pipe would open it, so all pipes are listed, like the files of a folder.
  const pipes = paths.some(isPipe) ? await namesInFolder('\\\\.\\pipe\\').catch(() => undefined) : [];
  const exists = async (path: string): Promise<boolean> =>
    isPipe(path) ? pipes?.includes(path.slice(path.lastIndexOf('/') + 1)) !== false : fileExists(path);
  const found = await Promise.all(paths.map(exists));
  return new Set(paths.filter((_, index) => found[index]));
}

function fileExists(path: string): Promise<boolean> {
  return stat(path).then(() => true, ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT' && code !== 'ENOTDIR');
}

function isPipe(path: string): boolean {
  return path.startsWith('//./pipe/');
}
