// The format of a tape: the bytes between a client and an engine, in both directions, as text that is readable and fits git. A
// tape has header lines, an empty line, and records. A record is a line, followed by the bytes that the line announces:
//
//   longshore tape 1
//   engine: Docker
//   version: 20.10.24
//   command: npm run record
//   date: 2026-01-31
//
//   > 1 47                  47 bytes sent by the client on connection 1, then a line end
//   < 1 312                 312 bytes received from the engine
//   <64 1 1021              received, not all printable: 1021 bytes of base64 in lines of 76 characters
//   = 1 eof                 the engine closed the connection; `reset`: the connection broke
//
// A tape has exactly one encoding: parsing and encoding again gives the same bytes.

import { Buffer } from 'node:buffer';
import { asBuffer, concat, escapeText, latin1, utf8 } from '../bytes.ts';
import { ArgumentError } from '../errors.ts';
import { BYTES, check, copyArray, kind } from '../kinds.ts';
import type { Kind } from '../kinds.ts';

/** The maximum size of a tape, in bytes: tapes are stored in repositories, and people read them. */
export const TAPE_LIMIT: number = 256 * 1024;

/** The header of a tape: how it was made. */
export interface TapeHeader {
  /** `"Docker"`, `"Podman"`. */
  readonly engine: string;
  /** The engine's version. */
  readonly version: string;
  /** The command that made the tape. */
  readonly command: string;
  /** The date, `"2026-01-31"`. */
  readonly date: string;
}

/** Bytes of a connection, or its end by the engine: closed (`eof`) or broken (`reset`). Connections are numbered from 1. */
export type TapeRecord =
  | { readonly type: 'sent' | 'received'; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly type: 'over'; readonly connection: number; readonly how: 'eof' | 'reset' };

/** A recording. */
export interface Tape {
  readonly header: TapeHeader;
  /** In chronological order, over all connections. */
  readonly records: readonly TapeRecord[];
}

const MAGIC = 'longshore tape 1';
const headerKeys = ['engine', 'version', 'command', 'date'] as const;

// A tape has room for fewer than 10,000 connections and fewer than 10,000,000 bytes.
const recordGrammar = /^([<>])(64)? ([1-9][0-9]{0,3}) ([1-9][0-9]{0,6})$/;
const overGrammar = /^= ([1-9][0-9]{0,3}) (eof|reset)$/;
const LINE = /.{1,76}/g;

/** Parses a tape. Throws an `ArgumentError` that names the invalid line. */
export function parseTape(bytes: Uint8Array): Tape {
  const { length } = check(bytes, BYTES, 'parseTape', 'bytes');
  if (length > TAPE_LIMIT) throw new ArgumentError(`a tape has at most ${TAPE_LIMIT} bytes, this one has ${length}`);
  const reader = new TapeReader(asBuffer(bytes).toString('latin1'));
  if (reader.line() !== MAGIC) reader.fail(`a tape must start with the line "${MAGIC}"`);
  const header = Object.fromEntries(headerKeys.map((key) => [key, headerValue(reader, key)])) as unknown as TapeHeader;
  if (reader.line() !== '') reader.fail('an empty line must separate the header from the records');
  const records: TapeRecord[] = [];
  const over = new Set<number>();
  while (!reader.atEnd) records.push(record(reader, over));
  return { header, records };
}

/** Encodes a tape. Throws an `ArgumentError` if it is too large or if `parseTape` could not read it. */
export function encodeTape(tape: Tape): Uint8Array {
  const { header, records } = checkTape(tape, 'encodeTape');
  const head = [MAGIC, ...headerKeys.map((key) => `${key}: ${header[key]}`), '', ''].join('\n');
  const encoded = concat([utf8(head), ...records.flatMap(encodeRecord)]);
  parseTape(encoded); // reading and writing use the same rules
  return encoded;
}

/** Checks the tape argument of a method, and copies its header and its list of records. Throws an `ArgumentError`. */
export function checkTape(tape: Tape, method: string): Tape {
  return check(tape, TAPE, method, 'tape');
}

/** Checks and copies the header argument of a method. Throws an `ArgumentError`. */
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

/** Whether bytes can be stored as they are: printable ASCII, CR and LF. */
export function isText(bytes: Uint8Array): boolean {
  return textLength(bytes) === bytes.length;
}

/** Returns the number of bytes, from the start, that can be stored as they are. */
export function textLength(bytes: Uint8Array): number {
  const end = bytes.findIndex((byte) => (byte < 0x20 && byte !== 0x0a && byte !== 0x0d) || byte > 0x7e);
  return end === -1 ? bytes.length : end;
}

function headerValue(reader: TapeReader, key: string): string {
  const line = reader.line();
  const value = line.slice(key.length + 2);
  const printable = /^[!-~](?:[ -~]*[!-~])?$/.test(value);
  if (!line.startsWith(`${key}: `) || !printable) reader.fail(`expected "${key}: " and a value of printable ASCII`);
  return value;
}

function record(reader: TapeReader, over: Set<number>): TapeRecord {
  const line = reader.line();
  const ends = overGrammar.exec(line);
  const connection = Number(ends?.[1] ?? recordGrammar.exec(line)?.[3]);
  if (over.has(connection) && !line.startsWith('>')) reader.fail(`connection ${connection} has already ended`);
  if (ends) {
    over.add(connection);
    return { type: 'over', connection, how: ends[2] as 'eof' | 'reset' };
  }
  const [, direction, base64, , length] = recordGrammar.exec(line) ?? reader.fail('this line is not a record');
  const text = reader.take(Number(length));
  const bytes = latin1(text);
  const type = direction === '>' ? 'sent' : 'received';
  if (base64 !== undefined) return { type, connection, bytes: decodeBase64(text, reader) };
  if (!isText(bytes)) reader.fail('the record has bytes that are not printable ASCII and is not in base64');
  return { type, connection, bytes };
}

function decodeBase64(text: string, reader: TapeReader): Buffer {
  const bytes = Buffer.from(text.replaceAll('\n', ''), 'base64');
  // Node ignores invalid base64, so the decoded bytes must encode to the same text.
  if (encodeBase64(bytes) !== text) reader.fail('the record is not base64 in lines of 76 characters');
  if (isText(bytes)) reader.fail('the record is in base64, but all of its bytes are printable');
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

/** Reads lines and blocks of a text. Its errors name the current line. */
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
    if (end === -1) this.fail('the tape ends within a line');
    this.#position = end + 1;
    return this.#text.slice(this.#lineStart, end);
  }

  /** Reads the next `length` bytes and the line end that must follow them. */
  take(length: number): string {
    const end = this.#position + length;
    if (this.#text.length <= end) this.fail('the tape ends within this record');
    if (this.#text[end] !== '\n') this.fail('no line end follows the bytes of this record: check its length');
    const block = this.#text.slice(this.#position, end);
    this.#position = end + 1;
    return block;
  }

  /** Throws an error that names the line that was read last. */
  fail(message: string): never {
    const number = this.#text.slice(0, this.#lineStart).split('\n').length;
    const [line = ''] = this.#text.slice(this.#lineStart, this.#lineStart + 80).split('\n');
    throw new ArgumentError(`line ${number} of the tape, "${escapeText(line)}": ${message}`);
  }
}
