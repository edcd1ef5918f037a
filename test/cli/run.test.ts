// Commands from the arguments to the exit code, against a daemon of canned answers.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Interruption, OutputClosedError } from '../../src/cli/command.ts';
import type { Io } from '../../src/cli/command.ts';
import { FileError, ImageClient, packTar } from '../../src/index.ts';
import type { EngineReport } from '../../src/index.ts';
import { bytes, cannedDaemon, json, progress, status } from './canned-daemon.ts';
import type { Answer, CannedDaemon } from './canned-daemon.ts';
import { longshore } from './fake-io.ts';
import type { Outcome, World } from './fake-io.ts';

let daemon: CannedDaemon;
afterEach(() => daemon.close());

/** Runs the arguments against a new daemon with those answers. */
async function against(answers: Record<string, Answer>, argv: string[], world?: World): Promise<Outcome> {
  daemon = await cannedDaemon(answers);
  return longshore(daemon.host, argv.map((argument) => argument.replace('FOLDER', daemon.folder)), world);
}

const ID = `sha256:${'0123456789abcdef'.repeat(4)}`;
const CREATED = Date.UTC(2026, 0, 1) / 1000 - 21 * 24 * 3600;
const image = (RepoTags: string[] | null, RepoDigests: string[] | null = []) => {
  return { Id: ID, RepoTags, RepoDigests, Created: CREATED, Size: 7_329_000, Labels: null };
};
async function archive(): Promise<Buffer> {
  const blocks: Uint8Array[] = [];
  const entries = { 'manifest.json': new Uint8Array(3000), layer: new Uint8Array(600_000) };
  for await (const block of packTar(entries)) blocks.push(block);
  return Buffer.concat(blocks);
}

describe('ls', () => {
  const images = {
    'GET /images/json': json([
      image(['alpine:3.20', '127.0.0.1:5000/a/b:1']),
      image(['<none>:<none>'], ['busybox@sha256:1']),
      image(null, null),
      image(['evil\x1b[2J:1']),
    ]),
  };

  it('prints a line for each name, as docker images does', async () => {
    expect(await against(images, ['ls'])).toEqual({
      code: 0,
      stdout: [
        'REPOSITORY           TAG      IMAGE ID       CREATED       SIZE',
        'alpine               3.20     0123456789ab   3 weeks ago   7.33MB',
        '127.0.0.1:5000/a/b   1        0123456789ab   3 weeks ago   7.33MB',
        'busybox              <none>   0123456789ab   3 weeks ago   7.33MB',
        '<none>               <none>   0123456789ab   3 weeks ago   7.33MB',
        'evil\\u{1b}[2J        1        0123456789ab   3 weeks ago   7.33MB',
        '',
      ].join('\n'),
      stderr: '',
    });
    expect(daemon.requests).toEqual(['GET /images/json']);
  });

  it('sends its name and its filters, repeated ones together', async () => {
    await against(images, ['ls', '-a', '--filter', 'label=a=b', '-f', 'label=c', 'alp*']);
    const query = new URLSearchParams(daemon.requests[0]?.split('?')[1]);
    expect(query.get('all')).toBe('1');
    expect(JSON.parse(query.get('filters') ?? '')).toEqual({ label: ['a=b', 'c'], reference: ['alp*'] });
  });

  it.each([
    [['ls', '-q'], '0123456789ab\n'],
    [['ls', '--quiet', '--no-trunc'], `${ID}\n`],
    [['ls', '-q', '--json', '--no-trunc'], `[\n  "${ID}"\n]\n`],
    [['--json', 'ls'], `${JSON.stringify([image(['a:1'])], null, 2)}\n`],
  ])('%j prints %j', async (argv, stdout) => {
    const outcome = await against({ 'GET /images/json': json([image(['a:1'])]) }, argv);
    expect(outcome).toEqual({ code: 0, stdout, stderr: '' });
  });
});

describe('a warning', () => {
  const old = { 'POST /images/create': progress({ status: 'WARNING: \x1b[2Jold' }, { status: `Digest: ${ID}` }) };
  const told = 'WARNING: \\u{1b}[2Jold\n';

  it('of the engine is printed once on stderr, with and without progress', async () => {
    expect((await against(old, ['pull', 'x:1'])).stderr).toBe(`${told}Digest: ${ID}\n`);
    await daemon.close();
    expect((await against(old, ['pull', '--quiet', 'x:1'])).stderr).toBe(`longshore pull: warning: ${told}`);
  });

  it('of ours is printed on stderr', async () => {
    const connect: World['connect'] = async ({ onWarning }) => {
      onWarning?.({ kind: 'readable-key', subject: '/k', message: 'others may read /k' });
      return new ImageClient({ host: daemon.host });
    };
    const { stderr } = await against({ 'GET /images/json': json([]) }, ['ls', '-q'], { connect });
    expect(stderr).toBe('longshore ls: warning: others may read /k\n');
  });
});

describe('pull', () => {
  const pulled = {
    'POST /images/create': progress(
      { status: 'Pulling from library/x', id: '1' },
      { status: 'Downloading', progressDetail: { current: 1, total: 2 }, id: 'ca7c512ed85c' },
      { status: 'Downloading', progressDetail: { current: 2, total: 2 }, id: 'ca7c512ed85c' },
      { status: `Digest: ${ID}` },
      { status: 'Status: Downloaded newer image for x:1' },
    ),
  };
  const said =
    '1: Pulling from library/x\nca7c512ed85c: Downloading\n' +
    `Digest: ${ID}\nStatus: Downloaded newer image for x:1\n`;

  it('prints the reference on stdout and progress on stderr', async () => {
    const outcome = await against(pulled, ['pull', '--platform', 'linux/arm64', 'x:1']);
    expect(outcome).toEqual({ code: 0, stdout: 'docker.io/library/x:1\n', stderr: said });
    expect(daemon.requests[0]).toMatch(/^POST .*platform=linux%2Farm64/);
    expect(daemon.requests.slice(1)).toEqual(['GET /images/docker.io/library/x:1/json']); // checks the platform
  });

  it('paints a bar where stderr is a terminal', async () => {
    const { stderr } = await against(pulled, ['pull', 'x:1'], { terminals: ['stderr'] });
    expect(stderr).toMatch(/ca7c512ed85c: Downloading +\[=+> +\] +1B\/2B/);
  });

  it('prints only the result with --quiet', async () => {
    const outcome = await against(pulled, ['-q', 'pull', 'x:1'], { terminals: ['stderr'] });
    expect(outcome).toEqual({ code: 0, stdout: 'docker.io/library/x:1\n', stderr: '' });
  });

  it('prints one event per line with --json, and the result as the last line', async () => {
    const { stdout, stderr } = await against(pulled, ['pull', '--json', 'x:1']);
    const lines = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map((line) => line['type'])).toEqual(['headline', 'layer', 'layer', 'headline', 'headline', 'result']);
    expect(lines.at(-1)).toMatchObject({ reference: 'docker.io/library/x:1', digest: ID, status: 'downloaded' });
    expect(stderr).toBe('');
  });

  it('prints only the result with --json and --quiet', async () => {
    const { stdout } = await against(pulled, ['pull', '--json', '--quiet', 'x:1']);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'result', digest: ID });
  });

  it('fails when the engine reports an error in its progress', async () => {
    const words = 'manifest for x:1 not found: manifest unknown: manifest unknown';
    const failing = progress({ status: 'Pulling', id: '1' }, { errorDetail: { message: words } });
    expect(await against({ 'POST /images/create': failing }, ['pull', 'x:1'])).toEqual({
      code: 1,
      stdout: '',
      stderr: `1: Pulling\nlongshore pull: the engine reported an error: ${words}\n`,
    });
  });

  it.each([
    ['toomanyrequests: slow down', 'Try again later, or log in: registries allow more requests with credentials'],
    ['no space left on device', 'Free disk space of the engine: longshore ls shows the images'],
    ['pull access denied for x', 'Check the name. A private repository needs credentials: log in with docker login'],
    ['Get "https://r/v2/": dial tcp: lookup r: no such host', 'The engine cannot reach the other server'],
  ])('says what to do about "%s"', async (message, advice) => {
    const { stderr } = await against({ 'POST /images/create': status(500, message) }, ['pull', 'x:1']);
    expect(stderr).toContain(`longshore pull: ${message.includes('x:1') ? '' : 'x:1: '}the engine answered 500: ${message}\n${advice}`);
    expect(stderr.split('\n')).toHaveLength(3);
  });
});

describe('save', () => {
  it('writes a file, and says that it was verified', async () => {
    const content = await archive();
    const outcome = await against({ 'GET /images/get': bytes(content) }, ['save', '-o', 'FOLDER/x.tar', 'a', 'b:1']);
    const said = `saved ${daemon.folder}/x.tar: 605.2kB, verified: 2 entries, complete\n`;
    expect(outcome).toEqual({ code: 0, stdout: '', stderr: said });
    expect(readFileSync(join(daemon.folder, 'x.tar')).equals(content)).toBe(true);
    expect(daemon.requests).toEqual(['GET /images/get?names=a&names=b%3A1']);
  });

  it.each([[['save', 'a']], [['save', '-o', '-', 'a']]])('%j writes the same to stdout', async (argv) => {
    const content = await archive();
    const { code, stdout } = await against({ 'GET /images/get': bytes(content) }, argv);
    expect(code).toBe(0);
    expect(Buffer.from(stdout, 'latin1').equals(content)).toBe(true);
  });

  it('reads no more from the engine than stdout takes', async () => {
    const content = await archive();
    let writing = 0;
    let together = 0;
    const write = async (): Promise<void> => {
      together = Math.max(together, ++writing);
      await new Promise((resolve) => setImmediate(resolve));
      writing--;
    };
    await against({ 'GET /images/get': bytes(content) }, ['save', 'a'], { write });
    expect(together).toBe(1);
  });

  it('ends silently when the reader of its output has closed it', async () => {
    const write = (): Promise<void> => Promise.reject(new OutputClosedError());
    const { code, stderr } = await against({ 'GET /images/get': bytes(await archive()) }, ['save', 'a'], { write });
    expect([code, stderr]).toEqual([0, '']);
  });

  it('prints the result of a save with --json', async () => {
    const content = await archive();
    const argv = ['save', '--json', '-o', 'FOLDER/x.tar', 'a'];
    const { stdout, stderr } = await against({ 'GET /images/get': bytes(content) }, argv);
    expect(JSON.parse(stdout)).toEqual({ path: join(daemon.folder, 'x.tar'), bytes: content.length, entries: 2 });
    expect(stderr).toBe('');
  });

  it('leaves no file if the archive is truncated', async () => {
    const cut = (await archive()).subarray(0, 5000);
    const { code, stderr } = await against({ 'GET /images/get': bytes(cut) }, ['save', '-o', 'FOLDER/x.tar', 'a']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^longshore save: [^\n]+\n$/);
    expect(readdirSync(daemon.folder)).toEqual(['engine.sock']);
  });

  it('leaves no file when it is interrupted, and exits with the code of the signal', async () => {
    const stop = new AbortController();
    const answer: Answer = (response) => {
      response.write(new Uint8Array(512)); // and no more
      stop.abort(new Interruption('SIGTERM', 143));
    };
    const argv = ['save', '-o', 'FOLDER/x.tar', 'a'];
    const outcome = await against({ 'GET /images/get': answer }, argv, { signal: stop.signal });
    expect(outcome).toEqual({ code: 143, stdout: '', stderr: '' });
    expect(readdirSync(daemon.folder)).toEqual(['engine.sock']);
  });
});

describe('load', () => {
  const loaded = {
    'POST /images/load': progress(
      { status: 'Loading layer', progressDetail: { current: 1, total: 2 }, id: 'ca7c512ed85c' },
      { stream: 'Loaded image: a:1\n' },
      { stream: `Loaded image ID: ${ID}\n` },
    ),
  };
  const outcome = { code: 0, stdout: `a:1\n${ID}\n`, stderr: 'ca7c512ed85c: Loading layer\n' };

  it.each([[['load']], [['load', '-']], [['load', '-i', '-']]])('%j sends standard input', async (argv) => {
    expect(await against(loaded, argv, { stdin: 'a tar' })).toEqual(outcome);
    expect(daemon.requests).toEqual(['GET /images/json', 'POST /images/load?quiet=0 a tar']);
  });

  it.each([
    [['load', 'FOLDER/x.tar']],
    [['load', '-i', 'FOLDER/x.tar']],
    [['load', '--', 'FOLDER/x.tar']],
  ])('%j sends the file', async (argv) => {
    daemon = await cannedDaemon(loaded);
    writeFileSync(join(daemon.folder, 'x.tar'), 'a file');
    const named = argv.map((argument) => argument.replace('FOLDER', daemon.folder));
    expect(await longshore(daemon.host, named)).toEqual(outcome);
    expect(daemon.requests).toEqual(['GET /images/json', 'POST /images/load?quiet=0 a file']);
  });

  it.each([['-', 'standard input'], ['FOLDER/x.tar', 'FOLDER/x.tar']])('%s is %s in the message about a wrong archive', async (operand, name) => {
    daemon = await cannedDaemon({ 'POST /images/load': status(500, 'not a docker-archive') });
    writeFileSync(join(daemon.folder, 'x.tar'), 'a file');
    const { stderr } = await longshore(daemon.host, ['load', operand.replace('FOLDER', daemon.folder)], { stdin: 'a tar' });
    expect(stderr).toBe(`longshore load: ${name.replace('FOLDER', daemon.folder)}: the engine answered 500: not a docker-archive\n`);
  });

  it.each([['load', 'x'], ['ls', '--archive', 'x']])('%s %s is one sentence for a file without permission', async (...argv) => {
    const checkReadable = () => Promise.reject(new Error("EACCES: permission denied, access 'x'")); // Node's message
    const { code, stderr } = await against({}, argv, { checkReadable });
    expect([code, stderr]).toEqual([1, `longshore ${argv[0]}: cannot read x: permission denied\n`]);
  });

  it('names the archive that cannot be decompressed', async () => {
    daemon = await cannedDaemon({
      'HEAD /_ping': (response) => void response.setHeader('Server', 'Docker/20.10.24'),
      'POST /images/load': progress({ stream: 'Loaded image: a:1' }), // only after the whole archive, which never comes
    });
    writeFileSync(join(daemon.folder, 'x.tar'), Buffer.from('28b52ffd', 'hex')); // zstd, which Docker 20.10 does not load
    const { stderr } = await longshore(daemon.host, ['load', `${daemon.folder}/x.tar`]);
    expect(stderr).toMatch(new RegExp(`^longshore load: ${daemon.folder}/x\\.tar: (the archive is compressed with zstd|cannot decompress the archive)`));
  });

  it('names a missing file', async () => {
    const { code, stderr } = await against(loaded, ['load', 'FOLDER/x.tar']);
    expect([code, stderr]).toEqual([1, `longshore load: cannot read ${daemon.folder}/x.tar: no such file or directory\n`]);
  });
});

describe('import', () => {
  const imported = { 'POST /images/create': progress({ status: 'Downloading from http://h/x.tar' }, { status: ID }) };

  it('prints the ID once, and sends its options', async () => {
    const argv = ['import', '-', 'a:1', '-c', 'CMD ["/x"]', '--change', 'ENV A=b', '-m', 'made'];
    const outcome = await against(imported, argv, { stdin: 'a tar' });
    expect(outcome).toEqual({ code: 0, stdout: `${ID}\n`, stderr: 'Downloading from http://h/x.tar\n' });
    const [target = '', body] = daemon.requests[0]?.split(/ (?=a tar)/) ?? [];
    const query = new URLSearchParams(target.split('?')[1]);
    expect(query.getAll('changes')).toEqual(['CMD ["/x"]', 'ENV A=b']);
    expect([query.get('repo'), query.get('message'), query.get('fromSrc'), body]).toEqual([
      'docker.io/library/a:1',
      'made',
      '-',
      'a tar',
    ]);
  });

  it('leaves a URL to the engine', async () => {
    await against(imported, ['import', 'http://h/x.tar']);
    expect(daemon.requests[0]).toContain('fromSrc=http%3A%2F%2Fh%2Fx.tar');
  });
});

describe('rm', () => {
  const removing = {
    'DELETE /images/a:1': json([{ Untagged: 'a:1' }, { Deleted: ID }]),
    'DELETE /images/busy': status(409, 'conflict: unable to remove repository reference "busy"'),
  };

  it('continues after a failure, which its exit code reports', async () => {
    expect(await against(removing, ['rm', 'busy', 'gone', 'a:1'])).toEqual({
      code: 1,
      stdout: `Untagged: a:1\nDeleted: ${ID}\n`,
      stderr:
        'longshore rm: the engine answered 409: conflict: unable to remove repository reference "busy"\n' +
        'longshore rm: gone: the engine answered 404: no such page\n',
    });
  });

  it('prints one array with --json, also after failures', async () => {
    const { code, stdout } = await against(removing, ['rm', '--json', 'a:1', 'gone', 'a:1']);
    const removed = [{ Untagged: 'a:1' }, { Deleted: ID }];
    expect([code, JSON.parse(stdout)]).toEqual([1, [...removed, ...removed]]);
  });

  it('sends its flags', async () => {
    await against(removing, ['rm', '-qf', '--no-prune', 'a:1']);
    expect(daemon.requests).toEqual(['DELETE /images/a:1?force=1&noprune=1']);
  });

  it('stops if the engine is unreachable, because the next image would fail, too', async () => {
    const { code, stderr } = await against({}, ['-H', 'unix:///nowhere/engine.sock', 'rm', 'a', 'b', 'c']);
    expect(code).toBe(1);
    expect(stderr).toBe(
      'longshore rm: cannot connect to unix:///nowhere/engine.sock: the socket does not exist\n' +
        'Is the engine running, and is this its address (DOCKER_HOST)?\n',
    );
  });

  it('escapes the message of the engine', async () => {
    const { stderr } = await against({ 'DELETE /images/a': status(500, 'a\x1b[2J\nb\u202e') }, ['rm', 'a']);
    // Podman lists what it tried, in several lines. They are indented, so that they differ from ours.
    expect(stderr).toBe('longshore rm: the engine answered 500: a\\u{1b}[2J\n  b\\u{202e}\n');
  });

  it('prints the tabs of the engine as spaces', async () => {
    // The message of Podman 6.1, in fixtures/tapes/podman-6.1/search-refused.tape.
    const message = '1 error occurred:\n\t* couldn\'t search registry "127.0.0.1:1": connection refused\n\n';
    const { stderr } = await against({ 'DELETE /images/a': status(500, message) }, ['rm', 'a']);
    expect(stderr).toContain('500: 1 error occurred:\n   * couldn\'t search registry "127.0.0.1:1": connection refused\n');
  });
});

describe('context', () => {
  const report: EngineReport = {
    host: 'tcp://lab.example:2376',
    rule: 'DOCKER_CONTEXT',
    source: 'DOCKER_CONTEXT',
    context: 'lab',
    tls: { ca: '/c/ca.pem', cert: '/c/cert.pem', key: '/c/key.pem', verify: true },
    version: '1.43',
    platform: undefined,
    headers: ['X-A', 'X-B'],
    considered: [
      { rule: 'DOCKER_HOST', what: undefined, state: 'absent', detail: undefined },
      { rule: 'DOCKER_CONTEXT', what: 'lab', state: 'chosen', detail: undefined },
      { rule: 'alternative', what: 'unix:///run/podman/podman.sock', state: 'exists', detail: 'Podman of the system' },
    ],
    contexts: [
      { name: 'evil\x1b[2J', host: undefined, description: 'not shown', problem: 'has no endpoint for docker' },
      { name: 'lab', host: 'tcp://lab.example:2376', description: 'The lab', problem: undefined },
    ],
    warnings: ['look out'],
  };

  it('prints the chosen engine, the rules and the contexts', async () => {
    const { code, stdout, stderr } = await against({}, ['context'], { explain: async () => report });
    expect([code, stderr, daemon.requests]).toEqual([0, '', []]);
    expect(stdout).toBe(
      [
        'Engine      tcp://lab.example:2376',
        '  by        DOCKER_CONTEXT',
        '  context   lab',
        '  TLS       verified by /c/ca.pem, with /c/cert.pem',
        '  API       1.43',
        '  headers   X-A, X-B',
        '  warning   look out',
        '',
        'RULE             STATE    SAYS',
        'DOCKER_HOST      absent',
        'DOCKER_CONTEXT   chosen   lab',
        'alternative      exists   unix:///run/podman/podman.sock   Podman of the system',
        '',
        'CONTEXT         HOST                     DESCRIPTION',
        'evil\\u{1b}[2J                            has no endpoint for docker',
        'lab             tcp://lab.example:2376   The lab',
        '',
      ].join('\n'),
    );
  });

  it('prints the report as JSON with --json', async () => {
    const { stdout } = await against({}, ['context', '--json'], { explain: async () => report });
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(report)));
  });

  it('reports on the engine that the options name', async () => {
    const asked: object[] = [];
    const explain: Io['explain'] = async (options) => {
      asked.push(options);
      return report;
    };
    await against({}, ['--context', 'lab', 'context'], { explain });
    await against({}, ['context', '-H', 'tcp://h:1'], { explain });
    expect(asked).toEqual([{ host: undefined, context: 'lab' }, { host: 'tcp://h:1', context: undefined }]);
  });
});

describe('an engine with warnings', () => {
  it('prints them on stderr, escaped, with every command', async () => {
    const connect: Io['connect'] = async ({ context, onWarning }) => {
      onWarning?.({ kind: 'configuration', subject: 'x', message: `context ${context}: look\x1bout` });
      return new ImageClient({ host: daemon.host });
    };
    const argv = ['ls', '-q', '--context', 'lab'];
    const { code, stdout, stderr } = await against({ 'GET /images/json': json([]) }, argv, { connect });
    expect([code, stdout, stderr]).toEqual([0, '', 'longshore ls: warning: context lab: look\\u{1b}out\n']);
  });
});

describe('version', () => {
  const engine = {
    Version: '20.10.24',
    ApiVersion: '1.41',
    MinAPIVersion: '1.12',
    Os: 'linux',
    Arch: 'amd64',
    Components: [
      { Name: 'Engine', Version: '20.10.24' },
      { Name: 'runc', Version: '1.1.5' },
    ],
  };

  it('prints both sides', async () => {
    const { code, stdout } = await against({ 'GET /version': json(engine) }, ['version']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Client +longshore \d+\.\d+\.\d+\n {2}API +1\.24 to 1\.56\nEngine +20\.10\.24\n/);
    expect(stdout).toContain('  API        1.12 to 1.41; used: 1.41\n  Platform   linux/amd64\n  runc       1.1.5\n');
  });

  it('prints one object with --json', async () => {
    const { stdout } = await against({ 'GET /version': json(engine) }, ['version', '--json']);
    const expected = { client: { newestApiVersion: '1.56' }, engine: { ...engine, spokenApiVersion: '1.41' } };
    expect(JSON.parse(stdout)).toMatchObject(expected);
  });

  it.each([
    [['version']],
    [['version', '--json']],
  ])('%j prints our side where the engine is out of reach', async (argv) => {
    const { code, stdout, stderr } = await against({}, [...argv, '-H', 'unix:///nowhere/engine.sock']);
    expect(code).toBe(1);
    expect(stdout).toMatch(argv.includes('--json') ? /"client": \{[^]+"engine": null/ : /^Client +longshore/);
    expect(stderr).toMatch(/^longshore version: cannot connect to .*: the socket does not exist\nIs .*\?\n$/);
  });
});

describe('errors of every command', () => {
  it('a program error has two lines, and its stack with NODE_DEBUG', async () => {
    const broken = { connect: () => Promise.reject(new TypeError('x is not a function')) };
    const { code, stderr } = await against({}, ['ls'], broken as object);
    expect(code).toBe(1);
    expect(stderr).toBe(
      'longshore ls: TypeError: x is not a function\nThis should not happen: set NODE_DEBUG=longshore to see the stack trace\n',
    );
    const debugged = await longshore(daemon.host, ['ls'], { ...broken, debug: true } as object);
    expect(debugged.stderr).toMatch(/\n {4}at /);
  });

  it('names a file that cannot be written, and not the request', async () => {
    const place = { method: 'GET', target: '/images/get', address: 'unix:///e', requestSent: true, reusedSocket: false };
    const full = new FileError('cannot write /x.tar: no space left on device', { path: '/x.tar', errno: 'ENOSPC' }).at(place);
    const { stderr } = await against({}, ['save', '-o', '/x.tar', 'a'], { connect: () => Promise.reject(full) });
    expect(stderr).toBe('longshore save: cannot write /x.tar: no space left on device\n');
  });

  it.each([
    ['no basic auth credentials', 'Give --creds USER for h:1, or run docker login h:1'],
    ['unauthorized: personal access token is expired', 'The login for h:1 is wrong or has expired: run docker login h:1. A public image needs none: docker logout h:1'],
    ['unable to delete image "7b35" by ID with more than one tag ([a:1 b:1])', 'Remove it by a name, or with --force'], // Podman, of rm
  ])('advises what the command can do about "%s"', async (message, advice) => {
    const { stderr } = await against({ 'POST /images/create': status(500, message) }, ['pull', 'h:1/x']);
    expect(stderr.split('\n')[1]).toBe(advice);
  });

  it.each<[string[], number, string]>([
    [['pull', '--policy', 'never', '-a', 'x'], 2, 'pull: --policy "never" cannot be combined with --all-tags\nSee longshore pull --help\n'],
    [['pull', '-a', 'x:1'], 2, 'pull: --all-tags cannot be combined with a tag or a digest\nSee longshore pull --help\n'],
    [['events', '-f', 'type=container'], 2, 'events: --filter type must be "image" or left out: other events have another form\nSee longshore events --help\n'],
    [['events', '--since', '99999999h'], 2, 'events: --since must be a Date, or seconds since 1970, not -358232770800\nSee longshore events --help\n'],
    [['prune', '--dry-run', '--filter', 'x=1'], 2, 'prune: filters are dangling, until, label and label!; give only these\nSee longshore prune --help\n'],
    [['ls', '--archive', 'FOLDER'], 1, 'ls: cannot read FOLDER: it is a directory; give an archive\n'],
  ])('%j ends with %i, and its message has the words of the command', async (argv, code, stderr) => {
    const outcome = await against({}, argv);
    expect(outcome).toEqual({ code, stdout: '', stderr: `longshore ${stderr.replace('FOLDER', daemon.folder)}` });
  });

  it('names --all-tags also where Podman has no such option', async () => {
    const podman: Answer = (response) => void response.setHeader('Libpod-Api-Version', '6.1.1');
    const { stderr } = await against({ 'HEAD /_ping': podman }, ['pull', '-a', 'x']);
    expect(stderr).toBe('longshore pull: --all-tags needs Docker, and this engine is Podman, which handles only "latest"\n');
  });

  it.each([
    [['rm', 'gone'], '\x1b[31mlongshore rm:'],
    [['rm', '--no-color', 'gone'], 'longshore rm:'],
  ])('%j begins with %j on a terminal with colors', async (argv, start) => {
    const { stderr } = await against({}, argv, { color: true });
    expect(stderr.startsWith(start)).toBe(true);
  });

  it('no request is sent after an interruption', async () => {
    const signal = AbortSignal.abort(new Interruption('SIGINT', 130));
    expect(await against({}, ['rm', 'a', 'b'], { signal })).toEqual({ code: 130, stdout: '', stderr: '' });
    expect(daemon.requests).toEqual([]);
  });
});
