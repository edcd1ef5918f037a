// Credential helpers for tests: small programs in a folder on PATH. A test can make one wait, and release it.

import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { inspect } from 'node:util';
import { makeProgram } from './make-program.ts';

export interface HelperFolder {
  readonly path: string;
  /** Makes `docker-credential-<name>` from JavaScript statements; `asked` is its standard input. */
  make(name: string, statements: string): Promise<void>;
  /** For each run, in order: the name, the arguments and the standard input. */
  runs(): Promise<string[]>;
  /** The next program that calls `held(then)`. Its end closes the socket; a write to the socket makes it continue. */
  heldProgram(): Promise<Socket>;
  remove(): Promise<void>;
}

/** A folder at the head of the PATH. */
export async function helperFolder(): Promise<HelperFolder> {
  const path = await mkdtemp(join(tmpdir(), 'longshore-helpers-'));
  const [log, socket] = [join(path, 'log'), join(path, 's')];
  await writeFile(log, '');
  const server = createServer().listen(socket);
  await once(server, 'listening');
  const held: Socket[] = [];
  server.on('connection', (connection) => {
    held.push(connection.on('error', () => {}));
    server.emit('held');
  });
  const before = process.env['PATH'];
  process.env['PATH'] = `${path}${delimiter}${before}`;
  const prelude = `
const name = __filename.split('-').pop().slice(0, -'.cjs'.length);
const asked = require('fs').readFileSync(0, 'utf8');
require('fs').appendFileSync(${JSON.stringify(log)}, [name, ...process.argv.slice(2), asked].join(' ') + '\\n');
const answer = (...texts) => process.stdout.write(texts.join(''));
const give = (Username, Secret) => answer(JSON.stringify({ ServerURL: 'another.example', Username, Secret }) + '\\n');
const fail = (text, code = 1) => { answer(text); process.exitCode = code; };
const held = (then) => {
  const socket = require('net').connect(${JSON.stringify(socket)});
  socket.once('data', () => { socket.unref(); then(); });
};
`;
  return {
    path,
    async make(name, statements) {
      const file = join(path, `docker-credential-${name}`);
      // Node starts much slower than sh, so it only runs helpers that depend on their input.
      if (/^(?:give|answer|fail)\('[^'\\]*'(?:, (?:'[^'\\]*'|\d+))?\)$/.test(statements)) {
        const { text, code } = said(statements);
        await writeFile(`${file}.answer`, text);
        const asked = `asked=$(cat; echo x); asked=\${asked%x}`;
        return makeProgram(file, `${asked}\nprintf '%s\\n' "${name} $* $asked" >> '${log}'\ncat '${file}.answer'\nexit ${code}`);
      }
      await writeFile(`${file}.cjs`, `${prelude}${statements}\n`);
      makeProgram(file, `exec '${process.execPath}' "$0.cjs" "$@"`);
    },
    runs: async () => (await readFile(log, 'utf8')).split('\n').slice(0, -1),
    async heldProgram() {
      if (held.length === 0) await once(server, 'held');
      return held.shift() as Socket;
    },
    async remove() {
      process.env['PATH'] = before;
      for (const connection of held) connection.destroy();
      server.close();
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** The output of a helper that consists of one statement, and its exit code. */
function said(statement: string): { readonly text: string; readonly code: number } {
  let [text, code] = ['', 0];
  const answer = (...texts: string[]): void => void (text += texts.join(''));
  const give = (Username: string, Secret: string): void => {
    answer(`${JSON.stringify({ ServerURL: 'another.example', Username, Secret })}\n`);
  };
  const fail = (words: string, exitCode = 1): void => (answer(words), void (code = exitCode));
  new Function('answer', 'give', 'fail', statement)(answer, give, fail);
  return { text, code };
}

/** All text by which an error could show a secret, except the frames of its stack. */
export function shownBy(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error);
  const { stack: _, ...own } = Object.fromEntries(
    Reflect.ownKeys(error).map((key) => [key, (error as unknown as Record<PropertyKey, unknown>)[key]]),
  );
  const views = [String(error), error.message, JSON.stringify(error), inspect(own, { showHidden: true, depth: 9 })];
  return [...views, error.stack?.split('\n    at ')[0], shownBy(error.cause)].join('\n');
}
