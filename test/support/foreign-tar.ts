// Other tar programs, if installed (GNU tar, bsdtar, Python): what they read in our archives, and archives that they write.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { notTried } from './installed.ts';

/** An entry as a foreign program reports it, the path without a leading `./` and a closing slash. */
export interface ForeignEntry {
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  /** '' except for links. */
  readonly linkname: string;
  /** '' except for files. */
  readonly sha256: string;
}

/** A program that reads archives. */
export interface Reader {
  readonly name: string;
  /** Why it cannot be used; `undefined` if it can. */
  readonly lack: string | undefined;
  /** Rejects if the program prints an error or a warning. */
  read(archive: Uint8Array): Promise<ForeignEntry[]>;
}

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** The output of a program that read `input`; its complaints are errors. */
export function run(program: string, argv: readonly string[], input?: Uint8Array, cwd?: string): Buffer {
  const env = { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8', TAR_OPTIONS: '' };
  const done = spawnSync(program, argv, { input, cwd, env, maxBuffer: 2 ** 28 });
  if (done.error) throw done.error;
  if (done.status !== 0 || done.stderr.length > 0) throw new Error(`${program} (${done.status}): ${done.stderr}`);
  return done.stdout;
}

function answers(program: string, argv: readonly string[], pattern: RegExp): boolean {
  const { stdout } = spawnSync(program, argv);
  return pattern.test(stdout?.toString() ?? ''); // for a missing program, null or undefined, depending on Node's version
}

const gnu = ['gtar', 'tar'].find((program) => answers(program, ['--version'], /GNU tar/)) ?? 'tar';
/** Why tests that need these programs are skipped; `undefined` where they are installed. */
export const noGnuTar: string | undefined = answers(gnu, ['--version'], /GNU tar/) ? undefined : notTried('GNU tar not installed');
export const noBsdtar: string | undefined = answers('bsdtar', ['--version'], /bsdtar/) ? undefined : notTried('bsdtar not installed');
const pythonProgram = 'python3';
export const noPython: string | undefined = answers(pythonProgram, ['--version'], /Python 3/) ? undefined : notTried('python3 not installed');

/** GNU tar under the name that it has here. */
export function gnuTar(argv: readonly string[], input?: Uint8Array, cwd?: string): Buffer {
  return run(gnu, argv, input, cwd);
}

export const readers: readonly Reader[] = [
  { name: 'GNU tar', lack: noGnuTar, read: async (archive) => readWithGnuTar(archive) },
  { name: 'bsdtar', lack: noBsdtar, read: async (archive) => readWithBsdtar(archive) },
  { name: 'Python', lack: noPython, read: readWithPython },
];

const GNU_TYPES: Readonly<Record<string, string>> = {
  '-': 'file',
  h: 'link',
  l: 'symlink',
  c: 'char',
  b: 'block',
  d: 'directory',
  p: 'fifo',
};

/** Reads the listing, and the contents of all files, which GNU tar writes one after another: their sizes are in the listing. */
function readWithGnuTar(archive: Uint8Array): ForeignEntry[] {
  const listing = ['-tvf', '-', '--numeric-owner', '--full-time', '--quoting-style=escape'];
  const lines = gnuTar(listing, archive).toString().trimEnd().split('\n');
  const contents = gnuTar(['-xOf', '-'], archive);
  let at = 0;
  const take = (size: number): Buffer => contents.subarray(at, (at += size));
  const entries = lines.map((line) => gnuEntry(line, take));
  if (at !== contents.length) throw new Error(`GNU tar wrote ${contents.length} bytes of contents, and listed ${at}`);
  return entries;
}

function gnuEntry(line: string, take: (size: number) => Buffer): ForeignEntry {
  const [, letters = '', uid, gid, size, date, seconds, fraction, rest = ''] =
    /^(\S{10}) (\d+)\/(\d+) +(\S+) (\S+) (\d\d:\d\d:\d\d)(\.\d+)? +(.*)$/s.exec(line) ?? [];
  const type = GNU_TYPES[letters.charAt(0)] ?? line;
  const [path = '', linkname = ''] = rest.split(type === 'link' ? ' link to ' : ' -> ').map(unescapeGnu);
  return {
    path: plain(path),
    type,
    mode: modeOf(letters.slice(1)),
    uid: Number(uid),
    gid: Number(gid),
    mtime: Date.parse(`${date}T${seconds}Z`) / 1000 + Number(fraction ?? 0),
    linkname,
    sha256: type === 'file' ? sha256(take(Number(size))) : '',
  };
}

/** `rwsr-x--T` as the number it stands for. */
function modeOf(letters: string): number {
  let mode = 0;
  for (const letter of letters) mode = mode * 2 + ('-ST'.includes(letter) ? 0 : 1);
  const special = [letters[2], letters[5], letters[8]].map((letter) => /[sStT]/.test(letter ?? ''));
  return mode + (special[0] ? 0o4000 : 0) + (special[1] ? 0o2000 : 0) + (special[2] ? 0o1000 : 0);
}

/** The programs differ in how they show a directory. */
function plain(path: string): string {
  return path.replace(/^\.\/(?=.)/, '').replace(/(?<=.)\/$/, '');
}

function unescapeGnu(text: string): string {
  return text.replace(/\\(.)/g, (_, letter: string) => ({ n: '\n', t: '\t' })[letter] ?? letter);
}

const MTREE_TYPES: Readonly<Record<string, string>> = { dir: 'directory', link: 'symlink' };

/** bsdtar copies the archive into an mtree specification, which names every field, and is sorted. */
function readWithBsdtar(archive: Uint8Array): ForeignEntry[] {
  const keys = '!all,type,mode,uid,gid,time,link,sha256';
  const argv = ['-cf', '-', '--format=mtree', `--options=mtree:${keys.replaceAll(',', ',mtree:')}`, '@-'];
  const lines = run('bsdtar', argv, archive).toString().trimEnd().split('\n');
  const links = run('bsdtar', ['-tvf', '-'], archive).toString().split('\n');
  return lines.filter((line) => !line.startsWith('#')).map((line) => mtreeEntry(line, links));
}

function mtreeEntry(line: string, links: readonly string[]): ForeignEntry {
  const [word = '', ...pairs] = line.split(' ');
  const fields = Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]));
  const [seconds, nanoseconds] = (fields['time'] ?? '').split('.'); // the latter without leading zeros
  const path = plain(unescapeMtree(word));
  // In mtree, hard links are files without a digest; the plain listing has their targets.
  const target = links.find((link) => link.includes(` ${path} link to `))?.split(' link to ')[1];
  const type = fields['type'] ?? '';
  return {
    path,
    type: target === undefined ? (MTREE_TYPES[type] ?? type) : 'link',
    mode: Number.parseInt(fields['mode'] ?? '', 8),
    uid: Number(fields['uid']),
    gid: Number(fields['gid']),
    mtime: Number(seconds) + Number(nanoseconds) / 1e9,
    linkname: target ?? unescapeMtree(fields['link'] ?? ''),
    sha256: fields['sha256digest'] ?? '',
  };
}

function unescapeMtree(text: string): string {
  const bytes = text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
  return Buffer.from(bytes, 'latin1').toString();
}

/** Reads archives from its standard input, each behind a line with its length, and writes a line of JSON for each. */
const PYTHON = `
import hashlib, io, json, sys, tarfile
types = {b'0': 'file', b'1': 'link', b'2': 'symlink', b'3': 'char', b'4': 'block', b'5': 'directory', b'6': 'fifo'}
while length := sys.stdin.buffer.readline():
  archive = tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read(int(length))), mode='r:', errorlevel=2)
  print(json.dumps([dict(
    path=member.name, type=types[member.type], mode=member.mode, uid=member.uid, gid=member.gid, mtime=member.mtime,
    linkname=member.linkname,
    sha256=hashlib.sha256(archive.extractfile(member).read()).hexdigest() if member.isreg() else '',
  ) for member in archive]), flush=True)
`;

/** The one Python that reads all archives of a test file: it takes longer to start than to read them. */
let reading: { readonly child: ChildProcessWithoutNullStreams; readonly lines: AsyncIterator<string>; complaints: string } | undefined;

function startPython(): NonNullable<typeof reading> {
  const child = spawn(pythonProgram, ['-c', PYTHON]);
  const started = { child, lines: createInterface(child.stdout)[Symbol.asyncIterator](), complaints: '' };
  child.stderr.on('data', (text) => (started.complaints += String(text)));
  child.unref();
  child.stdin.on('error', () => {}); // the missing result shows the failure
  return started;
}

async function readWithPython(archive: Uint8Array): Promise<ForeignEntry[]> {
  const { child, lines } = (reading ??= startPython());
  child.stdin.write(`${archive.length}\n`);
  child.stdin.write(archive);
  const { value, done } = await lines.next();
  if (done) {
    await once(child.stderr, 'close').catch(() => {});
    const { complaints } = reading;
    reading = undefined;
    throw new Error(`python3: ${complaints}`);
  }
  if (reading.complaints !== '') throw new Error(`python3: ${reading.complaints}`);
  return (JSON.parse(value) as ForeignEntry[]).map((entry) => ({ ...entry, path: plain(entry.path) }));
}

const written = new Map<string, Buffer>();

/** Runs a Python program that writes an archive to its standard output; each program is run once. */
export function python(program: string): Buffer {
  const archive = written.get(program) ?? run(pythonProgram, ['-c', program]);
  written.set(program, archive);
  return archive;
}
