// The faults of connections, engines, users and inputs that this client must handle, by number: what it must do, and where
// that is tested. `wire` lists headings of wire cases (fixtures/http), `tests` counts the tests that carry the fault's id (see
// covers.ts). `test/reliability.test.ts` checks both, and tests the rest itself. Section 0 holds the most important rules,
// 2 the limits, 3 each fault, 6 the method of testing.
//
// A claim that had to choose between two behaviours says which one and why.

/** The outcome of a wire case, by the last line of its events. */
export const outcomes = {
  read: /^end reusable$/,
  closes: /^(end close|closed)$/,
  refused: /^error ProtocolError /,
  cut: /^error TruncatedError /,
  waits: /^waiting$/,
} as const;

export interface Fault {
  readonly claim: string;
  /** Headings of wire cases, by outcome. */
  readonly wire?: Partial<Record<keyof typeof outcomes, readonly string[]>>;
  /** How many tests and table rows carry the fault's id, by their file below test/ (see covers.ts). */
  readonly tests?: Readonly<Record<string, number>>;
}

/** All faults, by number. */
export const faults: Readonly<Record<string, Fault>> = {
  '0.1': {
    claim: 'content is whole when its framing says so, and for no other reason',
    wire: {
      cut: [
        'is cut short on the edge of a chunk also when it says close', 'is cut short within its length also when it says close',
        'is cut short before the final empty line also when it says close',
        'is cut short behind the last chunk, before the empty line',
      ],
      closes: ['reads until the end of the connection without either field'],
      read: ['joins chunks', 'takes exactly Content-Length bytes'],
    },
    tests: { 'support/tape-tests.ts': 1 },
  },
  '0.2': {
    claim: 'a reset is never a normal end, not even for content that the end of the connection delimits',
    wire: {
      cut: [
        'is cut short by a reset where the end of the connection is the end',
        'is cut short by a reset behind a head without either field',
      ],
    },
    tests: { 'connection/exchange.test.ts': 1, 'hostile-callers.test.ts': 1 },
  },
  '0.3': {
    claim: 'exactly one framing is accepted, and the only accepted transfer coding is the single token "chunked"',
    wire: {
      refused: [
        'refuses both Content-Length and Transfer-Encoding', 'refuses gzip as transfer coding', 'refuses chunked twice',
        'refuses an empty transfer coding', 'refuses a parameter of chunked', 'refuses a length in scientific notation',
      ],
      read: ['takes Chunked in any case'],
    },
  },
  '0.4': {
    claim: 'CR and LF occur only in a CRLF at the end of a line, NUL nowhere; no number is read by a lenient function',
    wire: {
      refused: [
        'refuses a bare LF as line end', 'refuses a bare CR in the reason phrase', 'refuses a NUL in a value',
        'refuses a bare LF behind a size', 'refuses a bare CR in a trailer', 'refuses a NUL in an extension',
        'refuses a length with a no-break space behind it', 'refuses a size with 0x', 'refuses a hexadecimal length',
      ],
    },
  },
  '0.5': {
    claim: 'after an error, an early stop, an abort, a stray byte or an unfinished upload a connection is not used again',
    wire: { closes: ['closes when bytes follow the content', 'closes after HTTP/1.0', 'closes when the answer says so'] },
    tests: {
      'connection/exchange.test.ts': 1,
      'connection/connection-pool.test.ts': 2,
      'client/archive-stream.test.ts': 1,
      'client/progress-stream.test.ts': 1,
    },
  },
  '0.6': {
    claim: 'an idle connection that receives anything, within two turns of the event loop, is destroyed; see 3.10.3',
    tests: { 'connection/connection-pool.test.ts': 2 },
  },
  '0.7': { claim: 'a write that failed does not hide the answer', tests: { 'connection/early-response.test.ts': 1 } },
  '0.8': {
    claim: 'a GET or HEAD without content whose connection ends before a byte is sent again once, on a new connection',
    tests: { 'connection/connection-pool.test.ts': 5 },
  },
  '0.9': {
    claim: 'a source that fails ends the connection without ending the content: no last chunk, no padding',
    tests: { 'connection/exchange.test.ts': 2 },
  },
  '0.10': {
    claim: 'a status of 200 is not a success if the stream reports a failure; see 3.18',
    tests: { 'client/progress-stream.test.ts': 1 },
  },
  '0.11': {
    claim: 'a name that is neither a reference nor an id is never put into a URL',
    tests: { 'live/faults.test.ts': 1, 'api/reference.test.ts': 1 },
  },
  '0.12': {
    claim: 'if TLS is configured, the connection uses TLS or fails',
    tests: { 'config/resolve-engine.test.ts': 2, 'system/tls/tls-material.test.ts': 1 },
  },
  '0.13': {
    claim: 'a secret is in one field of one request and nowhere else',
    tests: { 'secrecy.test.ts': 2, 'live/secrets.test.ts': 1 },
  },
  '0.14': {
    claim: 'credentials are in base64url with padding, for JSON of every length',
    tests: { 'api/credentials.test.ts': 1 },
  },
  '0.15': {
    claim: 'its signal ends a call in every phase, and its limits end it; nothing is left behind',
    tests: { 'connection/connection-pool.test.ts': 1, 'client/abort.test.ts': 12, 'connection/exchange-outcome.test.ts': 2 },
  },

  '2': {
    claim: 'everything that is read has a limit; the limit itself is accepted, one more is rejected',
    tests: {
      'http/response-parser.test.ts': 3,
      'limits.test.ts': 4,
      'api/progress/json-stream.test.ts': 1,
      'system/programs/credential-helper.test.ts': 1,
      'system/programs/ssh-dialer.test.ts': 1,
    },
  },

  '3.1.1': {
    claim: 'a reason phrase may be empty, and hold spaces, tabs and obs-text',
    wire: {
      read: [
        'accepts a reason phrase of several words', 'accepts an empty reason phrase behind its space',
        'accepts obs-text and a tab in the reason phrase', 'takes a second space for a part of the reason phrase',
      ],
    },
  },
  '3.1.2': {
    claim: 'a status without the space after it is accepted, as in all clients',
    wire: { read: ['accepts a status without the space behind it', 'accepts a status without the space behind it, before a field'] },
  },
  '3.1.3': {
    claim: 'HTTP/1.0 is accepted; its connection is kept only for keep-alive without other options',
    wire: {
      closes: [
        'closes after HTTP/1.0', 'closes after HTTP/1.0 that says both keep-alive and close',
        'reads HTTP/1.0 until the end of the connection',
      ],
      read: ['keeps an HTTP/1.0 connection that asks for it'],
    },
  },
  '3.1.4': {
    claim: 'HTTP/1.2 to 1.9 are read as 1.1 (RFC 9110 §2.5); every other version and name is rejected',
    wire: {
      read: ['reads HTTP/1.7 as HTTP/1.1', 'reads HTTP/1.9 as HTTP/1.1'],
      refused: [
        'refuses HTTP/0.9 at its first wrong byte', 'refuses HTTP/2.0 at its first wrong byte',
        'refuses HTTP/3 at its first wrong byte',
        'refuses HTTP/1.10', 'refuses a leading zero in the version', 'refuses a sign in the version',
        'refuses lower case in the name of the protocol', 'refuses RTSP, which looks alike', 'refuses ICY, which looks alike',
        'refuses HTTPS as the name of the protocol',
      ],
    },
  },
  '3.1.5': {
    claim: 'a status is three digits',
    wire: {
      refused: [
        'refuses a status of two digits', 'refuses a status of four digits', 'refuses a status of a hundred digits',
        'refuses a status with a sign', 'refuses a status in scientific notation', 'refuses a hexadecimal status',
        'refuses a status in full-width digits', 'refuses a reason phrase glued to the status',
      ],
    },
  },
  '3.1.6': {
    claim: '000 to 099 and 600 to 999 are refused',
    wire: {
      refused: [
        'refuses the status 000', 'refuses a status below 100', 'refuses a status above 599', 'refuses the status 999',
      ],
      read: ['accepts 599, the last of the server errors'],
    },
  },
  '3.1.7': {
    claim: 'other separators, leading white space and line ends without CR are refused',
    wire: {
      refused: [
        'refuses two spaces before the status', 'refuses a tab as separator', 'refuses a tab behind the status',
        'refuses a space before the status line', 'refuses an empty line before the status line',
        'refuses a bare LF before the status line', 'refuses a bare LF as line end',
      ],
    },
  },
  '3.1.8': {
    claim: 'a bare CR, CR CR LF and NUL in the line are refused',
    wire: {
      refused: [
        'refuses a bare CR in the reason phrase', 'refuses CR CR LF at the end of the status line',
        'refuses a NUL in the reason phrase', 'refuses a NUL before the status line',
      ],
    },
  },
  '3.1.9': {
    claim: 'bytes that are not HTTP fail at the first wrong byte, with a hint if they are TLS',
    wire: {
      refused: [
        'refuses another protocol without waiting for a line end', 'refuses a TLS alert without waiting for a line end',
        'refuses a page without a head', 'refuses JSON without a head', 'refuses the greeting of a mail server',
      ],
    },
    tests: { 'http/response-parser.test.ts': 1 },
  },
  '3.1.10': {
    claim: 'a line without an end is refused at its limit',
    tests: { 'http/response-parser.test.ts': 1 },
  },
  '3.1.11': {
    claim: 'an end without a byte is a TruncatedError of the head, 0 bytes',
    wire: { cut: ['is cut short without a byte', 'is cut short by a reset without a byte'] },
  },

  '3.2.1': {
    claim: 'a name is a token directly before its colon, white space is SP and HTAB, and `__proto__` is a name',
    wire: {
      read: [
        'takes every tchar in a name', 'takes white space around a value away, and nothing else', 'takes an empty value',
        'takes obs-text in a value', 'takes __proto__ as a name like any other', 'needs no white space behind the colon',
        'finds Content-Length whatever the case of its name',
      ],
    },
  },
  '3.2.2': {
    claim: 'white space before the colon is refused',
    wire: { refused: [
      'refuses a space before the colon', 'refuses a tab before the colon', 'refuses a space before the colon of a trailer',
    ] },
  },
  '3.2.3': {
    claim: 'no colon, no name, a second status line, delimiters, 8-bit, BOM and controls in a name are refused',
    wire: {
      refused: [
        'refuses a line without a colon', 'refuses an empty name', 'refuses a second status line among the fields',
        'refuses a parenthesis in a name', 'refuses an 8-bit character in a name',
        'refuses a byte order mark before the first name',
        'refuses a control character in a name', 'refuses a NUL in a name', 'refuses DEL in a name',
      ],
    },
  },
  '3.2.4': {
    claim: 'NUL, a bare CR and CR CR LF in a value are refused',
    wire: { refused: ['refuses a NUL in a value', 'refuses a bare CR in a value', 'refuses CR CR LF'] },
  },
  '3.2.5': {
    claim: 'a bare LF is rejected, also if it hides a field',
    wire: {
      refused: [
        'refuses a bare LF that hides a field', 'refuses a bare LF as the end of a field line',
        'refuses a bare LF as the empty line',
      ],
    },
  },
  '3.2.6': {
    claim: 'any other control character in a value is rejected, and no error prints it',
    wire: {
      refused: [
        'refuses an escape sequence in a value', 'refuses a backspace in a value', 'refuses DEL in a value',
        'refuses an escape sequence in the reason phrase',
      ],
    },
    tests: { 'api/api-error.test.ts': 1 },
  },
  '3.2.7': {
    claim: 'a folded line is refused, and never becomes a field',
    wire: {
      refused: [
        'refuses a folded line', 'refuses a folded line behind a tab', 'refuses a folded Content-Length',
        'refuses a folded Transfer-Encoding', 'refuses chunked with the coding in a folded line',
      ],
    },
  },
  '3.2.8': {
    claim: 'white space directly after the status line is rejected',
    wire: { refused: ['refuses white space before the first field', 'refuses a line of nothing but a space'] },
  },
  '3.2.9': {
    claim: 'VT, FF and a no-break space are not white space, and the Kelvin sign is not a letter',
    wire: {
      refused: [
        'refuses a length with a vertical tab behind it', 'refuses a length with a no-break space before it',
        "refuses the Kelvin sign's byte in chunked", 'refuses a no-break space before chunked',
        'refuses a form feed in a value',
      ],
      read: ['keeps a no-break space at the end of a value'],
    },
  },
  '3.2.10': {
    claim: 'a head without an end is rejected at its limit, also in interim responses',
    tests: { 'http/response-parser.test.ts': 1 },
  },
  '3.2.11': {
    claim: 'a head that is cut short is never an answer with fewer fields',
    wire: {
      cut: [
        'is cut short in the middle of the fields', 'is cut short in a name', 'is cut short behind a colon',
        'is cut short in a value',
        'is cut short between CR and LF of a field line', 'is cut short between CR and LF of the empty line',
        'is cut short within the fields also when they say close',
      ],
    },
  },

  '3.3': {
    claim: 'the framing is chosen in the order of RFC 9112 §6.3, and ambiguous framing is rejected',
    wire: {
      read: [
        'has no content in the answer to a HEAD, whatever its length says (HEAD)',
        'has no content in a 204, and ignores its chunked',
        'has no content in a 304, and ignores its length', 'takes leading zeros of a length as decimal',
      ],
      refused: [
        'refuses chunked in HTTP/1.0', 'refuses both Content-Length and Transfer-Encoding',
        'refuses Transfer-Encoding before Content-Length',
        'refuses gzip alone as transfer coding', 'refuses identity as transfer coding',
        'refuses chunked and identity on two lines',
        'refuses quotes around chunked', 'refuses an unknown transfer coding', 'refuses two different lengths',
        'refuses the same length on two lines', 'refuses a list of equal lengths', 'refuses an empty length',
        'refuses a length with an underscore', 'refuses an upgrade that was not asked for',
      ],
      closes: ['reads until the end of the connection without either field'],
    },
  },
  '3.4': {
    claim: 'content has exactly its length, an invalid length is rejected at the head; surplus bytes close, and are reported',
    wire: {
      cut: [
        'is cut short within its length', 'is cut short one byte before the end of its length',
        'is cut short by a reset within its length',
      ],
      waits: ['waits for the rest of its length'],
      closes: [
        'closes when bytes follow the content', 'closes when a line end follows the content',
        'closes when a whole answer follows the content',
      ],
      refused: [
        'refuses a length above 2^53 - 1', 'refuses a length of 2^64 + 5, which is 5 in 64 bits',
        'refuses a length of a hundred digits',
      ],
      read: ['takes a length of many leading zeros'],
    },
    tests: { 'system/diagnostics.test.ts': 1 },
  },

  '3.5.1': {
    claim: 'a size is hexadecimal, in either case, with leading zeros; 1e1 is 481',
    wire: {
      read: [
        'reads sizes as hexadecimal, in either case, with leading zeros', 'takes a size of many leading zeros',
        'takes several zeros for the last chunk',
      ],
      cut: ['takes 1e1 for a hexadecimal number'], // of 481 bytes it has 5
    },
  },
  '3.5.2': {
    claim: 'a sign, 0x, an underscore, a point, a suffix, a comma, a NUL, other digits, or nothing is not a valid size',
    wire: {
      refused: [
        'refuses a size with a sign', 'refuses a size with a plus sign', 'refuses a size with 0x',
        'refuses a size with an underscore',
        'refuses a size with a decimal point', 'refuses a size with a suffix', 'refuses white space before a size',
        'refuses a comma behind a size', 'refuses a NUL behind a size', 'refuses a size in full-width digits',
        'refuses an empty size',
      ],
    },
  },
  '3.5.3': {
    claim: 'white space behind a size without an extension is refused',
    wire: { refused: ['refuses white space behind a size', 'refuses a tab behind a size'] },
  },
  '3.5.4': {
    claim: 'a size above 2^53 - 1 is refused at its line',
    wire: {
      refused: [
        'refuses a size above 2^53 - 1 at its line', 'refuses a size of 2^53',
        'refuses a size of 2^64 + 5, which is 5 in 64 bits',
        'refuses a size of sixteen Fs',
      ],
    },
  },
  '3.5.5': {
    claim: 'extensions are ignored; bare CR, LF and NUL in them, and text without a semicolon, are rejected',
    wire: {
      read: [
        'ignores extensions', 'ignores white space before the semicolon of an extension',
        'ignores a semicolon and digits inside a quoted extension',
        'ignores obs-text inside a quoted extension',
      ],
      refused: [
        'refuses an extension without its semicolon', 'refuses a bare CR in an extension', 'refuses a bare LF in an extension',
        'refuses a NUL in an extension', 'refuses an extension without a size',
      ],
    },
  },
  '3.5.6': {
    claim: 'an extension, a size line, and all of them together have limits',
    tests: { 'http/response-parser.test.ts': 3 },
  },
  '3.5.7': {
    claim: 'data is followed by CRLF and nothing else',
    wire: {
      refused: [
        'refuses any two bytes but CRLF behind the data', 'refuses data that is longer than its size',
        'refuses CR CR LF behind the data',
        'refuses LF CR behind the data', 'refuses the next size right behind the data', 'refuses a bare CR behind the data',
      ],
    },
  },
  '3.5.8': {
    claim: 'a bare LF behind a size or the data is refused',
    wire: {
      refused: [
        'refuses a bare LF behind a size', 'refuses a bare LF behind the data', 'refuses a bare LF behind the last chunk',
        'refuses a bare LF as the empty line behind the last chunk',
      ],
    },
  },
  '3.5.9': {
    claim: 'an end anywhere before the final empty line cuts the content short',
    wire: {
      cut: [
        'is cut short before the first size', 'is cut short in a size', 'is cut short between CR and LF of a size',
        'is cut short behind a size',
        'is cut short in an extension', 'is cut short in a chunk', 'is cut short behind the data',
        'is cut short between CR and LF behind the data',
        'is cut short on the edge of a chunk', 'is cut short in the last chunk',
        'is cut short between CR and LF of the last chunk',
        'is cut short behind the last chunk, before the empty line', 'is cut short between CR and LF of the final empty line',
        "is cut short in a trailer's name", "is cut short in a trailer's value", 'is cut short between CR and LF of a trailer',
        'is cut short behind a trailer', 'is cut short on the edge of a chunk also when it says close',
      ],
    },
    tests: { 'http/wire-cases.test.ts': 1 },
  },
  '3.5.10': {
    claim: 'content that was decoded before an error is delivered before the error',
    wire: { refused: ['keeps CR and LF that are data'] },
    tests: { 'client/progress-stream.test.ts': 1, 'connection/node-http-transport.test.ts': 1 },
  },

  '3.6': {
    claim: 'trailers must follow the rules of fields, have no effect, and are dropped',
    wire: {
      read: [
        'reads and drops trailers, which decide nothing', 'drops trailers of every lawful kind',
        'drops a transfer coding in a trailer',
      ],
      refused: [
        'refuses a trailer without a colon', 'refuses a NUL in a trailer', 'refuses a bare CR in a trailer',
        'refuses a status line in place of a trailer', 'refuses a folded trailer',
      ],
      closes: ['closes when bytes follow the trailers', 'closes when bytes follow the last chunk'],
    },
  },
  '3.7': {
    claim: 'up to 32 interim responses are ignored; an upgrade is rejected',
    wire: {
      read: [
        'passes over 100 Continue and 103 Early Hints', 'passes over an interim answer that nobody has registered',
        'ignores lengths and codings of an interim answer', 'keeps fields of an interim answer out of the final one',
      ],
      refused: ['refuses an upgrade that was not asked for', 'refuses an upgrade behind an interim answer'],
      cut: ['is cut short behind an interim answer', 'is cut short by a reset behind an interim answer'],
      waits: ['waits behind an interim answer'],
    },
    tests: { 'http/response-parser.test.ts': 1, 'connection/connection-pool.test.ts': 1 },
  },
  '3.8': {
    claim: 'a response without content ends with its head; bytes after it close the connection',
    wire: {
      closes: [
        'closes when a HEAD is answered with content all the same (HEAD)', 'closes when a HEAD is answered with chunks (HEAD)',
        'closes when bytes follow a 204', 'closes when chunks follow a 304',
      ],
      read: ['has no content in a 204', 'has no content in a 304, and ignores its chunked'],
    },
  },
  '3.9': {
    claim: 'a connection is kept if both sides allow it and no surplus bytes came: 6 of them, 4 s, last in first out',
    wire: {
      closes: [
        'closes when one of several options is close', 'closes when close stands beside keep-alive',
        'closes after HTTP/1.0 that says both keep-alive and close', 'closes when the connection ends behind the content',
      ],
      read: [
        'ignores words that only look like close', 'ignores how long the engine means to keep the connection',
        'keeps an HTTP/1.1 connection of which nothing is said',
      ],
    },
    tests: { 'connection/connection-pool.test.ts': 5, 'live/client.test.ts': 1 },
  },

  '3.10.1': {
    claim: 'bytes after a response close its connection',
    wire: { closes: ['closes when a NUL follows the content', 'closes when bytes follow an empty answer'] },
  },
  '3.10.2': {
    claim: 'bytes, an end or a reset without a request close the connection',
    wire: {
      closes: [
        'closes when a whole answer comes unasked', 'closes when a line end comes unasked',
        'closes when the connection ends while nothing is asked', 'closes when the connection is reset while nothing is asked',
      ],
    },
  },
  '3.10.3': {
    claim: 'bytes that came before a connection is reused are noticed, within two turns of the event loop',
    tests: { 'connection/connection-pool.test.ts': 1 },
  },
  '3.10.4': {
    claim: 'bytes after the request cannot be distinguished from its response, but they affect at most one call',
    wire: { closes: ['closes when a whole answer follows the content'] },
  },
  '3.10.5': {
    claim: 'bytes on a new connection close it, if they are noticed before the request is sent',
    wire: { closes: ['closes when the beginning of an answer comes unasked', 'closes when a TLS alert comes unasked'] },
    tests: { 'system/tls/tls-channel.test.ts': 1 },
  },
  '3.10.6': {
    claim: 'an unsolicited 408 is not the response to a request',
    wire: { closes: ['closes when 408 says that nobody asked for long enough'] },
  },

  '3.11.1': {
    claim: 'an end while connecting is a ConnectError',
    tests: {
      'system/programs/ssh-dialer.test.ts': 1,
      'connection/connection-pool.test.ts': 1,
      'system/tls/tls-channel.test.ts': 1,
    },
  },
  '3.11.2': {
    claim: 'an end or a reset of an idle connection causes no error',
    wire: { closes: [
      'closes when the connection ends while nothing is asked', 'closes when the connection is reset while nothing is asked',
    ] },
    tests: { 'connection/connection-pool.test.ts': 1 },
  },
  '3.11.3': {
    claim: 'after an end while the request is written, the response is still read; without one, the end is the cause',
    tests: { 'hostile-callers.test.ts': 1, 'connection/early-response.test.ts': 1 },
  },
  '3.11.4': {
    claim: 'an end in the head is a TruncatedError in the phase of the head',
    wire: {
      cut: [
        'is cut short in the status line', 'is cut short in the middle of the fields', 'is cut short behind an interim answer',
        'is cut short by a reset in the status line', 'is cut short by a reset in the middle of the fields',
      ],
    },
  },
  '3.11.5': {
    claim: 'an end in framed content is a TruncatedError with its counts',
    wire: { cut: ['is cut short within its length', 'is cut short by a reset within its length', 'is cut short in a chunk'] },
  },
  '3.11.6': {
    claim: 'content until the end is whole by an end, and cut short by a reset',
    wire: {
      closes: ['reads until the end of the connection without either field'],
      cut: ['is cut short by a reset where the end of the connection is the end'],
    },
  },
  '3.11.7': {
    claim: 'an end after a whole response only drops the connection',
    wire: { closes: [
      'closes when the connection ends behind the content', 'closes when the connection is reset behind the content',
    ] },
  },

  '3.12': {
    claim: 'only that GET or HEAD is sent again, and an error tells the caller whether a retry makes sense',
    tests: { 'connection/connection-pool.test.ts': 1, 'client/engine.test.ts': 1, 'live/engine-dies.test.ts': 1 },
  },

  '3.13.1': {
    claim: 'a failure status stops the upload. A 2xx with close does not: engines respond to a load while they read it',
    tests: { 'connection/exchange.test.ts': 2 },
  },
  '3.13.2': {
    claim: 'a success in the middle of an upload lets it go on',
    tests: { 'connection/exchange.test.ts': 1 },
  },
  '3.13.3': { claim: 'a response in the receive buffer takes precedence over the write that failed', tests: {
    'connection/early-response.test.ts': 1,
  } },
  '3.13.4': {
    claim: 'the response of an engine that stops reading is read at once, and the next call uses another connection',
    tests: { 'connection/exchange.test.ts': 2 },
  },
  '3.13.5': {
    claim: 'an engine that dies without an answer is an error, after one attempt',
    tests: { 'live/engine-dies.test.ts': 1 },
  },
  '3.13.6': {
    claim: 'an error in the answer to a whole upload is thrown',
    tests: { 'live/archives.test.ts': 1 },
  },

  '3.14': {
    claim: 'a signal ends a call in every phase; the head limit counts the whole time, the idle limit only the engine\'s silence',
    tests: { 'connection/connection-pool.test.ts': 3, 'client/abort.test.ts': 12, 'connection/exchange-outcome.test.ts': 1 },
  },
  '3.15': {
    claim: 'a slow or absent reader makes the engine wait; a reader that stops ends its own connection only',
    tests: {
      'connection/exchange.test.ts': 3,
      'client/archive-stream.test.ts': 1,
      'client/abort.test.ts': 1,
      'live/endurance.test.ts': 1,
    },
  },
  '3.16': {
    claim: 'requests are checked, and sent exactly as they were checked',
    tests: {
      'connection/exchange.test.ts': 3,
      'hostile-callers.test.ts': 3,
      'connection/connection-pool.test.ts': 1,
      'api/reference.test.ts': 1,
      'client/engine.test.ts': 1,
      'hostile-values.test.ts': 1,
    },
  },
  '3.17': {
    claim: 'an error body is read up to 1 MiB, in every known form; the error says if it was cut short',
    tests: { 'api/api-error.test.ts': 5, 'client/engine.test.ts': 2 },
  },
  '3.18': {
    claim: 'progress is JSON objects, split anywhere; anything else is an error after the valid objects',
    tests: { 'api/progress/json-stream.test.ts': 7 },
  },

  '3.19.1': {
    claim: 'X-Registry-Auth is base64url with padding, and only the requests that need it have it',
    tests: { 'api/credentials.test.ts': 1, 'client/engine.test.ts': 1 },
  },
  '3.19.2': {
    claim: 'credentials are sent only to their own registry',
    tests: { 'api/credentials.test.ts': 1, 'client/docker-credentials.test.ts': 4 },
  },
  '3.19.3': {
    claim: 'a helper that fails is an error, not an anonymous call; a helper without credentials means none',
    tests: { 'client/docker-credentials.test.ts': 1 },
  },
  '3.19.4': {
    claim: 'credentials that the client keeps are not visible from outside',
    tests: { 'api/credentials.test.ts': 2 },
  },
  '3.19.5': {
    claim: 'nothing that is logged has a field\'s value',
    tests: { 'system/diagnostics.test.ts': 1 },
  },
  '3.19.6': {
    claim: 'an error about a file or an address has the place, but no content',
    tests: { 'api/json.test.ts': 1, 'config/stored-credentials.test.ts': 2, 'config/engine-address.test.ts': 1 },
  },
  '3.19.7': {
    claim: 'credentials over plain TCP are sent with a warning, as by docker, or rejected by an option',
    tests: { 'connection/diagnostics.test.ts': 3 },
  },

  '3.20.1': {
    claim: 'a missing or not executable helper is an error with its name and the key that names it',
    tests: { 'system/programs/credential-helper.test.ts': 1 },
  },
  '3.20.2': {
    claim: 'a helper that hangs is stopped, with all that it has started; an abort stops it, too',
    tests: { 'system/programs/credential-helper.test.ts': 2, 'system/programs/child-process.test.ts': 2 },
  },
  '3.20.3': {
    claim: 'the error of a failed helper has its exit code, and never its output',
    tests: { 'system/programs/credential-helper.test.ts': 2, 'live/credentials.test.ts': 1 },
  },
  '3.20.4': {
    claim: 'a value that is not a credential is an error; an empty pair means no credentials',
    tests: { 'system/programs/credential-helper.test.ts': 2 },
  },
  '3.20.5': {
    claim: 'the user <token> has an identity token',
    tests: { 'system/programs/credential-helper.test.ts': 1 },
  },
  '3.20.6': {
    claim: 'a helper that prints too much is stopped at the limit',
    tests: { 'system/programs/credential-helper.test.ts': 1 },
  },
  '3.20.7': {
    claim: 'calls at the same time share one helper, and no failure is kept',
    tests: { 'client/docker-credentials.test.ts': 2 },
  },
  '3.21': {
    claim: 'config.json and contexts are read strictly if they are needed, and otherwise not at all',
    tests: {
      'config/resolve-engine.test.ts': 1,
      'config/stored-credentials.test.ts': 4,
      'config/config-file.test.ts': 1,
      'config/custom-headers.test.ts': 1,
      'system/find-engine.test.ts': 2,
      'system/files/read-docker-config.test.ts': 1,
      'rules.test.ts': 1,
    },
  },
  '3.22': {
    claim: 'TLS files are checked before, and failures explained; over TLS an unauthenticated end never completes content',
    tests: {
      'config/resolve-engine.test.ts': 2,
      'system/tls/tls-material.test.ts': 1,
      'connection/node-http-transport.test.ts': 1,
      'system/tls/tls-channel.test.ts': 5,
      'live/tls.test.ts': 1,
    },
  },
  '3.23': {
    claim: 'ssh is started without a shell, its end counts only with exit code 0, and no process is left',
    tests: { 'system/programs/ssh-dialer.test.ts': 6, 'config/engine-address.test.ts': 2 },
  },

  '3.24.1': {
    claim: 'a path that is too long is split at a slash by bytes, or is in a pax record whose length includes itself',
    tests: { 'tar/header.test.ts': 1, 'tar/pax.test.ts': 2, 'tar/pack.test.ts': 1 },
  },
  '3.24.2': {
    claim: 'a long link target is in a pax record',
    tests: { 'tar/header.test.ts': 1, 'tar/pax.test.ts': 1 },
  },
  '3.24.3': {
    claim: 'a size, id or time that does not fit is in a pax record, and its header field is clamped',
    tests: { 'tar/header.test.ts': 1, 'tar/pax.test.ts': 2, 'tar/pack.test.ts': 1 },
  },
  '3.24.4': {
    claim: 'a time before 1970 is a whole number in a pax record, and a fraction is rounded down',
    tests: { 'tar/header.test.ts': 1, 'tar/pax.test.ts': 1 },
  },
  '3.24.5': {
    claim: 'NaN, Infinity, negative, fractional and unsafe numbers are rejected before any byte of the entry is yielded',
    tests: { 'tar/pack.test.ts': 6 },
  },
  '3.24.6': {
    claim: 'NUL, lone surrogates and empty names are refused',
    tests: { 'tar/pack.test.ts': 4 },
  },
  '3.24.7': {
    claim: 'absolute paths, ".." and hard links out of the tree are refused; a symlink may point anywhere',
    tests: { 'tar/pack.test.ts': 5 },
  },
  '3.24.8': {
    claim: 'a mode with too many bits is masked, and 0 is a valid mode and time',
    tests: { 'tar/header.test.ts': 1 },
  },
  '3.24.9': {
    claim: 'content of a wrong length, data in an entry without content, and a source that throws leave the archive without its end',
    tests: { 'tar/pack.test.ts': 4 },
  },
  '3.24.10': {
    claim: 'an archive ends in two zero blocks',
    tests: { 'tar/pack.test.ts': 1 },
  },

  '3.25.1': {
    claim: 'the error of a missing socket says what to check',
    tests: { 'connection/connection-pool.test.ts': 1, 'live/faults.test.ts': 1 },
  },
  '3.25.2': {
    claim: 'if permission for a socket is denied, the error names the group to join',
    tests: { 'live/faults.test.ts': 1 },
  },
  '3.25.3': {
    claim: 'the error says if no process listens on a socket',
    tests: { 'live/faults.test.ts': 1, 'live/engine-dies.test.ts': 1 },
  },
  '3.25.4': {
    claim: 'a path of more than 107 bytes is refused',
    tests: { 'config/engine-address.test.ts': 1 },
  },
  '3.25.5': {
    claim: 'an invalid address is rejected at once; the error has the variable and not the password',
    tests: { 'config/resolve-engine.test.ts': 1, 'config/engine-address.test.ts': 3 },
  },
  '3.25.6': {
    claim: 'the errors of an unknown host and of a time limit name the host, or the limit and its length',
    tests: { 'connection/connection-pool.test.ts': 1, 'connection/exchange-outcome.test.ts': 1 },
  },
  '3.25.7': {
    claim: 'the error names plain text sent to TLS, and TLS sent to plain text',
    tests: { 'http/response-parser.test.ts': 1, 'system/tls/tls-channel.test.ts': 2 },
  },
  '3.25.8': {
    claim: 'the first line of an error is complete',
    tests: { 'api/api-error.test.ts': 1 },
  },
  '3.25.9': {
    claim: 'if the ranges of versions do not overlap, the error has both',
    tests: { 'client/engine.test.ts': 2 },
  },
  '3.26': {
    claim: 'no fault is an uncaught exception or a warning, and nothing keeps a process alive',
    tests: { 'client/archive-stream.test.ts': 1, 'client/abort.test.ts': 1, 'live/endurance.test.ts': 1 },
  },

  '6': {
    claim: 'every split has the same result, every cut is an error, no mutation crashes or fills the memory',
    tests: { 'limits.test.ts': 1, 'http/wire-cases.test.ts': 2, 'support/tape-tests.ts': 1 },
  },
};
