// Wire cases that end differently on the node:http transport, because Node's parser, llhttp, decides: all such cases,
// by their headings. Its other opinions are overruled by our rules for heads, or by the connection.

/** The reason, and for each case the last line of its events on that transport, without an error's section. */
const disagreements: ReadonlyArray<readonly [reason: string, cases: Readonly<Record<string, string>>]> = [
  [
    'it skips line ends before an answer, as RFC 9112 §2.2 asks of servers',
    {
      'refuses an empty line before the status line': 'waiting',
      'refuses a bare LF before the status line': 'waiting',
      'refuses an empty line between an interim answer and the final one': 'end reusable',
    },
  ],
  [
    'it reads 0.9, 2.0 and RTSP too; the versions are refused when the head is whole',
    {
      'refuses HTTP/0.9 at its first wrong byte': 'waiting',
      'refuses HTTP/2.0 at its first wrong byte': 'waiting',
      'refuses RTSP, which looks alike': 'waiting',
    },
  ],
  [
    'it knows no minor versions above 1, which RFC 9110 §2.5 has read as the highest that one knows',
    {
      'reads HTTP/1.7 as HTTP/1.1': 'error ProtocolError',
      'reads HTTP/1.9 as HTTP/1.1': 'error ProtocolError',
    },
  ],
  [
    'it takes a CR behind the CR of a status line for the end of that line',
    {
      'refuses two CRs behind the status line': 'waiting',
      'refuses two CRs in place of the end of the status line': 'end reusable',
    },
  ],
  [
    'it judges the fields of framing also where they frame nothing: in interim answers, trailers, and the answer to a HEAD',
    {
      'ignores lengths and codings of an interim answer': 'error ProtocolError',
      'reads and drops trailers, which decide nothing': 'error ProtocolError',
      'has no content in the answer to a HEAD with both fields (HEAD)': 'error ProtocolError',
      'has no content in the answer to a HEAD with a bad length (HEAD)': 'error ProtocolError',
    },
  ],
  [
    'it does not know `chunked` with a tab behind it, and reads until the end, which is an error when it comes',
    { 'takes white space around chunked away': 'waiting' },
  ],
  [
    'it refuses white space in a chunk extension, which RFC 9112 §7.1.1 has ignored',
    {
      'ignores extensions': 'error ProtocolError',
      'ignores white space before the semicolon of an extension': 'error ProtocolError',
      'ignores white space around the equals sign of an extension': 'error ProtocolError',
    },
  ],
  [
    'it counts chunk sizes to 2^64',
    {
      'refuses a size above 2^53 - 1 at its line': 'waiting',
      'refuses a size of 2^53': 'waiting',
      'refuses a size of sixteen Fs': 'waiting',
    },
  ],
  [
    'it drops line ends, and what begins like an answer and is none yet, behind an answer in the same read',
    {
      'closes when bytes follow the content': 'end reusable',
      'closes when a line end follows the content': 'end reusable',
      'closes when a line end follows the last chunk': 'end reusable',
      'closes when bytes follow the trailers': 'end reusable',
    },
  ],
];

/** The last line of the events on the node:http transport, by the case's heading. */
export const wireDisagreements: ReadonlyMap<string, string> = new Map(
  disagreements.flatMap(([, cases]) => Object.entries(cases)),
);

/** Those that llhttp 9.4.3, of Node 22.23, 24.21 and 26.10, no longer has: it refuses them, too. */
export const mendedDisagreements: ReadonlySet<string> = new Set([
  'refuses two CRs behind the status line',
  'refuses two CRs in place of the end of the status line',
]);
