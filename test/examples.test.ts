// The programs in test/examples, each with tests of its own as its author would run them; and their tapes, played to Node's
// own client and to curl, for where their packages are not installed.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { replay } from '../src/testing.ts';

const at = (path: string): string => fileURLToPath(new URL(`examples/dockerode/${path}`, import.meta.url));

const isInstalled = existsSync(at('node_modules/dockerode'));
if (!isInstalled && process.env['LIVE_TESTS'] === 'all') throw new Error('the packages of test/examples/dockerode are not installed');
const skipped = isInstalled ? '' : ' (skipped: its packages are not installed; npm ci in its folder installs them)';

describe.skipIf(!isInstalled)(`the example with dockerode${skipped}`, () => {
  it('passes its own tests', async () => {
    const child = spawn(process.execPath, ['--test', '--test-reporter=tap'], { cwd: at('') });
    let said = '';
    child.stdout.on('data', (text) => (said += String(text)));
    child.stderr.on('data', (text) => (said += String(text)));
    const [code] = await once(child, 'close');
    expect({ code, said }).toEqual({ code: 0, said: expect.stringMatching(/^# pass 4$/m) });
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

  const lack = existsSync('/usr/bin/curl') ? '' : ' (skipped: there is no /usr/bin/curl)';
  it.skipIf(lack)(`answers curl, which writes the target otherwise${lack}`, async () => {
    const engine = await replay(at('broken.tape'), { order: 'any' });
    const argv = ['-sS', '--unix-socket', engine.socketPath, '--data-binary', body.replaceAll('fresh', 'broken')];
    const url = 'http://d/images/create?tag=1&fromImage=127.0.0.1:5000/demo/broken';
    const { stdout } = await promisify(execFile)('/usr/bin/curl', [...argv, url]);
    expect(stdout.trim().split('\r\n').at(-1)).toBe('{"errorDetail":{"message":"unknown blob"},"error":"unknown blob"}');
    expect(engine.mismatches()).toEqual([]);
    await engine.close();
  });
});
