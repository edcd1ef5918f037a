// The command in a real terminal, at several widths; the tests read the screen.

import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/fake-daemon.ts';
import { titled } from '../support/installed.ts';
import { cannedDaemon, json } from './canned-daemon.ts';
import type { Answer, CannedDaemon } from './canned-daemon.ts';
import { noTmux, openTerminal } from './tmux.ts';
import type { Terminal } from './tmux.ts';

let daemon: CannedDaemon;
let terminal: Terminal;
afterEach(async () => {
  terminal.close();
  await daemon.close();
});

async function open(columns: number, answers: Record<string, Answer>, argv: readonly string[]): Promise<void> {
  daemon = await cannedDaemon(answers);
  terminal = openTerminal(columns, argv.map((word) => word.replace('FOLDER', daemon.folder)), daemon.host);
}

const ID = `sha256:${'0123456789abcdef'.repeat(4)}`;
const images = [
  { Id: ID, RepoTags: ['registry.example/platform/team/application-server:2026.11'], RepoDigests: [], Created: 0, Size: 187_329_000, Labels: null },
  { Id: ID, RepoTags: ['alpine:3.20'], RepoDigests: [], Created: 0, Size: 7_329_000, Labels: null },
];
const steps = [
  { Id: ID, Created: 0, CreatedBy: 'CMD ["/bin/sh"]', Tags: null, Size: 0, Comment: 'buildkit.dockerfile.v0' },
  { Id: '<missing>', Created: 0, CreatedBy: 'RUN /bin/sh -c apk add --no-cache curl ca-certificates openssl # buildkit', Tags: null, Size: 2_500_000, Comment: '' },
  { Id: '<missing>', Created: 0, CreatedBy: '/bin/sh -c #(nop) ADD file:1 in / ', Tags: null, Size: 10_000_000, Comment: '' },
];

const A = 'ca7c512ed85c';
const B = 'cf77c93bfcd1';

/** A pull that sends what the test says, and notices when the client disconnects. */
function slowPull(): { answer: Answer; say: (...values: object[]) => void; end: () => void; gone: Promise<void> } {
  let stream: ServerResponse;
  let left!: () => void;
  const gone = new Promise<void>((resolve) => (left = resolve));
  const say = (...values: object[]): void => void stream.write(values.map((value) => `${JSON.stringify(value)}\r\n`).join(''));
  const answer: Answer = (response) => {
    stream = response;
    response.on('close', left);
    say(
      { status: 'Pulling from library/x', id: '1' },
      { status: 'Pulling fs layer', progressDetail: {}, id: A },
      { status: 'Pulling fs layer', progressDetail: {}, id: B },
      { status: 'Downloading', progressDetail: { current: 4_001_300, total: 8_002_600 }, id: A },
      { status: 'Downloading', progressDetail: { current: 123_456_789, total: 987_654_321 }, id: B },
    );
  };
  return { answer, say, end: () => void stream.end(), gone };
}

describe.skipIf(noTmux)(titled('a terminal of these tests', noTmux), () => {
  it('ends with the process that opened it, also if that is killed', async () => {
    daemon = await cannedDaemon({});
    const owner = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
    terminal = openTerminal(80, ['--help'], daemon.host, 24, owner.pid);
    await terminal.shows('exit 0');
    expect(terminal.isOpen()).toBe(true);
    owner.kill('SIGKILL');
    await until(() => !terminal.isOpen());
  });
});

describe.skipIf(noTmux)(titled('in a terminal', noTmux), () => {
  it.each([
    [
      40, // 39 would be enough
      [
        'REPOSITORY               TAG      SIZE',
        '…eam/application-server  2026.11  187MB',
        'alpine                   3.20     7.33MB',
      ],
    ],
    [
      80,
      [
        'REPOSITORY                                TAG      IMAGE ID      CREATED  SIZE',
        '…xample/platform/team/application-server  2026.11  0123456789ab  N/A      187MB',
        'alpine                                    3.20     0123456789ab  N/A      7.33MB',
      ],
    ],
    [
      200,
      [
        'REPOSITORY                                          TAG       IMAGE ID       CREATED   SIZE',
        'registry.example/platform/team/application-server   2026.11   0123456789ab   N/A       187MB',
        'alpine                                              3.20      0123456789ab   N/A       7.33MB',
      ],
    ],
  ])('ls fits %d columns: names are cut at their beginning, then columns left out', async (columns, lines) => {
    await open(columns, { 'GET /images/json': json(images) }, ['ls']);
    await terminal.shows('exit 0');
    expect(terminal.screen()).toEqual([...lines, 'exit 0']);
  });

  it.each([
    [
      40,
      [
        'CREATED BY                SIZE',
        'CMD ["/bin/sh"]             0B',
        'RUN apk add --no-cache…  2.5MB  ██',
        'ADD file:1 in /           10MB  ████████',
      ],
    ],
    [
      80,
      [
        'IMAGE         CREATED  CREATED BY             SIZE            COMMENT',
        '0123456789ab  N/A      CMD ["/bin/sh"]          0B            buildkit.dockerfi…',
        '<missing>     N/A      RUN apk add --no-ca…  2.5MB  ██',
        '<missing>     N/A      ADD file:1 in /        10MB  ████████',
      ],
    ],
    [
      200,
      [
        'IMAGE          CREATED   CREATED BY                                       SIZE                      COMMENT',
        '0123456789ab   N/A       CMD ["/bin/sh"]                                    0B                      buildkit.dockerfile.v0',
        '<missing>      N/A       RUN apk add --no-cache curl ca-certificates …   2.5MB   ████',
        '<missing>      N/A       ADD file:1 in /                                  10MB   ████████████████',
      ],
    ],
  ])('history fits %d columns, its bars as well', async (columns, lines) => {
    await open(columns, { 'GET /images/x/history': json(steps) }, ['history', 'x']);
    await terminal.shows('exit 0');
    expect(terminal.screen()).toEqual([...lines, 'exit 0']);
  });

  it.each([
    [40, ['ca7c512ed85c: Downloading         50%', 'cf77c93bfcd1: Downloading         12%', /^Total: {3}6% of 995\.7MB/]],
    [
      80,
      [
        'ca7c512ed85c: Downloading        [==============>             ] 4.001MB/8.003MB',
        'cf77c93bfcd1: Downloading        [===>                        ] 123.5MB/987.7MB',
        /^Total: {3}6% .* 127\.5MB\/995\.7MB$/,
      ],
    ],
    [
      200,
      [
        'ca7c512ed85c: Downloading        [=========================>                        ] 4.001MB/8.003MB',
        'cf77c93bfcd1: Downloading        [======>                                           ] 123.5MB/987.7MB',
        /^Total: {3}6% {22}\[===> {46}\] 127\.5MB\/995\.7MB/,
      ],
    ],
  ])('a pull in %d columns paints its layers and their total over and over, then leaves the layers', async (columns, lines) => {
    const pull = slowPull();
    await open(columns, { 'POST /images/create': pull.answer, 'GET /images/docker.io/library/x:1/json': json({}) }, ['pull', 'x:1']);
    await terminal.shows(/B\/s/); // the line of the total shows it after a while
    const [first, ...rest] = terminal.screen();
    expect(first).toBe('1: Pulling from library/x');
    expect(rest).toEqual(lines.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))));
    expect(terminal.isCursorShown()).toBe(false);
    pull.say({ status: 'Pull complete', progressDetail: {}, id: A }, { status: 'Pull complete', progressDetail: {}, id: B }, { status: `Digest: ${ID}` });
    pull.end();
    await terminal.shows('exit 0');
    const cut = (text: string): string => text.slice(0, columns); // lines outside of tables are wrapped
    expect(terminal.screen().slice(0, 3)).toEqual(['1: Pulling from library/x', `${A}: Pull complete`, `${B}: Pull complete`]);
    expect(terminal.screen()[3]).toBe(cut(`Digest: ${ID}`));
    expect(terminal.isCursorShown()).toBe(true);
  });

  it('a window that becomes narrower, then wide again, has each layer once', async () => {
    const pull = slowPull();
    await open(120, { 'POST /images/create': pull.answer }, ['pull', 'x:1']);
    await terminal.shows(B);
    for (const columns of [50, 100]) {
      terminal.resize(columns);
      await terminal.shows(columns === 50 ? /Downloading {8}4\.001MB/ : /\[=+> +\] 4\.001MB/); // without an event, too
      const current = columns === 50 ? 333_333_333 : 444_444_444;
      pull.say({ status: 'Downloading', progressDetail: { current, total: 987_654_321 }, id: B });
      await terminal.shows(columns === 50 ? '333.3MB/987.7MB' : '444.4MB/987.7MB');
      // tmux itself may scroll the lines above out of sight.
      const lines = terminal.screen().filter((line) => !line.startsWith('1: Pulling'));
      expect(lines.map((line) => line.split(':')[0])).toEqual([A, B, 'Total']);
    }
  });

  it('Ctrl-C stops the daemon, shows the cursor again, and exits with 130', async () => {
    const pull = slowPull();
    await open(80, { 'POST /images/create': pull.answer }, ['pull', 'x:1']);
    await terminal.shows(B);
    expect(terminal.isCursorShown()).toBe(false);
    terminal.press('C-c');
    await pull.gone;
    await terminal.shows('exit 130');
    expect(terminal.isCursorShown()).toBe(true);
    expect(terminal.screen().filter((line) => line.startsWith(A))).toHaveLength(1);
  });

  it('Ctrl-C leaves no incomplete file of a save', async () => {
    let asked!: () => void;
    const hanging = new Promise<void>((resolve) => (asked = resolve));
    await open(80, { 'GET /images/get': (response) => void response.write(new Uint8Array(512), asked) }, ['save', '-o', 'FOLDER/x.tar', 'x']);
    await hanging;
    terminal.press('C-c');
    await terminal.shows('exit 130');
    expect(readdirSync(daemon.folder)).toEqual(['engine.sock']);
  });

  it.each([
    ['y', 'Total reclaimed space: 7B', 'exit 0', 1],
    ['n', 'Cancelled: nothing was done', 'exit 1', 0],
    ['', 'Cancelled: nothing was done', 'exit 1', 0],
  ])('prune asks, and takes %j for its answer', async (answer, said, end, requests) => {
    await open(80, { 'POST /images/prune': json({ ImagesDeleted: null, SpaceReclaimed: 7 }) }, ['prune']);
    await terminal.shows('Continue? [y/N]');
    terminal.press(...answer, 'Enter');
    await terminal.shows(end);
    expect(terminal.screen()).toContain(said);
    expect(daemon.requests).toHaveLength(requests);
  });

  it('Ctrl-C answers a question with no', async () => {
    await open(80, {}, ['prune', '--all']);
    await terminal.shows('Continue? [y/N]');
    terminal.press('C-c');
    await terminal.shows('exit 130');
    expect(daemon.requests).toEqual([]);
  });

  /** A pull whose password the terminal asks for; resolves when it asks. */
  async function asking(): Promise<{ auth: () => unknown }> {
    let auth: unknown;
    const answer: Answer = (response, request) => {
      auth = JSON.parse(Buffer.from(String(request.headers['x-registry-auth']), 'base64url').toString());
      response.end(JSON.stringify({ status: `Digest: ${ID}` }));
    };
    await open(80, { 'POST /images/create': answer }, ['pull', '--quiet', '--creds', 'alice', 'r.example/x:1']);
    await terminal.shows('Password for alice at r.example:');
    return { auth: () => auth };
  }

  /** Resolves if the terminal shows what is typed. */
  async function showsKeys(): Promise<void> {
    terminal.press(...'shown');
    await terminal.shows(/^shown$/m);
  }

  it('a password is not shown while it is typed, and the terminal shows keys again after it', async () => {
    const { auth } = await asking();
    terminal.press(...'wrong', 'C-u', ...'secretpx', 'BSpace', 'w', 'Enter');
    await terminal.shows('exit 0');
    expect(terminal.screen()).toEqual(['Password for alice at r.example:', 'r.example/x:1', 'exit 0']);
    expect(auth()).toEqual({ username: 'alice', password: 'secretpw', serveraddress: 'r.example' });
    await showsKeys();
  });

  it.each([
    ['C-c', 'exit 130', []],
    ['C-d', 'exit 2', ['longshore pull: the password for --creds is empty', 'See longshore pull --help']],
  ])('%s at the question for a password ends with %s, and the terminal shows keys again', async (key, end, said) => {
    await asking();
    terminal.press(key);
    await terminal.shows(end);
    expect(terminal.screen()).toEqual(['Password for alice at r.example:', ...said, end]);
    expect(daemon.requests).toEqual([]);
    await showsKeys();
  });

  it('a save shows its bytes and its rate, and leaves only its result', async () => {
    let stream: ServerResponse | undefined;
    await open(80, { 'GET /images/get': (response) => void (stream = response).write(new Uint8Array(512 * 1024)) }, ['save', '--verify', 'none', '-o', 'FOLDER/x.tar', 'x']);
    await terminal.shows(/^Saving  524\.3kB/m);
    stream?.write(new Uint8Array(512 * 1024));
    await terminal.shows(/^Saving  1\.049MB  [\d.]+[kM]?B\/s/m);
    expect(terminal.isCursorShown()).toBe(false);
    stream?.end();
    await terminal.shows('exit 0');
    expect(terminal.screen().join('')).toMatch(/^saved .*x\.tar: 1\.049MB, not verifiedexit 0$/);
    expect(terminal.isCursorShown()).toBe(true);
  });

  it('a load shows how much of the file has been sent, with a percentage', async () => {
    let stream: ServerResponse | undefined;
    daemon = await cannedDaemon({ 'POST /images/load': (response, request) => void request.once('data', () => (stream = response)) });
    const path = join(daemon.folder, 'x.tar');
    writeFileSync(path, new Uint8Array(32 * 1024 * 1024)); // more than the buffers between us and the daemon take
    terminal = openTerminal(80, ['load', path], daemon.host);
    await terminal.shows(/^Uploading  [\d.]+MB\/33\.55MB  \d+%/m);
    stream?.end('{"stream":"Loaded image: a:1"}');
    await terminal.shows('exit 0');
    expect(terminal.screen()).toEqual(['a:1', 'exit 0']);
    expect(terminal.isCursorShown()).toBe(true);
  });

  it('an archive is not written to a terminal', async () => {
    await open(80, {}, ['save', 'x']);
    await terminal.shows('exit 2');
    expect(terminal.screen()[0]).toBe('longshore save: cannot write an archive to a terminal: give -o FILE');
  });
});
