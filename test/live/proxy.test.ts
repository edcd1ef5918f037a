// The engine behind a real nginx that uses HTTP/1.0 (portainer#4276, portainer#3910). When the engine dies in the middle of an
// answer, nginx ends its own answer normally, so HTTP does not show that anything is missing.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImageClient, TruncatedError } from '../../src/index.ts';
import { titled } from '../support/installed.ts';
import { noNginx, startNginx } from './nginx.ts';
import type { Nginx } from './nginx.ts';
import { LABEL, REGISTRY, cleanUp, collect, connect, failure, fileOf, makeFor, registryDigest, repository } from './support.ts';

type Operation = 'import' | 'push' | 'pull' | 'load';
/** How the target of each operation begins, after the API version. */
const targets: Readonly<Record<Operation, string>> = {
  import: '/images/create?fromSrc=',
  push: `/images/${REGISTRY}/`,
  pull: '/images/create?fromImage=',
  load: '/images/load',
};

/** The events that say that an operation has finished; Podman's pull has none, but its last event has the image's id. */
const END = /digest: sha256:|"aux"|Loaded image|"status":"sha256:/i;

/** Where the engine dies, and what it has sent by then, chosen from the lines of a whole response. */
const deaths: ReadonlyArray<readonly [when: string, said: (lines: readonly string[], end: number) => string]> = [
  ['before its first event', () => ''],
  ['in the middle of an event', (lines, end) => `${lines.slice(0, end).join('')}${lines[end]?.slice(0, 9)}`],
  ['right before the end', (lines, end) => lines.slice(0, end).join('')],
];

describe.skipIf(noNginx !== undefined)(titled('an engine behind nginx with HTTP/1.0', noNginx), () => {
  const direct = connect();
  let nginx: Nginx;
  let docker: ImageClient;
  let archive: Buffer;
  /** The engine's complete response to each operation, from the status line on. */
  const whole = new Map<Operation, string>();

  beforeAll(async () => {
    nginx = await startNginx();
    docker = new ImageClient({ host: nginx.host });
    const { name, remote, id } = await makeFor(docker, REGISTRY, 'proxy');
    whole.set('import', nginx.answerTo(targets.import));
    expect((await direct.inspectImage(name)).Id).toBe(id);

    const { digest } = await docker.push(remote);
    whole.set('push', nginx.answerTo(targets.push));
    expect(digest).toBe(await registryDigest(REGISTRY, repository('proxy'), 'v1'));

    archive = await collect(docker.getImage(name, { verify: 'digests' }));
    expect(fileOf(archive, 'what')).toMatch(/^proxy v1/);

    await direct.removeImage(id, { force: true });
    expect(await docker.pull(remote)).toMatchObject({ digest, status: 'downloaded' });
    whole.set('pull', nginx.answerTo(targets.pull));

    await direct.removeImage(remote);
    await docker.loadImage(archive);
    whole.set('load', nginx.answerTo(targets.load));
    expect((await direct.inspectImage(name)).Id).toBe(id);
  });
  afterAll(async () => {
    docker?.close();
    await nginx?.close();
    await cleanUp(direct);
  });

  /** The head of a whole response, and the part that the engine had sent when it died. */
  function cut(operation: Operation, said: (typeof deaths)[number][1]): { head: string; body: string } {
    const [first = '', ...rest] = (whole.get(operation) ?? '').split('\r\n\r\n');
    // Podman sends the length of a short response, so HTTP shows that it is truncated; not so for a longer one.
    const head = first.replace(/\r\nContent-Length: \d+/i, '');
    const lines = rest.join('\r\n\r\n').split(/(?<=\n)/);
    const end = lines.findIndex((line) => END.test(line));
    return { head: `${head}\r\n\r\n`, body: said(lines, end === -1 ? lines.length - 1 : end) };
  }

  it('completes imports, pushes, saves, pulls and loads', () => {
    // `beforeAll` does the work, because the other tests need the engine's responses; this checks that they are whole.
    for (const operation of Object.keys(targets) as Operation[]) {
      expect(whole.get(operation), operation).toMatch(/^HTTP\/1\.0 200 OK\r\n[^]*\r\n\r\n[^]*\}\r?\n$/);
    }
  });

  it.each(Object.keys(targets) as Operation[])('ends the answer to a %s in good order when the engine dies', async (operation) => {
    const { head, body } = cut(operation, (lines) => lines.slice(0, -1).join(''));
    nginx.answerNext('/died', head + body);
    // Not spawnSync: the relay behind nginx runs in this process.
    const argv = ['-sS', '-X', 'POST', '--unix-socket', nginx.socket, 'http://engine/died'];
    expect(await promisify(execFile)('curl', argv)).toEqual({ stdout: body, stderr: '' });
  });

  const calls: Readonly<Record<Operation, () => Promise<unknown>>> = {
    import: async () => docker.importImageFromData({ what: 'cut' }, { repository: repository('proxy-cut'), changes: [`LABEL ${LABEL}`] }),
    push: async () => {
      const { remote } = await makeFor(direct, REGISTRY, 'proxy-cut-push');
      return docker.push(remote);
    },
    pull: async () => docker.pull(`${REGISTRY}/${repository('proxy-cut-pull')}:v1`),
    load: async () => docker.loadImage(archive),
  };
  const cases = deaths.flatMap(([when, said]) => (Object.keys(calls) as Operation[]).map((operation) => [operation, when, said] as const));
  it.each(cases)('that dies during an operation (%s, %s) causes a TruncatedError', async (operation, _, said) => {
    const { head, body } = cut(operation, said);
    nginx.answerNext(targets[operation], head + body);
    const error = await failure(calls[operation]());
    expect(error).toBeInstanceOf(TruncatedError);
    expect(error).toMatchObject({ phase: 'stream', transient: true });
    expect(nginx.isAnswered()).toBe(true);
    await docker.ping();
  });
});
