// Programs that behave like helpers, well and badly. "docker:" below is what the docker command 20.10.24 and 28.2.2 does with
// the same program if it differs from ours. Whatever a helper does wrong, it continues silently with `auths` of config.json or
// without credentials (and passes stderr through).

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Secret } from '../../../src/api/credentials.ts';
import { CredentialError } from '../../../src/errors.ts';
import { HELPER_OUTPUT_LIMIT, askHelper } from '../../../src/system/programs/credential-helper.ts';
import type { HelperLimits } from '../../../src/system/programs/credential-helper.ts';
import { runs } from '../../support/fake-ssh.ts';
import { helperFolder, shownBy } from '../../support/helpers.ts';
import type { HelperFolder } from '../../support/helpers.ts';
import { makeNoProgram } from '../../support/make-program.ts';

let helpers: HelperFolder;
beforeAll(async () => {
  helpers = await helperFolder();
});
afterAll(() => helpers.remove());

const SOURCE = '/home/ada/.docker/config.json';

function ask(name: string, limits?: HelperLimits, registry = 'r.example'): Promise<unknown> {
  return askHelper({ helper: { name, configKey: 'credsStore', source: SOURCE }, registry }, limits).then((found) => {
    if (found === undefined) return undefined;
    const plain = (value: unknown): unknown => (value instanceof Secret ? value.reveal() : value);
    return Object.fromEntries(Object.entries(found).map(([key, value]) => [key, plain(value)]));
  });
}

async function failure(name: string, limits?: HelperLimits): Promise<CredentialError> {
  const error = await ask(name, limits).then(
    (found) => expect.unreachable(`it gave ${JSON.stringify(found)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CredentialError);
  expect(error).toMatchObject({
    code: 'LONGSHORE_CREDENTIAL',
    registry: 'r.example',
    helper: `docker-credential-${name}`,
    configKey: 'credsStore',
  });
  const { message, cause } = error as CredentialError;
  expect(cause).toBeUndefined();
  for (const part of [`docker-credential-${name}`, 'credsStore', SOURCE, 'r.example']) expect(message).toContain(part);
  expect(shownBy(error)).not.toContain('HUNTER2');
  return error as CredentialError;
}

describe('a helper', () => {
  // covers: complaint js-17
  it('gets the argument "get", and only the key on its stdin', async () => {
    await helpers.make('asked', `give('u', process.argv.length + JSON.stringify(asked))`);
    expect(await ask('asked', {}, 'https://index.docker.io/v1/')).toEqual({
      username: 'u',
      password: '3"https://index.docker.io/v1/"',
    });
    expect((await helpers.runs()).at(-1)).toBe('asked get https://index.docker.io/v1/');
  });

  // covers: fault 3.20.4, fault 3.20.5
  it.each<[name: string, statements: string, expected: unknown]>([
    ['login', `give('u', 'p:?>~ä')`, { username: 'u', password: 'p:?>~ä' }],
    ['nosecret', `give('u', '')`, { username: 'u', password: '' }],
    ['token', `give('<token>', 't')`, { identityToken: 't' }],
    ['nearlytoken', `give('<Token>', 't')`, { username: '<Token>', password: 't' }],
    ['pretty', `answer('\\n{ "Secret" : "p",\\r\\n\\t"Username" : "u" }\\n\\n')`, { username: 'u', password: 'p' }],
    ['lower', `answer('{"username":"u","secret":"p"}')`, { username: 'u', password: 'p' }],
    ['more', `answer('{"Username":"u","Secret":"p","Expires":7}')`, { username: 'u', password: 'p' }],
    ['loud', `process.stderr.write('x'.repeat(3000000)); give('u', 'p')`, { username: 'u', password: 'p' }],
    // as docker-credential-pass says that there are none
    ['empty', `give('', '')`, undefined],
    // as all others do
    ['missing', `fail('credentials not found in native keychain\\n')`, undefined],
    ['missingbare', `fail('credentials not found in native keychain')`, undefined],
    ['missingwide', `fail(' \\r\\ncredentials not found in native keychain\\r\\n', 7)`, undefined],
  ])('that is %s: %s', async (name, statements, expected) => {
    await helpers.make(name, statements);
    expect(await ask(name)).toEqual(expected);
  });

  // covers: fault 2
  it('may print as much as the limit, and need not read its stdin', async () => {
    const room = HELPER_OUTPUT_LIMIT - '{"Username":"u","Secret":""}'.length;
    await helpers.make('large', `answer(JSON.stringify({ Username: 'u', Secret: 'x'.repeat(${room}) }))`);
    expect(await ask('large')).toEqual({ username: 'u', password: 'x'.repeat(room) });
    await helpers.make('toolarge', `answer(JSON.stringify({ Username: 'u', Secret: 'x'.repeat(${room + 1}) }))`);
    expect((await failure('toolarge')).message).toContain('1048576 bytes');
  });

  it.each([
    ['gives credentials', (pid: string) => `give('u', ${pid})`, 'resolves'],
    ['knows of none', (pid: string) => `require('fs').writeFileSync(2, ${pid}); fail('credentials not found in native keychain')`, 'none'],
    ['gives credentials, and its child goes on to write', (pid: string) => `give('u', ${pid})`, 'resolves', true],
  ])('is done when it has exited, although its child keeps its output open: it %s', async (_, says, kind, writes = false) => {
    const begun = join(helpers.path, 'begun');
    const work = writes ? `process.stdout.on('error', () => {}); setInterval(() => process.stdout.write(' '), 20); require('fs').writeFileSync(${JSON.stringify(begun)}, '')` : 'setTimeout(() => {}, 60_000)';
    const waits = writes ? `while (!require('fs').existsSync(${JSON.stringify(begun)}));` : '';
    const holds = `const child = require('child_process').spawn(
      process.execPath, ['-e', ${JSON.stringify(work)}], { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
    child.unref();
    require('fs').writeFileSync(${JSON.stringify(join(helpers.path, 'pid'))}, String(child.pid)); ${waits}`;
    await helpers.make('leaving', `${holds}; ${says('String(child.pid)')}`);
    const found = await ask('leaving', { timeoutMs: 10_000 });
    const pid = Number(await readFile(join(helpers.path, 'pid'), 'utf8'));
    try {
      expect(found).toEqual(kind === 'none' ? undefined : { username: 'u', password: String(pid) });
      expect(runs(pid)).toBe(true);
    } finally {
      process.kill(pid);
    }
  });
});

describe('a helper that fails', () => {
  // covers: fault 3.20.3, fault 3.20.4
  it.each<[name: string, statements: string, exitCode: number | undefined, says: string]>([
    ['exit1', `fail('HUNTER2'); process.stderr.write('HUNTER2')`, 1, 'ended with exit code 1.'],
    ['exit3', `fail(JSON.stringify({ Username: 'u', Secret: 'HUNTER2' }), 3)`, 3, 'ended with exit code 3.'],
    ['silent', `process.exitCode = 1`, 1, 'ended with exit code 1.'],
    ['killed', `process.kill(process.pid, 'SIGKILL')`, undefined, 'was killed by SIGKILL.'],
    ['nourl', `fail('no credentials server URL\\n')`, 1, 'exit code 1 and the message "no credentials server URL".'],
    ['nouser', `fail('no credentials username')`, 1, 'exit code 1 and the message "no credentials username".'],
    // Nearly the words for "there are none".
    ['words', `fail('credentials not found in native keychain HUNTER2')`, 1, 'ended with exit code 1.'],
    ['capital', `fail('Credentials not found in native keychain')`, 1, 'ended with exit code 1.'],
    ['first', `fail('HUNTER2\\ncredentials not found in native keychain')`, 1, 'ended with exit code 1.'],
    ['stderr', `process.stderr.write('credentials not found in native keychain'); process.exitCode = 1`, 1, 'exit code 1.'],
    ['success', `answer('credentials not found in native keychain')`, 0, 'printed something other than credentials'],
    // docker: the first of these two counts, and all but the junk are a login
    ['two', `give('u', 'HUNTER2'); give('u', 'p')`, 0, 'printed something other than credentials'],
    ['junk', `answer('HUNTER2')`, 0, 'printed something other than credentials'],
    ['nothing', ``, 0, 'printed something other than credentials'],
    ['braces', `answer('{}')`, 0, 'printed something other than credentials'],
    ['list', `answer('["u","HUNTER2"]')`, 0, 'printed something other than credentials'],
    ['null', `answer('null')`, 0, 'printed something other than credentials'],
    ['types', `give(['u'], 'HUNTER2')`, 0, 'printed something other than credentials'],
    ['nulls', `give(null, 'HUNTER2')`, 0, 'printed something other than credentials'],
    ['number', `give('u', 12345)`, 0, 'printed something other than credentials'],
    ['latin1', `answer('{"Username":"u","Secret":"HUNTER2'); process.stdout.write(Buffer.from([0xe4])); answer('"}')`, 0,
      'printed something other than credentials'],
    ['anonymous', `give('', 'HUNTER2')`, 0, 'returned a secret without a user name'],
    ['emptytoken', `give('<token>', '')`, 0, 'returned an empty identity token'],
  ])('%s', async (name, statements, exitCode, says) => {
    await helpers.make(name, statements);
    const error = await failure(name);
    expect(error.exitCode).toBe(exitCode);
    expect(error.message).toContain(says);
  });

  // covers: fault 3.20.3
  it('causes an error that says how to see its output', async () => {
    await helpers.make('seen', 'process.exitCode = 1');
    expect((await failure('seen')).message).toMatch(/run: echo r\.example \| docker-credential-seen get$/);
  });

  // covers: fault 3.20.1
  it.skipIf(process.platform === 'win32')('because it does not exist, or cannot be executed', async () => {
    const absent = (await failure('absent')).message;
    expect(absent).toContain('could not be started: program docker-credential-absent not found in PATH');
    expect(absent).toMatch(/Install docker-credential-absent in a folder of PATH, or remove .+ from .+ and log in again$/);
    expect(absent).not.toContain('run:');
    makeNoProgram(join(helpers.path, 'docker-credential-forbidden'));
    const error = await failure('forbidden');
    expect(error.message).toContain('could not be started: program docker-credential-forbidden is in PATH, but cannot be executed');
    expect(error.message).not.toContain('run:');
    expect(error.exitCode).toBeUndefined();
  });

  // covers: fault 3.20.2
  it('because it never ends is stopped', async () => {
    await helpers.make('hang', `held(() => {}); answer('HUNTER2')`);
    // On a busy machine the program may not have begun within any limit that a test could wait for.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const asking = failure('hang', { timeoutMs: 500 });
      const closed = once(await helpers.heldProgram(), 'close');
      await vi.advanceTimersByTimeAsync(500);
      expect((await asking).message).toContain('did not end within 500 ms, and was stopped');
      await closed;
    } finally {
      vi.useRealTimers();
    }
  });

  // covers: fault 3.20.6
  it('because it floods its stdout is stopped', async () => {
    const forever = `const more = () => process.stdout.write('HUNTER2'.repeat(9999), more); more()`;
    await helpers.make('flood', `held(() => { ${forever} })`);
    const asking = failure('flood');
    const program = await helpers.heldProgram();
    const closed = once(program, 'close');
    program.write('go');
    expect((await asking).message).toContain(`printed more than ${HELPER_OUTPUT_LIMIT} bytes, and was stopped`);
    await closed;
  });
});

describe('an abort', () => {
  // covers: fault 3.20.2
  it('stops the helper; the call rejects with the reason', async () => {
    await helpers.make('aborted', `held(() => {})`);
    const controller = new AbortController();
    const asking = ask('aborted', { signal: controller.signal }).catch((reason: unknown) => reason);
    const closed = once(await helpers.heldProgram(), 'close');
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await asking).toBe(reason);
    await closed;
  });

  it('while the helper starts stops it, too', async () => {
    await helpers.make('starting', `held(() => {})`);
    const controller = new AbortController();
    const asking = ask('starting', { signal: controller.signal }).catch((reason: unknown) => reason);
    controller.abort('enough'); // the program has still to be looked for
    expect(await asking).toBe('enough');
  });

  it('before the call looks for no program', async () => {
    expect(await ask('absent', { signal: AbortSignal.abort('enough') }).catch((reason: unknown) => reason)).toBe('enough');
  });
});
