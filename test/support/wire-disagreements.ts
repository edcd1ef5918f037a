// Where the second wire makes something else of a wire case than ours, for Node's parser decides: by the case's heading.

/** What it makes of it, the last line of the events (an error's section is left out), and why that is so. */
export const wireDisagreements: Readonly<Record<string, readonly [last: string, reason: string]>> = {
  'ignores extensions': ['error ProtocolError', 'llhttp refuses a chunk extension that begins with white space'],
  'reads and drops trailers, which decide nothing': [
    'error ProtocolError',
    'llhttp takes a Content-Length among the trailers for one beside Transfer-Encoding',
  ],
  'refuses a size above 2^53 - 1 at its line': ['waiting', 'llhttp counts chunk sizes to 2^64'],
  'closes when bytes follow the content': [
    'end reusable',
    'what begins like an answer and is none yet is dropped with its read; a whole one closes the connection',
  ],
  'ignores lengths and codings of an interim answer': [
    'error ProtocolError',
    'llhttp frames an interim answer like any other, and refuses both at once',
  ],
  'reads HTTP/1.7 as HTTP/1.1': ['error ProtocolError', 'llhttp knows 0.9, 1.0, 1.1 and 2.0'],
  'refuses HTTP/2.0 at its first wrong byte': ['waiting', 'llhttp knows that version; we refuse it once the head is whole'],
  'refuses an empty line before the status line': [
    'waiting',
    'llhttp skips line ends before a message, as RFC 9112 §2.2 lets servers do',
  ],
};
