// What the tests of complaints share: an engine and a client for each test, and the declaration of a test.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { ImageClient } from '../../src/index.ts';
import type { CallOptions, Credentials, ImageClientOptions } from '../../src/index.ts';
import { fakeDaemon } from './fake-daemon.ts';
import { fakeEngine } from './fake-engine.ts';
import type { Answering, FakeEngine } from './fake-engine.ts';

export let engine: FakeEngine;
export let client: ImageClient;
/** The steps that undo what a test has made; they run in reverse order. */
export const undo: Array<() => unknown> = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const step of undo.splice(0).reverse()) await step();
});

export interface StartOptions extends ImageClientOptions {
  /** The newest API version of the engine. */
  readonly newest?: string;
}

export async function start(answering: Answering, { newest = '1.55', ...rest }: StartOptions = {}): Promise<void> {
  engine = await fakeEngine(answering, newest);
  client = new ImageClient({ ...rest, host: engine.host });
  undo.push(engine.close, () => client.close());
}

export async function startDaemon(...[onConnection]: Parameters<typeof fakeDaemon>): ReturnType<typeof fakeDaemon> {
  const daemon = await fakeDaemon(onConnection);
  undo.push(daemon.close);
  return daemon;
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The error of a call, whether it throws or rejects. */
export async function failure(call: () => unknown): Promise<unknown> {
  return (async () => call())().then(
    (value) => expect.unreachable(`it gave ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Waits some turns of the event loop until a condition holds, also with fake timers. */
export async function turnsUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

export const sent = (): string[] => engine.asked.map(({ method, target }) => `${method} ${decodeURIComponent(target)}`);
export const lines = (...values: object[]): string => values.map((value) => `${JSON.stringify(value)}\r\n`).join('');
export const failed = (message: string): object => ({ errorDetail: { message }, error: message });
export const login: Credentials = { username: 'u', password: 'hunter2' };
export const digest = `sha256:${'a'.repeat(64)}`;
export const DAY_MS = 24 * 60 * 60 * 1000;
/** An engine that never responds. */
export const silent: Answering = () => undefined;

/** A usual call of every method that sends a request. */
export const methods: Readonly<Record<string, (docker: ImageClient, options: CallOptions) => PromiseLike<unknown>>> = {
  ping: (docker, options) => docker.ping(options),
  version: (docker, options) => docker.version(options),
  info: (docker, options) => docker.info(options),
  checkAuth: (docker, options) => docker.checkAuth('docker.io', login, options),
  events: (docker, { signal }) => collect(docker.events({ signal })),
  diskUsage: (docker, options) => docker.diskUsage(options),
  images: (docker, options) => docker.images(options),
  inspectImage: (docker, options) => docker.inspectImage('a', options),
  exists: (docker, options) => docker.exists('a', options),
  history: (docker, options) => docker.history('a', options),
  tag: (docker, options) => docker.tag('a', 'b', options),
  removeImage: (docker, options) => docker.removeImage('a', options),
  pruneImages: (docker, options) => docker.pruneImages(options),
  prunePlan: (docker, options) => docker.prunePlan(options),
  search: (docker, options) => docker.search('a', options),
  inspectDistribution: (docker, options) => docker.inspectDistribution('a', options),
  checkForUpdate: (docker, options) => docker.checkForUpdate('a', options),
  imageAttestations: (docker, options) => docker.imageAttestations('a', options),
  layers: (docker, options) => docker.layers(options),
  copyImage: (docker, options) => docker.copyImage('a', { ...options, to: new ImageClient({ host: 'unix:///nowhere.sock' }) }),
  pull: (docker, options) => docker.pull('a', options),
  push: (docker, options) => docker.push('a', options),
  getImage: (docker, options) => docker.getImage('a', options).each(() => {}),
  loadImage: (docker, options) => docker.loadImage(Buffer.of(1), options),
  importImage: (docker, options) => docker.importImage(Buffer.of(1), options),
  importImageFromData: (docker, options) => docker.importImageFromData({ a: 'b' }, options),
  importImageFromFile: (docker, options) => docker.importImageFromFile(fileURLToPath(import.meta.url), options),
  importImageFromStream: (docker, options) => docker.importImageFromStream(Readable.from([Buffer.of(1)]), options),
  importImageFromUrl: (docker, options) => docker.importImageFromUrl('http://h/x.tar', options),
  importImageFromImage: (docker, options) => docker.importImageFromImage('a', options),
  request: (docker, options) => docker.request({ path: '/x', ...options }),
};

/** Declares the test of one complaint. */
export function point(id: string, claim: string, holds: () => Promise<void>): void {
  it(`${id}: ${claim}`, holds);
}
