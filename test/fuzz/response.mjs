// Responses for the parser: valid by construction, or changed in places. The reference is a short, slow reader that has
// the whole response.

import { ResponseParser, errors } from './library.mjs';
import { byteByByte, demand, demandSame, mutate, pieces } from './random.mjs';

export const name = 'response';

const tchar = "!#$%&'*+-.^_`|~09AZaz";
const words = ['a', 'text/plain', 'close', 'keep-alive', 'chunked', '5', '', 'a, b', '"q;\\""', '\xe9', 'x\ty'];
const dictionary = [
  '\r\n', '\n', '\r', '\0', ' ', '\t', ':', ';', ',', '0', '5', 'f', '-', '+', '0x', '\r\n\r\n', '0\r\n\r\n', '\x0b',
  '\xa0', '\x7f', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.0 ', 'HTTP/1.1 100 C\r\n\r\n', 'HTTP/1.1 204 N\r\n\r\n',
  'Content-Length: 5\r\n', 'Content-Length: 0\r\n', 'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n', 'Connection: close\r\n', 'Connection: keep-alive\r\n', ' folded\r\n',
  '5\r\nhello\r\n', 'ffffffffffffffff\r\n', '9007199254740993', ';a=b\r\n', ' ;\r\n', 'X: y\r\n', '__proto__: 1\r\n',
];

export function make(random) {
  const wire = Buffer.from(answer(random), 'latin1');
  const method = random.once(6) ? 'HEAD' : 'GET';
  const changed = random.once(3) ? wire : mutate(random, wire, dictionary);
  return {
    method,
    bytes: changed,
    cut: random.integer(0, changed.length),
    splits: [pieces(random, changed), random.once(3) ? byteByByte(changed) : pieces(random, changed)],
  };
}

/** Any valid response by the grammar of RFC 9112; sometimes with contradictory framing fields. */
function answer(random) {
  const interim = random.once(5)
    ? random.list(1, 3, () => `HTTP/1.1 ${random.pick([100, 102, 103, 199])} Wait\r\n${fields(random)}\r\n`)
    : [];
  const status = random.pick([200, 200, 200, 201, 204, 304, 301, 404, 500, 599]);
  // Large and small chunks have different code.
  const body = random
    .text(['a', '\0', '\r\n', '\xff', '0\r\n\r\n', 'HTTP/1.1 200 OK\r\n'], 0, 40)
    .repeat(random.once(8) ? 12 : 1);
  const [framing, content] = framed(random, body);
  const reason = random.pick(['OK', '', 'No Such Thing', '\xe9', ' ']);
  const version = random.once(8) ? '1.0' : '1.1';
  const connection = random.once(4) ? `Connection: ${random.pick(['close', 'keep-alive', 'x, Close', 'KEEP-ALIVE,'])}\r\n` : '';
  const head = `HTTP/${version} ${status} ${reason}\r\n${fields(random)}${connection}${framing}${fields(random)}`;
  return `${interim.join('')}${head}\r\n${content}`;
}

const framingFields = [
  'Content-Length: 0', 'Content-Length: 1', 'Content-Length: 1, 1', 'Content-Length: +1', 'content-length:',
  'Content-Length: 0x1', 'Transfer-Encoding: chunked', 'transfer-encoding: gzip', 'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding:', 'Transfer-Encoding: Chunked\t',
];

function fields(random) {
  const line = () =>
    `${random.text(tchar, 1, 8)}:${random.pick(['', ' ', '\t '])}${random.pick(words)}${random.pick(['', ' '])}\r\n`;
  return random.list(0, 2, line).join('');
}

function framed(random, body) {
  const kind = random.integer(0, 5);
  if (random.once(12)) return [random.list(1, 3, () => `${random.pick(framingFields)}\r\n`).join(''), body];
  if (kind === 0) return ['', body];
  if (kind < 3) return [`Content-Length: ${'0'.repeat(random.integer(0, 2))}${body.length}\r\n`, body];
  let content = '';
  for (let at = 0; at < body.length;) {
    const data = body.slice(at, at + random.integer(1, random.once(2) ? 4 : 4000));
    const size = data.length.toString(16);
    content += `${random.once(8) ? '00' : ''}${random.once(2) ? size.toUpperCase() : size}${extension(random)}\r\n${data}\r\n`;
    at += data.length;
  }
  return [
    `${random.pick(['Transfer-Encoding', 'transfer-encoding'])}: ${random.pick(['chunked', 'Chunked'])}\r\n`,
    `${content}0${extension(random)}\r\n${fields(random)}\r\n`,
  ];
}

function extension(random) {
  return random.once(6) ? random.pick([';a', ';a=b', ' ;a = "b;c"', ';\xe9', '\t;']) : '';
}

export function check({ method, bytes, cut, splits }) {
  const { unread, ...whole } = parse(method, [Uint8Array.from(bytes)]);
  const expected = read(method, bytes.toString('latin1'));
  // The reader only knows "not a response"; whether it is invalid or truncated, only the parser says.
  demandSame(whole.error ? 'no answer' : whole, expected ?? 'no answer', 'the answer is read as it is written');
  for (const split of splits) {
    const { unread: _, ...other } = parse(method, split);
    other.reusable &&= whole.reusable; // the connection handles bytes of another read
    demandSame(other, whole, 'the pieces that an answer comes in change nothing');
  }
  if (!whole.error && !whole.untilClose && cut < bytes.length - unread) {
    const part = parse(method, [Uint8Array.from(bytes.subarray(0, cut))]);
    demand(part.error?.startsWith('Truncated'), 'a part of an answer is cut short');
  }
  return whole.error === undefined ? 'whole' : whole.error.startsWith('Truncated') ? 'cut short' : 'refused';
}

/** All events of the parser, in a comparable form. */
function parse(method, all) {
  const parser = new ResponseParser(method);
  const said = { interim: 0, head: undefined, content: '', reusable: false, untilClose: false, error: undefined };
  let ended = false;
  const take = () => {
    for (let event; (event = parser.next()) !== undefined;) {
      if (event.type === 'interim') said.interim++;
      else if (event.type === 'content') said.content += Buffer.from(event.bytes).toString('latin1');
      else if (event.type === 'end') [ended, said.reusable] = [true, event.reusable];
      else {
        const { minorVersion, status, reason, fields, framing } = event.head;
        said.head = [minorVersion, status, reason, [...fields]];
        said.untilClose = framing.kind === 'until-close';
      }
    }
  };
  try {
    for (const piece of all) {
      parser.receive(piece);
      take();
      if (ended) break;
    }
    if (!ended) parser.end();
    take();
    demand(ended, 'with all bytes there is an answer or an error');
  } catch (error) {
    said.error = judge(error);
    demandSame(thrownBy(() => parser.next()) === error, true, 'after an error a parser stays dead');
  }
  return { ...said, unread: parser.unread().length };
}

function thrownBy(call) {
  try {
    return call();
  } catch (error) {
    return error;
  }
}

function judge(error) {
  demand(
    error instanceof errors.ProtocolError || error instanceof errors.TruncatedError,
    `an error of ours, not ${error?.stack}`,
  );
  demand(/^[ -~…§]{1,1000}$/.test(error.message), `a message that can be shown, not ${JSON.stringify(error.message)}`);
  if (error instanceof errors.TruncatedError) return `Truncated ${error.phase} ${error.received} ${error.expected}`;
  demand(/^RFC 91(10|12) §/.test(error.section), 'a section of an RFC');
  return `Protocol ${error.section} ${error.offset}`;
}

// Without a reason phrase, the space before it may be missing: RFC 9112 §4 forbids that, but all clients accept it.
const statusLine = /HTTP\/1\.([0-9]) ([1-5][0-9][0-9])(?: ([\t -~\x80-\xff]*))?\r\n/y;
const fieldLines = /((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xff]*\r\n)*)\r\n/y;
const chunkSize = /([0-9A-Fa-f]+)(?:[ \t]*;[\t -~\x80-\xff]*)?\r\n/y;

/** The reference: the response at the beginning of the complete text, or undefined. */
function read(method, text) {
  let [at, interim] = [0, 0];
  const match = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  for (;;) {
    const start = match(statusLine);
    const section = start && match(fieldLines);
    if (!section || start[2] === '101') return undefined;
    if (start[2] < '200') {
      interim++;
      continue;
    }
    const all = section[1]
      .split('\r\n')
      .slice(0, -1)
      .map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).replace(/^[ \t]+|[ \t]+$/g, ''),
      ]);
    const minorVersion = start[1] === '0' ? 0 : 1;
    const content = contentOf(method, start[2], minorVersion, all, text, at, match);
    if (content === undefined) return undefined;
    const options = valuesOf(all, 'connection')
      .join(',')
      .toLowerCase()
      .split(',')
      .map((option) => option.replace(/^[ \t]+|[ \t]+$/g, ''));
    const stays = !content.untilClose && !options.includes('close') && (minorVersion === 1 || options.includes('keep-alive'));
    const joined = [...new Set(all.map(([field]) => field))].map((field) => [field, valuesOf(all, field).join(', ')]);
    const head = [minorVersion, Number(start[2]), start[3] ?? '', joined];
    const { bytes, end, untilClose } = content;
    return { interim, head, content: bytes, reusable: stays && end === text.length, untilClose, error: undefined };
  }
}

function contentOf(method, status, minorVersion, all, text, at, match) {
  if (method === 'HEAD' || status === '204' || status === '304') return { bytes: '', end: at, untilClose: false };
  const [lengths, codings] = [valuesOf(all, 'content-length'), valuesOf(all, 'transfer-encoding')];
  if (codings.length + lengths.length === 0) return { bytes: text.slice(at), end: text.length, untilClose: true };
  if (codings.length + lengths.length > 1) return undefined;
  if (lengths.length > 0) {
    const length = /^[0-9]+$/.test(lengths[0]) ? BigInt(lengths[0]) : -1n;
    if (length < 0n || length > BigInt(text.length - at)) return undefined;
    return { bytes: text.slice(at, at + Number(length)), end: at + Number(length), untilClose: false };
  }
  if (!/^chunked$/i.test(codings[0]) || minorVersion === 0) return undefined;
  let bytes = '';
  for (;;) {
    const size = match(chunkSize);
    if (!size || BigInt(`0x${size[1]}`) > BigInt(text.length)) return undefined;
    const length = Number.parseInt(size[1], 16);
    if (length === 0) {
      const trailers = match(fieldLines);
      return trailers ? { bytes, end: trailers.index + trailers[0].length, untilClose: false } : undefined;
    }
    const data = match(new RegExp(`[^]{${length}}\r\n`, 'y'));
    if (!data) return undefined;
    bytes += data[0].slice(0, -2);
  }
}

function valuesOf(all, field) {
  return all.filter(([each]) => each === field).map(([, value]) => value);
}

export const show = ({ method, bytes }) => `${method} ${JSON.stringify(bytes.toString('latin1'))}`;

/** Smaller variants of the case. */
export function* shrink({ method, bytes }) {
  for (let size = bytes.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < bytes.length; at += size) {
      const less = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
      yield { method, bytes: less, cut: less.length >> 1, splits: [byteByByte(less)] };
    }
  }
}
