// Reads the wire cases of fixtures/http/*.md; their README says what they are made of.

import { readFileSync, readdirSync } from 'node:fs';

export interface WireCase {
  readonly title: string;
  readonly method: string;
  readonly wire: Buffer;
  readonly end: 'open' | 'eof';
  /** Where the error must point, if the case marks it. */
  readonly offset: number | undefined;
  /** The lines of the `events` block. */
  readonly events: readonly string[];
}

const folder = new URL('../../fixtures/http/', import.meta.url);

export function wireCases(): Array<{ file: string; cases: WireCase[] }> {
  const files = readdirSync(folder).filter((name) => name !== 'README.md');
  return files.map((file) => ({ file, cases: parseCases(readFileSync(new URL(file, folder), 'utf8')) }));
}

function parseCases(markdown: string): WireCase[] {
  return markdown.split(/^## /m).slice(1).map(parseCase);
}

function parseCase(text: string): WireCase {
  const title = text.slice(0, text.indexOf('\n'));
  const match = /^```http ?(open|eof)?\n(.*?)^```\n```events\n(.*?)^```/ms.exec(text);
  if (!match) throw new Error(`the case "${title}" has no http and events blocks`);
  const [, end = 'open', block = '', events = ''] = match;
  const marked = unescape(block);
  const flag = marked.indexOf('⚑');
  const wire = Buffer.from(marked.replace('⚑', ''), 'latin1');
  return {
    title,
    method: title.includes('(HEAD)') ? 'HEAD' : 'GET',
    wire,
    end: end as 'open' | 'eof',
    offset: flag === -1 ? undefined : flag,
    events: events.trimEnd().split('\n'),
  };
}

/** Lines to wire text: CRLF behind each but those that end in a backslash. */
function unescape(block: string): string {
  const lines = block.split('\n').slice(0, -1);
  const text = lines.map((line) => (/(?<!\\)(\\\\)*\\$/.test(line) ? line.slice(0, -1) : `${line}\\r\\n`)).join('');
  const named: Record<string, string> = { r: '\r', n: '\n', '0': '\0', '\\': '\\' };
  return text.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, name: string) =>
    hex === undefined ? (named[name] ?? name) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
