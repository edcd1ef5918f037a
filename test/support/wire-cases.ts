// Reads the wire cases of fixtures/http/*.md. Their README describes the format.

import { readFileSync, readdirSync } from 'node:fs';
import type { ResponseHead } from '../../src/http/response-parser.ts';
import { ProtocolError, TruncatedError } from '../../src/errors.ts';

export interface WireCase {
  readonly title: string;
  readonly method: string;
  readonly wire: Buffer;
  /** What follows the bytes. */
  readonly end: 'open' | 'eof' | 'reset';
  /** Whether the bytes come without a request. */
  readonly idle: boolean;
  /** Where the error must point, if the case marks it. */
  readonly offset: number | undefined;
  /** The lines of the `events` block. */
  readonly events: readonly string[];
}

const folder = new URL('../../fixtures/http/', import.meta.url);

/** The cases, by their files. */
export function wireCases(): Array<{ file: string; cases: WireCase[] }> {
  const files = readdirSync(folder).filter((name) => name !== 'README.md');
  return files.map((file) => ({ file, cases: parseCases(readFileSync(new URL(file, folder), 'utf8')) }));
}

function parseCases(markdown: string): WireCase[] {
  return markdown.split(/^## /m).slice(1).map(parseCase);
}

function parseCase(text: string): WireCase {
  const title = text.slice(0, text.indexOf('\n'));
  const match = /^```http( idle)?(?: (eof|reset))?\n(.*?)^```\n```events\n(.*?)^```/ms.exec(text);
  if (!match) throw new Error(`the case "${title}" has no http and events blocks`);
  const [, idle, end = 'open', block = '', events = ''] = match;
  const marked = unescape(block);
  const flag = marked.indexOf('⚑');
  const wire = Buffer.from(marked.replace('⚑', ''), 'latin1');
  return {
    title,
    method: title.includes('(HEAD)') ? 'HEAD' : 'GET',
    wire,
    end: end as WireCase['end'],
    idle: idle !== undefined,
    offset: flag === -1 ? undefined : flag,
    events: events.trimEnd().split('\n'),
  };
}

/** Lines to wire text: adds CRLF to each line, except to lines that end in a backslash. */
function unescape(block: string): string {
  const lines = block.split('\n').slice(0, -1);
  const text = lines.map((line) => (/(?<!\\)(\\\\)*\\$/.test(line) ? line.slice(0, -1) : `${line}\\r\\n`)).join('');
  const named: Record<string, string> = { r: '\r', n: '\n', '0': '\0', '\\': '\\' };
  return text.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, name: string) =>
    hex === undefined ? (named[name] ?? name) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

const framingNames = new Set(['content-length', 'transfer-encoding', 'connection', 'proxy-connection']);

/** The events, in the notation of the cases; adjacent content is joined. */
export class Account {
  readonly lines: string[] = [];
  /** Of the error. */
  offset: number | undefined;
  #content: Buffer[] = [];

  say(line: string): void {
    if (this.#content.length > 0) this.lines.push(`content ${quote(Buffer.concat(this.#content).toString('latin1'))}`);
    this.#content = [];
    this.lines.push(line);
  }

  head({ minorVersion, status, reason, framing, fields }: ResponseHead): void {
    const size = framing.kind === 'length' ? `length ${framing.length}` : framing.kind;
    this.say(`head 1.${minorVersion} ${status} ${quote(reason)} ${size}`);
    for (const [name, value] of fields) if (!framingNames.has(name)) this.say(`field ${name} ${quote(value)}`);
  }

  content(view: Uint8Array): void {
    this.#content.push(Buffer.from(view)); // a copy: the view is borrowed
  }

  /** Rethrows every error except the two classes that a case can have. */
  error(error: unknown): void {
    if (error instanceof ProtocolError) {
      this.say(`error ProtocolError ${error.section}`);
      this.offset = error.offset;
    } else if (error instanceof TruncatedError) {
      const expected = error.expected === undefined ? '' : ` ${error.expected}`;
      this.say(`error TruncatedError ${error.phase} ${error.received}${expected}`);
    } else throw error;
  }
}

/** The bytes in quotes; all except printable ASCII is escaped. */
function quote(text: string): string {
  const named: Record<string, string> = { '\r': '\\r', '\n': '\\n' };
  const escape = (byte: string): string => named[byte] ?? `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return `"${text.replace(/[^ -~]/g, escape)}"`;
}
