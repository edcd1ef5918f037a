// The option --creds: where the password comes from, what the engine gets, and that no output has the password.

import { afterEach, describe, expect, it } from 'vitest';
import { credentialsOf } from '../../src/cli/credentials.ts';
import type { Work } from '../../src/cli/arguments.ts';
import { pull } from '../../src/cli/commands/pull.ts';
import { Interruption } from '../../src/cli/command.ts';
import type { Io } from '../../src/cli/command.ts';
import { cannedDaemon, json, progress } from './canned-daemon.ts';
import type { Answer, CannedDaemon } from './canned-daemon.ts';
import { longshore } from './fake-io.ts';
import type { Outcome, World } from './fake-io.ts';

let daemon: CannedDaemon | undefined;
afterEach(async () => {
  await daemon?.close();
  daemon = undefined;
});

const ID = `sha256:${'0123456789abcdef'.repeat(4)}`;
const PASSWORD = 'sec ret\\ü:pw';

/** Runs the arguments; `sent` has the decoded X-Registry-Auth of each request to a registry. */
async function against(argv: readonly string[], world?: World): Promise<Outcome & { readonly sent: unknown[] }> {
  const sent: unknown[] = [];
  const noting = (answer: Answer): Answer => (response, request) => {
    const field = request.headers['x-registry-auth'];
    sent.push(field === undefined ? undefined : JSON.parse(Buffer.from(String(field), 'base64url').toString()));
    answer(response, request);
  };
  daemon = await cannedDaemon({
    'POST /images/create': noting(progress({ status: `Digest: ${ID}` })),
    'POST /images/r.example/a/push': noting(progress({ status: `1: digest: ${ID} size: 527` })),
    'GET /distribution/r.example/a/json': noting(json({ Descriptor: { mediaType: 'x', digest: ID, size: 5 }, Platforms: [] })),
    'GET /images/search': noting(json([])),
    'GET /images/r.example/a:1/json': json({ Id: ID, RepoTags: ['r.example/a:1'], RepoDigests: [`r.example/a@${ID}`] }),
    'GET /distribution/r.example/a:1/json': noting(json({ Descriptor: { mediaType: 'x', digest: ID, size: 5 }, Platforms: [] })),
  });
  return { ...(await longshore(daemon.host, argv, world)), sent };
}

describe('the password of --creds', () => {
  it.each<[from: string, flags: string[], world: World, password: string]>([
    ['LONGSHORE_PASSWORD', [], { password: PASSWORD }, PASSWORD],
    ['LONGSHORE_PASSWORD, with all its characters', [], { password: ' a\n' }, ' a\n'],
    ['standard input', ['--password-stdin'], { stdin: PASSWORD }, PASSWORD],
    ['standard input, without its last line break', ['--password-stdin'], { stdin: `${PASSWORD}\n` }, PASSWORD],
    ['standard input, without its last line break of Windows', ['--password-stdin'], { stdin: `${PASSWORD}\r\n` }, PASSWORD],
    ['standard input, with all other line breaks', ['--password-stdin'], { stdin: `\n${PASSWORD}\n\n` }, `\n${PASSWORD}\n`],
    ['standard input, with a byte order mark', ['--password-stdin'], { stdin: '\ufeffa' }, '\ufeffa'],
    ['the terminal', [], { answer: PASSWORD }, PASSWORD],
    ['the terminal, if the variable is empty', [], { answer: PASSWORD, password: '' }, PASSWORD],
    ['standard input rather than the variable', ['--password-stdin'], { stdin: 'a', password: 'b' }, 'a'],
    ['the variable rather than the terminal', [], { answer: 'a', password: 'b' }, 'b'],
  ])('comes from %s', async (_from, flags, world, password) => {
    const { code, stdout, stderr, sent } = await against(['pull', '--creds', 'alice', ...flags, 'r.example/a:1'], world);
    expect([code, stdout]).toEqual([0, 'r.example/a:1\n']);
    expect(sent).toEqual([{ username: 'alice', password, serveraddress: 'r.example' }]);
    expect(stderr).toBe(`${world.answer === password ? 'Password for alice at r.example: \n' : ''}Digest: ${ID}\n`);
  });

  it.each([
    ['pull', ['r.example/a', 'r.example/b:1'], 2],
    ['push', ['r.example/a'], 1],
    ['distribution', ['r.example/a', 'r.example/a'], 2],
    ['search', ['r.example/a'], 1],
    ['outdated', ['r.example/a:1'], 1],
  ])('goes to the registry of a %s only', async (command, operands, requests) => {
    const { code, stdout, stderr, sent } = await against([command, '--json', '--creds', 'alice', ...operands], { password: PASSWORD });
    expect(code).toBe(0);
    expect(sent).toEqual(Array(requests).fill({ username: 'alice', password: PASSWORD, serveraddress: 'r.example' }));
    expect(stdout + stderr + daemon?.requests.join()).not.toContain('sec ret');
  });

  it('is asked for once if the command runs on several engines', async () => {
    const auths: unknown[] = [];
    const answer: Answer = (response, request) => {
      auths.push(request.headers['x-registry-auth']);
      progress({ status: `Digest: ${ID}` })(response, request);
    };
    daemon = await cannedDaemon({ 'POST /images/create': answer });
    const second = await cannedDaemon({ 'POST /images/create': answer });
    const { code, stderr } = await longshore('', ['pull', '-q', '--creds', 'alice', '-H', daemon.host, '-H', second.host, 'a:1'], { answer: 'pw' });
    await second.close();
    expect([code, stderr]).toEqual([0, 'Password for alice at docker.io: \n']);
    expect([auths.length, new Set(auths).size]).toEqual([2, 1]);
  });

  it('is not in the output of a pull that the registry refuses, nor in its stack trace', async () => {
    daemon = await cannedDaemon({ 'POST /images/create': (response) => void response.writeHead(500).end('{"message":"unauthorized: authentication required"}') });
    const { code, stdout, stderr } = await longshore(daemon.host, ['pull', '--creds', 'alice', 'a:1'], { password: 'secretpw', debug: true });
    expect(code).toBe(1);
    expect(stderr).toContain('unauthorized: authentication required');
    for (const shown of ['secretpw', Buffer.from('secretpw').toString('base64')]) expect(stdout + stderr).not.toContain(shown);
  });
});

describe('--creds', () => {
  const SOURCES = 'For the password, set LONGSHORE_PASSWORD, give --password-stdin, or use a terminal, which asks for it';
  it.each<[argv: string[], said: string, world?: World]>([
    [['--creds', 'alice:secretpw', 'a'], `--creds takes a user name only, because others can read a password there. ${SOURCES}`],
    [['--creds=alice:secretpw', 'a'], '--creds takes a user name only'],
    [['--creds', '', 'a'], '--creds needs a user name'],
    [['--creds', 'alice', 'a'], `--creds has no password, and standard input is not a terminal. ${SOURCES}`, { stdin: 'secretpw' }],
    [['--password-stdin', 'a'], '--password-stdin needs --creds USER', { stdin: 'secretpw' }],
    [['--creds', 'alice', '--password-stdin', 'a'], '--password-stdin needs a file or a pipe. Without it, the terminal asks', { answer: 'secretpw' }],
    [['--creds', 'alice', '--password-stdin', 'a'], 'the password for --creds is empty', { stdin: '\n' }],
    [['--creds', 'alice', 'a'], 'the password for --creds is empty', { answer: '' }],
    [['--creds', 'alice', '--password-stdin', 'a'], 'the password on standard input is longer than 65536 bytes', { stdin: 'secretpw'.repeat(8193) }],
    [['--creds', 'alice', 'a', 'r.example/b', 'r.example/c'], '--creds is for one registry, but the images are of docker.io, r.example: run the command once for each'],
    [['--creds', 'alice', 'a', 'Bad Name'], '"Bad Name" is not a valid image reference'],
  ])('%j is a usage error: %s', async (argv, said, world) => {
    const { code, stdout, stderr } = await against(['pull', ...argv], world);
    expect([code, stdout, daemon?.requests]).toEqual([2, '', []]);
    expect(stderr).toContain(`longshore pull: ${said}`);
    expect(stderr).not.toContain('secretpw');
  });

  it('needs the names of images, so that only their registry gets the password', async () => {
    const { code, stderr } = await against(['outdated', '--creds', 'alice'], { password: PASSWORD });
    expect([code, daemon?.requests]).toEqual([2, []]);
    expect(stderr).toContain('longshore outdated: --creds needs the names of images, all of one registry');
  });

  // The Docker Hub is searched for a term without "/", so it would get the password of the registry that was meant.
  it.each(['r.example', 'localhost:5000'])('refuses to search for %j, which has no "/" after a registry', async (term) => {
    const { code, stderr } = await against(['search', '--creds', 'alice', term], { password: PASSWORD });
    expect([code, daemon?.requests]).toEqual([2, []]);
    expect(stderr).toContain(`longshore search: the Docker Hub would get the password: give ${term}/ to search that registry, or docker.io/${term}`);
  });

  it('asks for the password of the Docker Hub for a search term without a registry', async () => {
    const { stderr, sent } = await against(['search', '--creds', 'alice', 'nginx'], { answer: PASSWORD });
    expect(stderr).toContain('Password for alice: \n');
    expect(sent).toEqual([{ username: 'alice', password: PASSWORD, serveraddress: 'https://index.docker.io/v1/' }]);
  });

  const values = { creds: 'alice', 'password-stdin': true } as unknown as Work['values'];
  const work = { command: pull, operands: ['a'], values };
  const reading = (stdin: Partial<Io['stdin']>, signal: AbortSignal) => credentialsOf(work, { stdin: { isTerminal: false, ...stdin }, signal } as Io);

  it('refuses a password that is not UTF-8', async () => {
    const bytes = async function* (): AsyncGenerator<Uint8Array> {
      yield Uint8Array.of(0xff);
    };
    await expect(reading({ bytes }, new AbortController().signal)).rejects.toThrow('the password on standard input is not valid UTF-8');
  });

  it('stops reading a silent standard input when the command is interrupted', async () => {
    const stop = new AbortController();
    const silent = async function* (): AsyncGenerator<Uint8Array> {
      await new Promise(() => {});
    };
    const result = reading({ bytes: silent }, stop.signal);
    stop.abort(new Interruption('SIGINT', 130));
    await expect(result).rejects.toBe(stop.signal.reason);
  });
});
