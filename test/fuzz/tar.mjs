// Archives for the scan: by a writer of all formats in this file, by our own packer, and changed in places. The reference
// is a slow reader that has the whole archive.

import { createHash } from 'node:crypto';
import { ArchiveScan, errors, packTar } from './library.mjs';
import { byteByByte, demand, demandSame, mutate, pieces } from './random.mjs';

export const name = 'tar';

const dictionary = [
  '\0', ' ', '7', '8', 'x', 'L', 'K', 'g', '0', '5', 'ustar\0', 'ustar  ', '\0'.repeat(512), '\x80', '\xff',
  '27 path=other\n', '12 size=100\n', '{"error":"x"}',
];
const paths = [
  'a', 'dir/', 'etc/motd', 'é', 'n'.repeat(99), 'n'.repeat(100), 'p'.repeat(150), `${'d'.repeat(90)}/${'f'.repeat(90)}`,
  '../x', '{"error":"no"}',
];

export async function make(random) {
  const archive = random.once(20) ? await packed(random) : written(random);
  const changed = random.once(3) ? archive : damaged(random, archive);
  const split = random.once(24) ? byteByByte(changed) : pieces(random, changed, 12);
  return { bytes: changed, cut: random.integer(0, changed.length), split };
}

/** Changes bytes anywhere, or in a header block whose checksum is then updated, so that the change is not rejected early. */
function damaged(random, archive) {
  if (random.once(3)) return mutate(random, archive, dictionary);
  const changed = Buffer.from(archive);
  const at = 512 * random.integer(0, archive.length / 512 - 1);
  const field = random.pick([0, 99, 124, 125, 135, 156, 157, 257, 262, 345]);
  const text = Buffer.from(random.pick(dictionary), 'latin1');
  text.copy(changed, at + field, 0, Math.min(text.length, 512 - field));
  return random.once(2)
    ? changed
    : Buffer.concat([changed.subarray(0, at), sealed(changed.subarray(at, at + 512)), changed.subarray(at + 512)]);
}

async function packed(random) {
  const entry = () => ({
    path: `f${random.next()}${'x'.repeat(random.integer(0, 150))}`,
    content: Buffer.alloc(random.integer(0, 1500), 'c'),
  });
  const blocks = [];
  for await (const block of packTar(random.list(0, 3, entry))) blocks.push(block);
  return Buffer.concat(blocks);
}

function written(random) {
  const blocks = random.list(0, 3, () => entry(random)).flat();
  return Buffer.concat([...blocks, Buffer.alloc(1024 + 512 * random.integer(0, 2))]);
}

/** An entry, with the extended headers before it in some format. */
function entry(random) {
  const path = random.pick(paths);
  const typeflag = random.pick(['0', '0', '0', '\0', '5', '2', '1', '3', '7']);
  const size = random.pick([0, 1, 511, 512, 513, random.integer(0, 1200)]);
  const linkname = random.pick(['', '', 'target', 't'.repeat(99)]);
  const hasContent = !'12345'.includes(typeflag);
  const content = hasContent ? padded(Buffer.alloc(size, random.pick(['x', '\0', 'ustar']))) : Buffer.alloc(0);
  const before = [];
  if (random.once(4)) before.push(...special('x', records(random, size)));
  if (random.once(6)) before.push(...special('L', `${random.pick(paths)}${'l'.repeat(100)}\0`));
  if (random.once(8)) before.push(...special('K', `${'k'.repeat(120)}\0`));
  if (random.once(8)) before.push(...special('g', record('comment', 'x'.repeat(random.integer(0, 600)))));
  const magic = random.pick(['ustar\x0000', 'ustar  \0', '']);
  return [
    ...before,
    header({ path, typeflag, size, linkname, magic, octal: random.pick(['nul', 'space', 'base256', 'full']) }),
    content,
  ];
}

/** Pax records in any order: the ones that we read, and others. */
function records(random, size) {
  const some = [
    record('path', random.pick(paths)), record('linkpath', 'pax-target'), record('size', String(size)),
    record('mtime', '1.5'), record('path', ''), record('LIBARCHIVE.x', 'é=\n'),
  ];
  return random.list(1, 3, () => random.pick(some)).join('');
}

function record(key, value) {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return `${length} ${key}=${value}\n`;
}

function special(typeflag, text) {
  const content = Buffer.from(text);
  return [
    header({ path: '././@special', typeflag, size: content.length, linkname: '', magic: 'ustar\x0000', octal: 'nul' }),
    padded(content),
  ];
}

function header({ path, typeflag, size, linkname, magic, octal }) {
  const block = Buffer.alloc(512);
  const put = (at, text) => block.write(text, at, Math.min(100, 512 - at), 'utf8');
  put(0, path);
  put(100, '0000644\0');
  const digits = size.toString(8);
  put(124, octal === 'space' ? `${digits.padStart(10)} ` : digits.padStart(octal === 'full' ? 12 : 11, '0'));
  if (octal === 'base256') {
    block.fill(0, 124, 136);
    block[124] = 0x80;
    block.writeUInt32BE(size, 132);
  }
  block.write(typeflag, 156, 1, 'latin1');
  put(157, linkname);
  put(257, magic);
  return sealed(block);
}

function sealed(block) {
  const copy = Buffer.from(block);
  const checksum = sum(copy, (byte) => byte);
  copy.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return copy;
}

/** The checksum of a header block, with spaces for the checksum itself. */
function sum(block, sign) {
  let total = 8 * 0x20;
  for (let at = 0; at < 512; at++) if (at < 148 || at >= 156) total += sign(block[at]);
  return total;
}

function padded(content) {
  return Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

export function check({ bytes, cut, split }) {
  const whole = scan([bytes]);
  const expected = read(bytes);
  demand((whole.fault === undefined) === (expected !== undefined), `the archive is whole, or not (${whole.fault})`);
  if (expected !== undefined) demandSame(whole.entries, expected.entries, 'the entries are those that are there');
  demandSame(scan(split), whole, 'the pieces change nothing');
  if (expected !== undefined && cut < expected.end)
    demand(scan([bytes.subarray(0, cut)]).fault !== undefined, 'a part is no archive');
  return whole.fault === undefined ? 'whole' : 'refused';
}

function scan(all) {
  const entries = [];
  const contents = [];
  const listener = {
    entry: ({ path, typeflag, size, linkname }) => void (entries.push([path, typeflag, size, linkname]), contents.push([])),
    content: (view) => contents.at(-1).push(Buffer.from(view)),
    endEntry: () => entries.at(-1).push(hash(contents.pop())),
  };
  const archive = new ArchiveScan(listener);
  let fault;
  try {
    for (const piece of all) archive.push(piece);
    demand(archive.finish().entries === entries.length, 'the entries are counted');
  } catch (error) {
    demand(error instanceof errors.TruncatedError, `an error of ours, not ${error?.stack}`);
    demand(!/[\p{Cc}\p{Cs}]/u.test(error.message), `a message that can be shown, not ${JSON.stringify(error.message)}`);
    // Bytes after a fault are accepted up to a limit, because they may be the daemon's message.
    fault = error.message.replace(/; the daemon says: .*/s, '');
  }
  return { entries: fault === undefined ? entries : undefined, fault };
}

const ZEROS = Buffer.alloc(512);

function hash(blocks) {
  const running = createHash('sha1');
  for (const block of blocks) running.update(block);
  return running.digest('latin1');
}

/** The reference, which reads blocks: the entries and where the end marker ends, or undefined. */
function read(bytes) {
  const entries = [];
  let next = {};
  let before = [];
  for (let at = 0; ;) {
    const block = bytes.subarray(at, at + 512);
    if (block.length < 512) return undefined;
    at += 512;
    if (block.equals(ZEROS)) {
      const rest = bytes.subarray(at);
      return rest.length >= 512 && rest.every((byte) => byte === 0) ? { entries, end: at + 512 } : undefined;
    }
    const [checksum, size] = [number(block.subarray(148, 156)), number(block.subarray(124, 136))];
    const sums = [sum(block, (byte) => byte), sum(block, (byte) => (byte > 127 ? byte - 256 : byte))];
    if (!sums.includes(checksum) || size === undefined) return undefined;
    const typeflag = text(block.subarray(156, 157)) || '0';
    const prefix = text(block.subarray(257, 263)) === 'ustar' ? text(block.subarray(345, 500)) : '';
    const meta = 'xLKg'.includes(typeflag);
    before = meta ? [...before, typeflag] : [];
    if (!readAlike(before)) return undefined;
    const effective = meta ? size : '123456'.includes(typeflag) ? 0 : (next.size ?? size);
    const content = bytes.subarray(at, at + effective);
    const blocks = Math.ceil(effective / 512) * 512;
    if (bytes.length - at < blocks || ('xLK'.includes(typeflag) && size > 2 ** 20)) return undefined;
    at += blocks;
    if (typeflag === 'x') {
      const found = paxRecords(content);
      if (found === undefined) return undefined;
      next = { ...next, ...found };
    } else if (typeflag === 'L') next = { ...next, path: text(content) };
    else if (typeflag === 'K') next = { ...next, linkname: text(content) };
    else if (typeflag !== 'g') {
      const path = next.path ?? (prefix === '' ? '' : `${prefix}/`) + text(block.subarray(0, 100));
      entries.push([path, typeflag, effective, next.linkname ?? text(block.subarray(157, 257)), hash([content])]);
      next = {};
    }
  }
}

/** Whether all programs agree on the headers before an entry: global ones first, then one pax header or GNU's long names. */
function readAlike(typeflags) {
  const own = typeflags.filter((typeflag) => typeflag !== 'g');
  const isGlobalFirst = typeflags.slice(typeflags.length - own.length).every((typeflag) => typeflag !== 'g');
  const isSingle = new Set(own).size === own.length;
  return isGlobalFirst && isSingle && (own.length < 2 || !own.includes('x'));
}

function text(bytes) {
  return bytes.toString('utf8').split('\0')[0];
}

function number(bytes) {
  if (bytes[0] >= 0x80) {
    const value = BigInt(`0x${bytes.toString('hex')}`) - (0x80n << BigInt(8 * (bytes.length - 1)));
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
  }
  const found = /^[ \0]*([0-7]*)(?:[ \0][^]*)?$/.exec(bytes.toString('latin1'));
  return found ? Number(`0o${found[1] || 0}`) : undefined;
}

/** What the records set; an empty value removes what an earlier record of the same header has set. */
function paxRecords(bytes) {
  const found = {};
  let rest = bytes.toString('latin1');
  while (rest !== '') {
    const [, digits] = /^([1-9][0-9]{0,8}) [^=]*=/.exec(rest) ?? [];
    const line = rest.slice(0, Number(digits));
    const [, key, value] = /^[0-9]+ ([^=]*)=([^]*)\n$/.exec(line) ?? [];
    if (key === undefined || line.length !== Number(digits)) return undefined;
    rest = rest.slice(line.length);
    const utf8 = Buffer.from(value, 'latin1').toString('utf8');
    if (key === 'path') found.path = utf8 || undefined;
    if (key === 'linkpath') found.linkname = utf8 || undefined;
    if (key === 'size') found.size = utf8 || undefined;
  }
  if (found.path?.includes('\0') || found.linkname?.includes('\0')) return undefined;
  for (const key of Object.keys(found)) if (found[key] === undefined) delete found[key];
  if (found.size === undefined) return found;
  return /^[0-9]{1,15}$/.test(found.size) ? { ...found, size: Number(found.size) } : undefined;
}

export const show = ({ bytes }) => `${bytes.length} bytes, in base64: ${bytes.toString('base64')}`;

export function* shrink({ bytes }) {
  for (let size = 512 << 3; size >= 512; size >>= 1) {
    for (let at = 0; at < bytes.length; at += size) {
      yield { bytes: Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]), cut: 0, split: [] };
    }
  }
}
