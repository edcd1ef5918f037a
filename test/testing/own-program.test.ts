// Runs the example tests of README and of the programs in test/examples as their authors would. Also replays the tapes of
// these programs to Node's own client and to curl, because their packages may not be installed.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { encodeTape, replay } from '../../src/testing.ts';
import type { TapeRecord } from '../../src/testing.ts';
import { section } from '../support/documents.ts';
import { lacking, notTried, titled } from '../support/installed.ts';

const at = (path: string): string => fileURLToPath(new URL(`../examples/dockerode/${path}`, import.meta.url));

const isInstalled = existsSync(at('node_modules/dockerode'));
const noPackages = isInstalled ? undefined : notTried('its packages are not installed; run npm ci in test/examples/dockerode');

/** The output of `node --test` in a folder. */
async function nodeTest(folder: string): Promise<{ code: unknown; said: string }> {
  const child = spawn(process.execPath, ['--test', '--test-reporter=tap'], { cwd: folder });
  let said = '';
  child.stdout.on('data', (text) => (said += String(text)));
  child.stderr.on('data', (text) => (said += String(text)));
  const [code] = await once(child, 'close');
  return { code, said };
}

describe.skipIf(noPackages)(titled('the example with dockerode', noPackages), () => {
  it('passes its own tests', async () => {
    expect(await nodeTest(at(''))).toEqual({ code: 0, said: expect.stringMatching(/^# pass 4$/m) });
  });
});

describe('the test that README shows', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const [, code = ''] = /```js\n([^]*?)```/.exec(section('Testing your own program')) ?? [];

  // A minimal program that finds its engine as most programs do.
  const program = `
    import { request } from 'node:http';
    const ask = (method, path) => new Promise((resolve, reject) => {
      const socketPath = process.env.DOCKER_HOST.replace('unix://', '');
      request({ socketPath, method, path, agent: false }, async (answer) => {
        let text = '';
        for await (const bytes of answer) text += bytes;
        resolve(JSON.parse(text));
      }).on('error', reject).end();
    });
    export async function refresh([image]) {
      const [name, tag] = image.split(':');
      const before = await ask('GET', \`/images/\${image}/json\`);
      await ask('POST', \`/images/create?fromImage=\${name}&tag=\${tag}\`);
      const after = await ask('GET', \`/images/\${image}/json\`);
      return { [image]: before.Id === after.Id ? 'unchanged' : 'updated' };
    }
  `;

  function tapeOf(...exchanges: ReadonlyArray<readonly [asked: string, answered: object]>): Uint8Array {
    const records = exchanges.flatMap(([asked, answered]): TapeRecord[] => {
      const body = JSON.stringify(answered);
      const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      return [
        { type: 'sent', connection: 1, bytes: Buffer.from(`${asked} HTTP/1.1\r\nContent-Length: 0\r\n\r\n`) },
        { type: 'received', connection: 1, bytes: Buffer.from(answer) },
      ];
    });
    return encodeTape({ header: { engine: 'Docker', version: '28.5.2', command: 'a test', date: '2026-01-31' }, records });
  }

  it.each([
    ['passes', 'sha256:2', 0, /^# pass 1$/m],
    ['fails where the engine gave something else', 'sha256:1', 1, /'unchanged'/],
  ])('%s', async (_what, id, code_, words) => {
    const folder = await mkdtemp(join(tmpdir(), 'longshore-readme-'));
    await mkdir(join(folder, 'node_modules'));
    await symlink(root, join(folder, 'node_modules', 'longshore'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await writeFile(join(folder, 'refresh.js'), program);
    await writeFile(join(folder, 'refresh.test.js'), code);
    const inspect = 'GET /images/alpine:3.20/json';
    const create = 'POST /images/create?fromImage=alpine&tag=3.20';
    await writeFile(join(folder, 'refresh.tape'), tapeOf([inspect, { Id: 'sha256:1' }], [create, {}], [inspect, { Id: id }]));
    expect(await nodeTest(folder)).toEqual({ code: code_, said: expect.stringMatching(words) });
    await rm(folder, { recursive: true });
  });
});

const image = '127.0.0.1:5000/demo/fresh:1';
const body = '{"fromImage":"127.0.0.1:5000/demo/fresh","tag":"1"}';
const pull = ['POST', '/images/create?fromImage=127.0.0.1%3A5000%2Fdemo%2Ffresh&tag=1', body] as const;

describe('the tape of the example with dockerode', () => {
  it("answers Node's own client", async () => {
    const engine = await replay(at('refresh.tape'), { order: 'any' });
    const ask = async (method: string, path: string, content?: string): Promise<[number, string]> => {
      const [answer] = await once(request({ socketPath: engine.socketPath, method, path, agent: false }).end(content), 'response');
      let text = '';
      for await (const bytes of answer) text += String(bytes);
      return [answer.statusCode, text];
    };
    const inspect = ['GET', `/images/${image}/json`] as const;
    const [before, pulled, after] = [await ask(...inspect), await ask(...pull), await ask(...inspect)];
    expect([before[0], pulled[0], after[0]]).toEqual([404, 200, 200]);
    const events = pulled[1].trim().split('\r\n').map((line) => JSON.parse(line));
    expect(events.at(-1)).toEqual({ status: `Status: Downloaded newer image for ${image}` });
    expect(JSON.parse(after[1])).toMatchObject({ RepoTags: [image], Size: 97889 });
    expect(engine.remaining()).toHaveLength(6);
    await engine.close();
  });

  const noCurl = lacking('curl');
  it.skipIf(noCurl)(titled('is replayed to curl, which encodes the target differently', noCurl), async () => {
    const engine = await replay(at('broken.tape'), { order: 'any' });
    const argv = ['-sS', '--unix-socket', engine.socketPath, '--data-binary', body.replaceAll('fresh', 'broken')];
    const url = 'http://d/images/create?tag=1&fromImage=127.0.0.1:5000/demo/broken';
    const { stdout } = await promisify(execFile)('curl', [...argv, url]);
    expect(stdout.trim().split('\r\n').at(-1)).toBe('{"errorDetail":{"message":"unknown blob"},"error":"unknown blob"}');
    expect(engine.mismatches()).toEqual([]);
    await engine.close();
  });
});
