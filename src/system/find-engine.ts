// Looks up where the engine is: config.json, the context store, and which sockets exist.

import { stat } from 'node:fs/promises';
import { parseSettings } from '../config/config-file.ts';
import { currentContext, httpHeaders } from '../config/config-settings.ts';
import { contextPaths, contextStore, parseContext } from '../config/docker-context.ts';
import type { StoredContext } from '../config/docker-context.ts';
import { checkHeaders, parseCustomHeaders } from '../config/custom-headers.ts';
import type { Headers } from '../config/custom-headers.ts';
import { chooseEngine, knownContext, nameEngine, socketsToLookAt } from '../config/resolve-engine.ts';
import type { EngineChoice, EngineQuestion, EngineRequest, KnownContext, Selection } from '../config/resolve-engine.ts';
import { tlsFilesToLookAt } from '../config/tls-settings.ts';
import { below, configFolder } from '../config/environment-variables.ts';
import type { Environment } from '../config/environment-variables.ts';
import { ConfigError } from '../errors.ts';
import { withRemedy } from './files/read-docker-config.ts';
import { namesInFolder, readSmallFile } from './files/read-small-file.ts';

/** The most contexts that a list has; people have a handful. */
export const CONTEXTS_LIMIT = 1000;

/** The engine that is meant. A `ConfigError` says what is wrong with the file or variable that decides. */
export async function findEngine(request: EngineRequest, surroundings: Environment): Promise<EngineChoice> {
  const { variables } = surroundings;
  const folder = configFolder(surroundings);
  const configFile = folder === undefined ? undefined : below(folder, 'config.json');
  const settings = configFile === undefined ? {} : await settingsOrError(configFile, variables.DOCKER_CONFIG);
  const path = configFile ?? 'config.json';
  const question: EngineQuestion = {
    request,
    surroundings,
    configFile,
    currentContext: settings instanceof ConfigError ? settings : orError(() => currentContext(settings, path)),
  };
  const named = nameEngine(question);
  const stored = named.kind === 'context' ? await readContext(folder, named) : undefined;
  const own = named.kind === 'context' && folder !== undefined ? await contextPaths(folder, named.name) : undefined;
  const tlsFolder = own?.tlsFolder ?? variables.DOCKER_CERT_PATH ?? folder;
  const existing = await thoseThatExist([...socketsToLookAt(question), ...tlsFilesToLookAt(tlsFolder)]);
  const custom = variables.DOCKER_CUSTOM_HEADERS;
  const inFile = settings instanceof ConfigError ? [] : httpHeaders(settings, path);
  const headers: Headers = custom === undefined ? checkHeaders(inFile, `HttpHeaders in ${path}`) : parseCustomHeaders(custom);
  const choice = chooseEngine(question, named, { existing, stored, tlsFolder, headers });
  // The engine is named elsewhere, so the file was not needed.
  if (!(settings instanceof ConfigError)) return choice;
  const warnings = [...choice.explanation.warnings, `its settings do not count: ${settings.message}`];
  return { ...choice, explanation: { ...choice.explanation, warnings } };
}

/** The contexts of the store by their names; those that cannot be read are told of with the reason. */
export async function listContexts(environment: Environment): Promise<KnownContext[]> {
  const folder = configFolder(environment);
  if (folder === undefined) return [];
  const ids = await namesInFolder(contextStore(folder));
  const paths = ids.slice(0, CONTEXTS_LIMIT).map((id) => below(contextStore(folder), id, 'meta.json'));
  const found = await Promise.all(paths.map(readKnownContext));
  return found.flatMap((context) => context ?? []).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readKnownContext(path: string): Promise<KnownContext | undefined> {
  try {
    const file = await readSmallFile(path);
    if (file === undefined) return undefined;
    return knownContext(parseContext(file.bytes, path));
  } catch (error) {
    if (error instanceof ConfigError) return { name: path, host: undefined, description: undefined, problem: error.message };
    throw error;
  }
}

/** An error is thrown only where a setting is needed, and warned of elsewhere. */
async function settingsOrError(path: string, folder: string | undefined): Promise<ReturnType<typeof parseSettings> | ConfigError> {
  try {
    return await readSettings(path, folder);
  } catch (error) {
    if (error instanceof ConfigError) return withRemedy(error);
    throw error;
  }
}

/** Without the file there are no settings; DOCKER_CONFIG that names a file would look just so. */
async function readSettings(path: string, folder: string | undefined): Promise<ReturnType<typeof parseSettings>> {
  const file = await readSmallFile(path);
  if (file !== undefined) return parseSettings(file.bytes, path);
  const isFile = folder !== undefined && (await stat(folder).then((found) => !found.isDirectory(), () => false));
  if (isFile) throw new ConfigError(`DOCKER_CONFIG names the folder of config.json, and ${folder} is a file`);
  return {};
}

async function readContext(folder: string | undefined, { name, source }: NamedContext): Promise<StoredContext> {
  if (folder === undefined) {
    throw new ConfigError(`there is no folder to look for context "${name}" (${source}) in: set HOME or DOCKER_CONFIG`);
  }
  const { meta } = await contextPaths(folder, name);
  const file = await readSmallFile(meta);
  if (file === undefined) throw new ConfigError(`there is no context "${name}" (${source}): ${meta} does not exist`);
  return parseContext(file.bytes, meta);
}

type NamedContext = Extract<Selection, { kind: 'context' }>;

function orError<Value>(read: () => Value): Value | ConfigError {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

/** What cannot be looked at counts as there: to go on to another engine would be to guess. */
async function thoseThatExist(paths: readonly string[]): Promise<ReadonlySet<string>> {
  // A pipe cannot be looked at without being opened; all of them are listed like files.
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
