// Reads tapes without longshore. The tests of tapes take their expectations from it.

import { Buffer } from 'node:buffer';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { asSpokenToday } from './spoken-today.mjs';

/** One message, decoded. */
export interface Message {
  /** The request line, or the status line. */
  readonly start: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** A request and its answer. */
export interface Recorded {
  readonly method: string;
  readonly target: string;
  readonly requestBody: Buffer;
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** The body as JSON. */
  json(): any;
  /** The body as JSON values, one per line. */
  lines(): any[];
}

const tapes = fileURLToPath(new URL('../../fixtures/tapes/', import.meta.url));

/** The folder of the tapes that were written by hand, from the API's documents. */
export const DOCUMENTS = 'documents';

/** The names of the engine folders. */
export function engines(): string[] {
  return readdirSync(tapes)
    .filter((folder) => folder !== DOCUMENTS)
    .sort();
}

const read = new Map<string, ReadonlyArray<readonly [name: string, bytes: Buffer]>>();

/** The tapes of an engine: their names and their files' bytes. Each folder is read once. */
export function tapesOf(engine: string): ReadonlyArray<readonly [name: string, bytes: Buffer]> {
  const known = read.get(engine) ?? readTapes(engine);
  read.set(engine, known);
  return known;
}

function readTapes(engine: string): Array<[name: string, bytes: Buffer]> {
  const files = readdirSync(`${tapes}${engine}`).sort();
  return files.map((file) => {
    const name = file.replace(/\.tape$/, '');
    return [name, asSpokenToday(engine, name, readFileSync(`${tapes}${engine}/${file}`))];
  });
}

/** The exchanges of a tape, in the order in which they began; on each connection they follow one another. */
export function recordedExchanges(tape: Buffer): Recorded[] {
  const exchanges: Array<{ sent: Buffer; received: Buffer }> = [];
  const current = new Map<string, { exchange: { sent: Buffer; received: Buffer }; before: string }>();
  for (const [direction, connection, bytes] of recordsOf(tape)) {
    let open = current.get(connection);
    if (open === undefined || (direction === '>' && open.before === '<')) {
      if (direction === '<') throw new Error('an answer comes first');
      open = { exchange: { sent: Buffer.alloc(0), received: Buffer.alloc(0) }, before: direction };
      exchanges.push(open.exchange);
      current.set(connection, open);
    }
    const { exchange } = open;
    if (direction === '>') exchange.sent = Buffer.concat([exchange.sent, bytes]);
    else exchange.received = Buffer.concat([exchange.received, bytes]);
    open.before = direction;
  }
  return exchanges.map(({ sent, received }) => {
    const [method = '', target = ''] = sent.toString('latin1').split(' ');
    const { start, fields, body } = message(received, method === 'HEAD');
    const text = body.toString();
    return {
      method,
      target,
      requestBody: message(sent, false).body,
      status: Number(start.split(' ')[1]),
      fields,
      body,
      json: () => JSON.parse(text),
      lines: () => text.split(/\r?\n/).filter(Boolean).map((line) => JSON.parse(line)),
    };
  });
}

function* recordsOf(tape: Buffer): Generator<[direction: string, connection: string, bytes: Buffer]> {
  for (let at = tape.indexOf('\n\n') + 2; at < tape.length; ) {
    const end = tape.indexOf('\n', at);
    const [kind = '', connection = '', length] = tape.toString('latin1', at, end).split(' ');
    at = end + 1;
    if (kind === '=') continue;
    const bytes = tape.subarray(at, at + Number(length));
    yield [kind[0] ?? '', connection, kind.endsWith('64') ? Buffer.from(bytes.toString('latin1'), 'base64') : bytes];
    at += Number(length) + 1;
  }
}

/** One message only; if a body is shorter than announced, what there is counts. */
function message(bytes: Buffer, headOnly: boolean): Message {
  const end = bytes.indexOf('\r\n\r\n');
  const [start = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const fields = new Map<string, string>();
  for (const line of lines) fields.set(line.split(': ')[0]?.toLowerCase() ?? '', line.slice(line.indexOf(': ') + 2));
  const rest = bytes.subarray(end + 4);
  if (headOnly) return { start, fields, body: Buffer.alloc(0) };
  return { start, fields, body: fields.get('transfer-encoding') === 'chunked' ? dechunk(rest) : rest };
}

/** The content of the chunks; after an error in a stream, the client did not wait for the last chunk. */
function dechunk(bytes: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at);
    const size = end === -1 ? 0 : Number.parseInt(bytes.toString('latin1', at, end), 16);
    if (size === 0) return Buffer.concat(blocks);
    blocks.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
