// One secret as Go, Python and Node write it, recorded or made by Node itself: what an engine, a registry or a proxy may
// put into its words. The recorded rows are the real output of Go 1.19.8 and Python 3.11.7, each by the function that the
// row names; Python's base64.encodebytes had the secret three times, so that its lines break.

import { Buffer } from 'node:buffer';
import { inspect } from 'node:util';

/** A secret with everything in it that some encoder changes, and with the planted word at both ends. */
export const written = 'hunter2<&>\'"\\/?~\u00fc\u20ac\u{1f600} %41+\r\nhunter2';

/** The language and the function, and its output. */
export const recordedWritings: ReadonlyArray<readonly [origin: string, text: string]> = [
  ['Go json.Marshal', '"hunter2\\u003c\\u0026\\u003e\'\\"\\\\/?~\u00fc\u20ac\u{1f600} %41+\\r\\nhunter2"'],
  ['Go json.Encoder, SetEscapeHTML(false)', '"hunter2<&>\'\\"\\\\/?~\u00fc\u20ac\u{1f600} %41+\\r\\nhunter2"\n'],
  ['Go json.Marshal, twice', '"\\"hunter2\\\\u003c\\\\u0026\\\\u003e\'\\\\\\"\\\\\\\\/?~\u00fc\u20ac\u{1f600} %41+\\\\r\\\\nhunter2\\""'],
  ['Go fmt %q', '"hunter2<&>\'\\"\\\\/?~\u00fc\u20ac\u{1f600} %41+\\r\\nhunter2"'],
  ['Go fmt %+q', '"hunter2<&>\'\\"\\\\/?~\\u00fc\\u20ac\\U0001f600 %41+\\r\\nhunter2"'],
  ['Go url.QueryEscape', 'hunter2%3C%26%3E%27%22%5C%2F%3F~%C3%BC%E2%82%AC%F0%9F%98%80+%2541%2B%0D%0Ahunter2'],
  ['Go url.PathEscape', 'hunter2%3C&%3E%27%22%5C%2F%3F~%C3%BC%E2%82%AC%F0%9F%98%80%20%2541+%0D%0Ahunter2'],
  ['Go url.UserPassword', 'u:hunter2%3C&%3E%27%22%5C%2F%3F~%C3%BC%E2%82%AC%F0%9F%98%80%20%2541+%0D%0Ahunter2'],
  ['Go html.EscapeString', 'hunter2&lt;&amp;&gt;&#39;&#34;\\/?~\u00fc\u20ac\u{1f600} %41+\r\nhunter2'],
  ['Go template.JSEscapeString', 'hunter2\\u003C\\u0026\\u003E\\\'\\"\\\\/?~\u00fc\u20ac\u{1f600} %41+\\u000D\\u000Ahunter2'],
  ['Go template.HTMLEscapeString', '&#34;hunter2\\u003c\\u0026\\u003e&#39;\\&#34;\\\\/?~\u00fc\u20ac\u{1f600} %41+\\r\\nhunter2&#34;'],
  ['Go base64.StdEncoding', 'aHVudGVyMjwmPiciXC8/fsO84oKs8J+YgCAlNDErDQpodW50ZXIy'],
  ['Go base64.URLEncoding of JSON', 'eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6Imh1bnRlcjJcdTAwM2NcdTAwMjZcdTAwM2UnXCJcXC8_fsO84oKs8J-YgCAlNDErXHJcbmh1bnRlcjIifQ=='],
  ['Python json.dumps', '"hunter2<&>\'\\"\\\\/?~\\u00fc\\u20ac\\ud83d\\ude00 %41+\\r\\nhunter2"'],
  ['Python json.dumps, ensure_ascii=False', '"hunter2<&>\'\\"\\\\/?~\u00fc\u20ac\u{1f600} %41+\\r\\nhunter2"'],
  ['Python json.dumps, twice', '"\\"hunter2<&>\'\\\\\\"\\\\\\\\/?~\\\\u00fc\\\\u20ac\\\\ud83d\\\\ude00 %41+\\\\r\\\\nhunter2\\""'],
  ['Python repr', '\'hunter2<&>\\\'"\\\\/?~\u00fc\u20ac\u{1f600} %41+\\r\\nhunter2\''],
  ['Python ascii', '\'hunter2<&>\\\'"\\\\/?~\\xfc\\u20ac\\U0001f600 %41+\\r\\nhunter2\''],
  ['Python repr of bytes', 'b\'hunter2<&>\\\'"\\\\/?~\\xc3\\xbc\\xe2\\x82\\xac\\xf0\\x9f\\x98\\x80 %41+\\r\\nhunter2\''],
  ['Python urllib.parse.quote', 'hunter2%3C%26%3E%27%22%5C/%3F~%C3%BC%E2%82%AC%F0%9F%98%80%20%2541%2B%0D%0Ahunter2'],
  ['Python urllib.parse.quote_plus', 'hunter2%3C%26%3E%27%22%5C%2F%3F~%C3%BC%E2%82%AC%F0%9F%98%80+%2541%2B%0D%0Ahunter2'],
  ['Python html.escape', 'hunter2&lt;&amp;&gt;&#x27;&quot;\\/?~\u00fc\u20ac\u{1f600} %41+\r\nhunter2'],
  ['Python xmlcharrefreplace', 'hunter2&lt;&amp;&gt;&#x27;&quot;\\/?~&#252;&#8364;&#128512; %41+\r\nhunter2'],
  ['Python base64.encodebytes', 'aHVudGVyMjwmPiciXC8/fsO84oKs8J+YgCAlNDErDQpodW50ZXIyaHVudGVyMjwmPiciXC8/fsO8\n4oKs8J+YgCAlNDErDQpodW50ZXIyaHVudGVyMjwmPiciXC8/fsO84oKs8J+YgCAlNDErDQpodW50\nZXIy\n'],
  ['Python base64 of json.dumps', 'eyJ1c2VybmFtZSI6ICJ1IiwgInBhc3N3b3JkIjogImh1bnRlcjI8Jj4nXCJcXC8/flx1MDBmY1x1MjBhY1x1ZDgzZFx1ZGUwMCAlNDErXHJcbmh1bnRlcjIifQ=='],
  ['Python unicode_escape', 'hunter2<&>\'"\\\\/?~\\xfc\\u20ac\\U0001f600 %41+\\r\\nhunter2'],
];

const characters = [...written];
const percent = encodeURIComponent(written);
const inBase64 = Buffer.from(written).toString('base64');
const json = JSON.stringify(written);

/** The same by Node, and encodings without a library function, written by hand; each names its rule. */
export const madeWritings: ReadonlyArray<readonly [origin: string, text: string]> = [
  ['as it is', written],
  ['JSON.stringify', json],
  ['JSON.stringify, three times', JSON.stringify(JSON.stringify(json))],
  ['JSON with \\/', json.replaceAll('/', '\\/')],
  ['encodeURIComponent', percent],
  ['encodeURIComponent, twice', encodeURIComponent(percent)],
  ['percent-encoding with small letters', percent.replace(/%../g, (code) => code.toLowerCase())],
  ['percent-encoding of every byte', [...Buffer.from(written)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')],
  ['URLSearchParams', new URLSearchParams({ a: written }).toString()],
  ['decimal entities', characters.map((character) => `&#${character.codePointAt(0)};`).join('')],
  ['hexadecimal entities', characters.map((character) => `&#x${character.codePointAt(0)?.toString(16)};`).join('')],
  ['hexadecimal entities in capitals', characters.map((c) => `&#X${c.codePointAt(0)?.toString(16).toUpperCase()};`).join('')],
  ['JSON with an escape for every unit', `"${written.split('').map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`],
  ['UTF-8 read as Latin-1', Buffer.from(written).toString('latin1')],
  ['named entities', written.replace(/[<&>'"]/g, (c) => ({ '<': '&lt;', '&': '&amp;', '>': '&gt;', "'": '&apos;', '"': '&quot;' })[c] ?? c).replace('\u00fc', '&uuml;')],
  ['base64', inBase64],
  ['base64url', Buffer.from(written).toString('base64url')],
  ['base64, percent-encoded', encodeURIComponent(inBase64)],
  ['base64 in lines of 20 with CRLF', inBase64.replace(/.{20}/g, '$&\r\n')],
  ['base64 in lines, in JSON', JSON.stringify(inBase64.replace(/.{20}/g, '$&\n'))],
  ['base64 in folded lines', inBase64.replace(/.{20}/g, '$&\r\n ')],
  ['base64 in the alphabet of URLs, of the secret percent-encoded', Buffer.from(percent).toString('base64url')],
  ['every byte in octal', [...Buffer.from(written)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')],
  ['what is not ASCII in octal', characters.map((c) => (c > '~' ? [...Buffer.from(c)].map((byte) => `\\${byte.toString(8)}`).join('') : c)).join('').replaceAll('\\"', '"')],
  ['decimal entities with zeros', characters.map((character) => `&#${String(character.codePointAt(0)).padStart(10, '0')};`).join('')],
  ['hexadecimal entities with zeros', characters.map((character) => `&#x${character.codePointAt(0)?.toString(16).padStart(8, '0')};`).join('')],
  ['Go fmt %x', Buffer.from(written).toString('hex')],
  ['Go fmt % X', (Buffer.from(written).toString('hex').match(/../g) ?? []).join(' ').toUpperCase()],
  ['Go fmt %# x', (Buffer.from(written).toString('hex').match(/../g) ?? []).map((byte) => `0x${byte}`).join(' ')],
  ['Go fmt %#v of bytes', `[]byte{${[...Buffer.from(written)].map((byte) => `0x${byte.toString(16)}`).join(', ')}}`],
  ['util.inspect of a Buffer, without <Buffer>', inspect(Buffer.from(written)).slice('<Buffer '.length, -1)],
  ['util.inspect of a Uint8Array', inspect(new Uint8Array(Buffer.from(written)))],
  ['util.inspect', inspect(written)],
  ['Go fmt %v of bytes', `[${[...Buffer.from(written)].join(' ')}]`],
  ['JSON of bytes', JSON.stringify([...Buffer.from(written)])],
  ['white space collapsed', written.replace(/\s+/g, ' ')],
];
