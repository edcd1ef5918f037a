// Runs every example of the README files: each program in a separate process, the commands in a shell. They talk to a fake
// engine that answers every request; it also listens at the addresses that the examples use.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { documents } from './support/documents.ts';
import { lacking, titled } from './support/installed.ts';
import { makeProgram } from './support/make-program.ts';
import { obedientDaemon } from './support/obedient-daemon.ts';
import type { ObedientDaemon } from './support/obedient-daemon.ts';
import { recordedExchanges } from './support/recorded.ts';

const library = new URL('../dist/index.js', import.meta.url).href;
const command = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const run = promisify(execFile);

/** An image that Docker 28.5 saved. */
const tape = readFileSync(new URL('../fixtures/tapes/docker-28.5/save.tape', import.meta.url));
const archive = recordedExchanges(tape).find(({ target }) => target.includes('/images/get'))?.body ?? Buffer.of();

/** The fenced blocks of a language in README.md and in src/. Each title has the file, and the heading or the bold words above the block. */
function examples(language: string): Array<[title: string, code: string]> {
  // Blocks in test/ show the form of tests; they are not programs.
  return documents.filter(({ path }) => !path.startsWith('test/')).flatMap(({ path, text }) => {
    const blocks = [...text.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))];
    return blocks.map((block, number): [string, string] => {
      const above = text.slice(0, block.index);
      const titles = [...above.matchAll(/^(?:#+ (.*)|\*\*(.+?)\*\*.*)$/gm)].at(-1);
      return [`${path} ${number + 1}: ${titles?.[1] ?? titles?.[2] ?? 'its first lines'}`, block[1] ?? ''];
    });
  });
}

let engine: ObedientDaemon;
let folder: string;
let environment: Record<string, string>;
beforeAll(async () => {
  engine = await obedientDaemon('Api-Version: 1.55\r\n', archive);
  folder = await mkdtemp(join(tmpdir(), 'longshore-examples-'));
  const program = (name: string, text: string): void => makeProgram(join(folder, name), text);
  program('longshore', `exec '${process.execPath}' '${command}' "$@"`);
  // A fake ssh, which runs the remote command on this machine.
  program(
    'ssh',
    `while [ "$1" != "\${1#-}" ]; do
      case "$1" in --) break;; -o|-l|-p) shift;; esac
      shift
    done
    [ "$1" = -- ] && shift
    shift # the host
    case "$*" in *dial-stdio*) exec '${process.execPath}' '${join(folder, 'dial-stdio.mjs')}';; esac
    exec sh -c "$*"`,
  );
  await writeFile(
    join(folder, 'dial-stdio.mjs'),
    `import { connect } from 'node:net';
    const socket = connect(${JSON.stringify(engine.host.slice('unix://'.length))});
    process.stdin.pipe(socket).pipe(process.stdout);
    socket.on('close', () => process.exit());`,
  );
  await symlink(engine.host.slice('unix://'.length), join(folder, 'two.sock'));
  const { NODE_V8_COVERAGE: _, ...ours } = process.env;
  environment = { ...ours, HOME: folder, DOCKER_CONFIG: folder, DOCKER_HOST: engine.host, NO_COLOR: '1' } as Record<string, string>;
  environment['PATH'] = `${folder}${delimiter}${environment['PATH'] ?? ''}`;
});
beforeEach(async () => {
  engine.fallSilent(undefined);
  await mkdir(join(folder, 'rootfs'), { recursive: true });
  await writeFile(join(folder, 'rootfs', 'motd'), 'hello\n');
  await writeFile(join(folder, 'app.tar'), archive);
  await writeFile(join(folder, 'refresh.js'), `import('${library}').then(async ({ ImageClient }) => {
    const docker = await ImageClient.fromEnvironment();
    await docker.pull(process.argv[2]);
    docker.close();
  });`);
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

/** The first lines of an example that is not a complete program. */
const PRELUDE = `import { ImageClient } from 'longshore';
const [username, password, identityToken, registryToken] = ['u', 'hunter2', 'hunter2', 'hunter2'];
const vault = { get: async () => ({ username, password }) };
const host = process.env.DOCKER_HOST;
const docker = await ImageClient.fromEnvironment();
`;

const withFakeEngine = (text: string): string =>
  text.replaceAll('tcp://one.example:2375', engine.host).replaceAll('tcp://two.example:2375', `unix://${join(folder, 'two.sock')}`);

describe.skipIf(process.platform === 'win32')('an example of a README file', () => {
  const programs = examples('ts');
  it.each(programs)('runs: %s', async (_, code) => {
    const whole = /^import /.test(code) ? code : `${PRELUDE}${code}`;
    const file = join(folder, 'example.mjs');
    await writeFile(file, withFakeEngine(whole).replaceAll("from 'longshore'", `from '${library}'`));
    const { stderr } = await run(process.execPath, [file], { env: environment, cwd: folder });
    expect(stderr).toBe('');
    if (whole.includes('ImageClient')) expect(engine.requests.length).toBeGreaterThan(0);
  });

  const noBash = lacking('bash');
  it.skipIf(noBash).each(examples('sh').slice(1))(titled('runs in a shell: %s', noBash), async (_, commands) => {
    await run('bash', ['-euo', 'pipefail', '-c', withFakeEngine(commands)], { env: environment, cwd: folder });
    expect(engine.requests.length).toBeGreaterThan(0);
  });

  it.skipIf(noBash)(titled('writes the tape of the recording example', noBash), async () => {
    const tape = await readFile(join(folder, 'refresh.tape'), 'latin1');
    expect(tape).toMatch(/^longshore tape 1\n[^]*POST \/v1\.55\/images\/create\?fromImage=/);
  });

  it('prints the bytes that it saved and verified: "Save to a file"', async () => {
    const saved = programs.find(([what]) => what.includes('Save to a file'))?.[1] ?? '';
    const file = join(folder, 'saved.mjs');
    await writeFile(file, saved.replaceAll("from 'longshore'", `from '${library}'`));
    const { stdout } = await run(process.execPath, [file], { env: environment, cwd: folder });
    const [bytes, verified] = stdout.match(/\d+/g)?.map(Number) ?? [];
    expect(bytes).toBe(archive.length);
    expect(verified).toBeGreaterThan(0);
    expect(await readFile(join(folder, 'alpine.tar'))).toEqual(archive);
  });

  it('exists for each important method and option', () => {
    expect(programs.length).toBeGreaterThanOrEqual(12);
    for (const word of ['pull(', 'push(', 'toFile(', 'loadImage(', 'importImageFromData(', 'packDirectory(', 'signal', 'supports(']) {
      expect(programs.some(([, code]) => code.includes(word)), word).toBe(true);
    }
  });
});
