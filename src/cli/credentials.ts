// The credentials of --creds. The user name is on the command line. The password never is, because other programs can read the command
// line and shells store it. The first of these has the password: standard input with --password-stdin, the variable LONGSHORE_PASSWORD,
// the terminal, which asks for it without showing it.

import { parseReference, Secret } from '../index.ts';
import type { Credentials } from '../index.ts';
import { UsageError } from './command.ts';
import type { Call, Command, Io, Options, Values } from './command.ts';
import { printable } from './printable.ts';

export const credentialOptions = {
  creds: { type: 'string', value: 'USER', help: 'User name; password: LONGSHORE_PASSWORD, or asked for' },
  'password-stdin': { type: 'boolean', help: 'Read the password of --creds from standard input' },
} as const satisfies Options;

/** A command with its arguments. */
interface Work extends Pick<Call, 'operands' | 'values'> {
  readonly command: Command;
}

/** Returns the credentials that the command line names; undefined if it names none. Throws a `UsageError` before it asks for a password. */
export async function credentialsOf(work: Work, io: Io): Promise<Credentials | undefined> {
  const { creds: username, 'password-stdin': isPiped = false } = work.values as Values<typeof credentialOptions>;
  if (username === undefined && isPiped) throw new UsageError('--password-stdin needs --creds USER');
  if (username === undefined) return undefined;
  if (username.includes(':')) throw new UsageError(`--creds takes a user name only, because others can read a password there. ${SOURCES}`);
  if (username === '') throw new UsageError('--creds needs a user name');
  const registry = registryOf(work);
  const where = registry === undefined ? '' : ` at ${registry}`;
  const password = isPiped ? await readPassword(io) : (io.password || (await askFor(`Password for ${printable(username)}${where}: `, io)));
  if (password === '') throw new UsageError('the password for --creds is empty');
  return { username, password: new Secret(password) };
}

const SOURCES = 'For the password, set LONGSHORE_PASSWORD, give --password-stdin, or use a terminal, which asks for it';

/** Returns the registry of the images. The term of a search may be any text, but not one that looks like a registry and does not name one. */
function registryOf({ command, operands }: Work): string | undefined {
  if (operands.length === 0) throw new UsageError('--creds needs the names of images, all of one registry');
  const [term = ''] = operands;
  if (command.name === 'search' && !term.includes('/') && /[.:]/.test(term)) {
    const name = printable(term);
    throw new UsageError(`the Docker Hub would get the password: give ${name}/ to search that registry, or docker.io/${name}`);
  }
  const registries = command.completes === 'image' ? new Set(operands.map((name) => parseReference(name).domain)) : [];
  const [first, ...others] = registries;
  if (others.length === 0) return first;
  throw new UsageError(`--creds is for one registry, but the images are of ${[first, ...others].join(', ')}: run the command once for each`);
}

/** The maximum length of a password on standard input, in bytes. Tokens of registries have a few thousand. */
const PASSWORD_LIMIT = 64 * 1024;

/** Reads standard input to its end and removes one line break from the end. */
async function readPassword({ stdin, signal }: Io): Promise<string> {
  if (stdin.isTerminal) throw new UsageError('--password-stdin needs a file or a pipe. Without it, the terminal asks for the password');
  const interrupted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  const bytes = await Promise.race([interrupted, bytesOf(stdin.bytes())]);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    throw new UsageError('the password on standard input is not valid UTF-8');
  }
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > PASSWORD_LIMIT) throw new UsageError(`the password on standard input is longer than ${PASSWORD_LIMIT} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function askFor(prompt: string, { stdin, stderr, signal }: Io): Promise<string> {
  if (!stdin.isTerminal) throw new UsageError(`--creds has no password, and standard input is not a terminal. ${SOURCES}`);
  try {
    return await stdin.hiddenLine(() => void stderr.write(prompt), signal);
  } finally {
    await stderr.write('\n'); // the terminal has not shown the Enter key
  }
}
