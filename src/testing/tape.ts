// A tape: what went over the wire between a client and an engine, both ways, as text that a person can read and git can
// keep. Header lines, an empty line, then records, each a line and the bytes it announces:
//
//   longshore tape 1
//   engine: Docker
//   version: 20.10.24
//   command: npm run record
//   date: 2026-01-31
//
//   > 1 47                  47 bytes sent on connection 1, then a line end
//   < 1 312                 312 bytes received
//   <64 1 1021              received, and not all of it printable: 1021 bytes of base64 in lines of 76 characters
//   = 1 eof                 the engine ended the connection; `reset`: it broke
//
// There is one way to write a tape: parsing and encoding again gives the same bytes.

import { Buffer } from 'node:buffer';
import { asBuffer, concat, escapeText, latin1, utf8 } from '../bytes.ts';
import { ArgumentError } from '../errors.ts';
import { BYTES, check, copyArray, kind } from '../kinds.ts';
import type { Kind } from '../kinds.ts';

/** The most that a tape may have, in bytes: they are kept in repositories and read by people. */
export const TAPE_LIMIT: number = 256 * 1024;

/** What a tape says of itself. */
export interface TapeHeader {
  /** `"Docker"`, `"Podman"`. */
  readonly engine: string;
  /** The engine's version. */
  readonly version: string;
  /** What made the tape. */
  readonly command: string;
  /** When, `"2026-01-31"`. */
  readonly date: string;
}

/** What happened on one connection. */
export type TapeRecord =
  | { readonly type: 'sent' | 'received'; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly type: 'over'; readonly connection: number; readonly how: 'eof' | 'reset' };

/** A recording. */
export interface Tape {
  readonly header: TapeHeader;
  /** In the order in which it happened, over all connections. */
  readonly records: readonly TapeRecord[];
}

const MAGIC = 'longshore tape 1';
const headerKeys = ['engine', 'version', 'command', 'date'] as const;

// Four digits are more connections than a tape has room for; seven, more bytes.
const recordGrammar = /^([<>])(64)? ([1-9][0-9]{0,3}) ([1-9][0-9]{0,6})$/;
const overGrammar = /^= ([1-9][0-9]{0,3}) (eof|reset)$/;
const LINE = /.{1,76}/g;

/** The tape that the bytes are; an `ArgumentError` that names the line where they are none. */
export function parseTape(bytes: Uint8Array): Tape {
  const { length } = check(bytes, BYTES, 'parseTape', 'bytes');
  if (length > TAPE_LIMIT) throw new ArgumentError(`a tape has at most ${TAPE_LIMIT} bytes, this one ${length}`);
  const reader = new TapeReader(asBuffer(bytes).toString('latin1'));
  if (reader.line() !== MAGIC) reader.fail(`a tape begins with the line "${MAGIC}"`);
  const header = Object.fromEntries(headerKeys.map((key) => [key, headerValue(reader, key)])) as unknown as TapeHeader;
  if (reader.line() !== '') reader.fail('an empty line goes between the header and the records');
  const records: TapeRecord[] = [];
  const over = new Set<number>();
  while (!reader.atEnd) records.push(record(reader, over));
  return { header, records };
}

/** The tape as bytes; an `ArgumentError` where it is too large or could not be read again. */
export function encodeTape(tape: Tape): Uint8Array {
  const { header, records } = checkTape(tape, 'encodeTape');
  const head = [MAGIC, ...headerKeys.map((key) => `${key}: ${header[key]}`), '', ''].join('\n');
  const encoded = concat([utf8(head), ...records.flatMap(encodeRecord)]);
  parseTape(encoded); // one set of rules: what cannot be read is not written
  return encoded;
}

/** A tape that a caller made, copied as far as its records; an `ArgumentError` for something else. */
export function checkTape(tape: Tape, method: string): Tape {
  return check(tape, TAPE, method, 'tape');
}

/** A header that a caller made. */
export function checkTapeHeader(header: TapeHeader, method: string): TapeHeader {
  return check(header, HEADER, method, 'header');
}

const HEADER: Kind = kind(
  'a header with engine, version, command and date as strings',
  (value) => headerKeys.every((key) => typeof (value as TapeHeader)[key] === 'string'),
  (value) => ({ ...(value as TapeHeader) }),
);
const TAPE: Kind = kind(
  'a tape with header and records, as parseTape returns one',
  (value) => HEADER.test((value as Tape).header) && (value as Tape).records.every(isRecord),
  (value) => {
    const { header, records } = value as Tape;
    return { header: { ...header }, records: copyArray(records) };
  },
);
function isRecord(value: unknown): boolean {
  const entry = value as TapeRecord;
  if (!Number.isSafeInteger(entry.connection)) return false;
  return entry.type === 'over' ? entry.how === 'eof' || entry.how === 'reset' : entry.bytes instanceof Uint8Array;
}

/** Whether bytes may stand in a tape as they are: printable ASCII, CR and LF. */
export function isText(bytes: Uint8Array): boolean {
  return textLength(bytes) === bytes.length;
}

/** How many bytes from the start may stand in a tape as they are. */
export function textLength(bytes: Uint8Array): number {
  const end = bytes.findIndex((byte) => (byte < 0x20 && byte !== 0x0a && byte !== 0x0d) || byte > 0x7e);
  return end === -1 ? bytes.length : end;
}

function headerValue(reader: TapeReader, key: string): string {
  const line = reader.line();
  const value = line.slice(key.length + 2);
  const printable = /^[!-~](?:[ -~]*[!-~])?$/.test(value);
  if (!line.startsWith(`${key}: `) || !printable) reader.fail(`here "${key}: " and its value are due`);
  return value;
}

function record(reader: TapeReader, over: Set<number>): TapeRecord {
  const line = reader.line();
  const ends = overGrammar.exec(line);
  const connection = Number(ends?.[1] ?? recordGrammar.exec(line)?.[3]);
  if (over.has(connection) && !line.startsWith('>')) reader.fail(`connection ${connection} is over already`);
  if (ends) {
    over.add(connection);
    return { type: 'over', connection, how: ends[2] as 'eof' | 'reset' };
  }
  const [, direction, base64, , length] = recordGrammar.exec(line) ?? reader.fail('this is no record');
  const text = reader.take(Number(length));
  const bytes = latin1(text);
  const type = direction === '>' ? 'sent' : 'received';
  if (base64 !== undefined) return { type, connection, bytes: decodeBase64(text, reader) };
  if (!isText(bytes)) reader.fail('the record holds more than printable ASCII and is not in base64');
  return { type, connection, bytes };
}

function decodeBase64(text: string, reader: TapeReader): Buffer {
  const bytes = Buffer.from(text.replaceAll('\n', ''), 'base64');
  // Node skips what is no base64; only what encodes to the same text was good.
  if (encodeBase64(bytes) !== text) reader.fail('the record is no base64 in lines of 76 characters');
  if (isText(bytes)) reader.fail('the record is in base64, and all of it is printable');
  return bytes;
}

function encodeBase64(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64').match(LINE)?.join('\n') ?? '';
}

function encodeRecord(entry: TapeRecord): Uint8Array[] {
  if (entry.type === 'over') return [latin1(`= ${entry.connection} ${entry.how}\n`)];
  const plain = isText(entry.bytes);
  const bytes = plain ? entry.bytes : latin1(encodeBase64(entry.bytes));
  const direction = entry.type === 'sent' ? '>' : '<';
  return [latin1(`${direction}${plain ? '' : '64'} ${entry.connection} ${bytes.length}\n`), bytes, latin1('\n')];
}

/** Lines and blocks of a text, and where they began. */
class TapeReader {
  readonly #text: string;
  #position = 0;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#position === this.#text.length;
  }

  line(): string {
    this.#lineStart = this.#position;
    const end = this.#text.indexOf('\n', this.#position);
    if (end === -1) this.fail('the tape ends in the middle of a line');
    this.#position = end + 1;
    return this.#text.slice(this.#lineStart, end);
  }

  /** The next `length` bytes, after which there must be a line end. */
  take(length: number): string {
    const end = this.#position + length;
    if (this.#text.length <= end) this.fail('the tape ends in the middle of this record');
    if (this.#text[end] !== '\n') this.fail('no line end follows the bytes of this record: is its length right?');
    const block = this.#text.slice(this.#position, end);
    this.#position = end + 1;
    return block;
  }

  /** Says what is wrong with the line last read. */
  fail(message: string): never {
    const number = this.#text.slice(0, this.#lineStart).split('\n').length;
    const [line = ''] = this.#text.slice(this.#lineStart, this.#lineStart + 80).split('\n');
    throw new ArgumentError(`line ${number} of the tape, "${escapeText(line)}": ${message}`);
  }
}
