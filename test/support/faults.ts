// The faults that this client was built to meet, by their numbers: what is owed to each, and what holds it, by the headings
// of wire cases (fixtures/http) and the titles of other tests. `test/reliability.test.ts` checks that those are there, and
// has assertions of its own for the rest. 0 is what matters most, 2 the limits, 3 the faults one by one, 6 how it is tested.
//
// Where a row leaves a choice, or we chose otherwise, the claim says which and why.

/** What becomes of a wire case, by the last line of its events. */
export const outcomes = {
  read: /^end reusable$/,
  closes: /^(end close|closed)$/,
  refused: /^error ProtocolError /,
  cut: /^error TruncatedError /,
  waits: /^waiting$/,
} as const;

export interface Fault {
  readonly claim: string;
  /** Headings of wire cases, by what becomes of them. */
  readonly wire?: Partial<Record<keyof typeof outcomes, readonly string[]>>;
  /** Files below test/, and titles in them. */
  readonly heldBy?: Readonly<Record<string, readonly string[]>>;
}

const EARLY = { 'connection/early-answer.test.ts': ['is never lost, though the engine closes at once (%s)'] };
const ABORT_IN_EACH_PHASE = [
  'of %s sends nothing', 'to each request of %s', '%s, which never ends, whatever the dialer does about it', 'of %s',
  'ends the ssh of %s', 'ends the credential helper of %s', 'by %s, which the engine does not take',
  'by %s, whose source has nothing to give', 'ends each, whose promise is pending',
  'leaves the file that was there, and no other', 'keeps nothing of those that are over',
];

/** All of them. */
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
    heldBy: { 'support/tape-tests.ts': ['is a failure when its last answer is cut short anywhere ($how, wire $wire)'] },
  },
  '0.2': {
    claim: 'a reset is no end, not even of content that the end delimits',
    wire: {
      cut: [
        'is cut short by a reset where the end of the connection is the end',
        'is cut short by a reset behind a head without either field',
      ],
    },
    heldBy: {
      'connection/exchange.test.ts': ['is cut short even where the end of the connection would delimit it'],
      'hostile-callers.test.ts': ['has that as its cause: %j'],
    },
  },
  '0.3': {
    claim: 'exactly one framing is taken, and of codings only the one token "chunked"',
    wire: {
      refused: [
        'refuses both Content-Length and Transfer-Encoding', 'refuses gzip as transfer coding', 'refuses chunked twice',
        'refuses an empty transfer coding', 'refuses a parameter of chunked', 'refuses a length in scientific notation',
      ],
      read: ['takes Chunked in any case'],
    },
  },
  '0.4': {
    claim: 'CR, LF and NUL stand in a line end of CRLF and nowhere else; no number is read by a lenient function',
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
    heldBy: {
      'connection/connection-pool.test.ts': ['when %s', '%s rejects with the reason and closes the connection'],
      'connection/exchange.test.ts': ['wins, %s'],
      'client/archive-stream.test.ts': ['that is left early closes the connection'],
      'client/progress-stream.test.ts': ['that is left early closes the connection, and has no result'],
    },
  },
  '0.6': {
    claim: 'an idle connection that says anything is destroyed, and gets two turns to say it; see 3.10.3',
    heldBy: { 'connection/connection-pool.test.ts': ['when bytes come that nobody asked for', 'when the engine has ended it'] },
  },
  '0.7': { claim: 'a write that failed does not hide the answer', heldBy: EARLY },
  '0.8': {
    claim: 'a GET or HEAD without content that met a dead connection, and not one byte, is sent again once, on a new one',
    heldBy: {
      'connection/connection-pool.test.ts': [
        'is sent once more when it is a %s', 'is sent once more, and no third time when the new connection dies, too',
        'is not sent again when it is a %s', 'is not sent again when a byte of an answer had come',
        'is not sent again when the connection was new',
      ],
    },
  },
  '0.9': {
    claim: 'a source that fails ends the connection, and never the content: no last chunk, no padding',
    heldBy: {
      'connection/exchange.test.ts': [
        'ends the call with its own error as cause, and never with the last chunk',
        'by giving less than it said ends the call, and nothing is padded',
      ],
    },
  },
  '0.10': {
    claim: 'a status of 200 is no success where the stream says that it failed; see 3.18',
    heldBy: { 'client/progress-stream.test.ts': ['throws an error in the stream also when it is %s'] },
  },
  '0.11': {
    claim: 'a name that is no reference and no id reaches no URL',
    heldBy: {
      'live/faults.test.ts': ['is refused before a byte is sent: %j'],
      'api/reference.test.ts': ['refuses %j, and names it (CVE class: "image rm ../containers/x")'],
    },
  },
  '0.12': {
    claim: 'TLS that was asked for is TLS or an error',
    heldBy: {
      'config/resolve-engine.test.ts': ['with %s', 'that was asked for and lacks %s is an error, not plain text'],
      'system/tls/tls-material.test.ts': ['is refused: %s'],
    },
  },
  '0.13': {
    claim: 'a secret is in one field of one request and nowhere else',
    heldBy: {
      'secrecy.test.ts': ['shows no secret: %s', 'shows no secret in flight, nor when it is aborted: %s'],
      'live/secrets.test.ts': ['are not seen while a push goes to the engine itself'],
    },
  },
  '0.14': {
    claim: 'credentials are in base64url with padding, for JSON of every length',
    heldBy: { 'api/credentials.test.ts': ['of %j holds %j'] },
  },
  '0.15': {
    claim: 'every call ends: by its signal in every phase, by its limits, and nothing is left of it',
    heldBy: {
      'client/abort.test.ts': ABORT_IN_EACH_PHASE,
      'time.test.ts': ['%s that falls silent', 'no upload whose own source takes its time'],
      'connection/connection-pool.test.ts': ['end a call whose head does not come whole, however steadily bytes and interim answers do'],
    },
  },

  '2': {
    claim: 'everything that is read has a limit, which is taken, and one more is refused',
    heldBy: {
      'http/response-parser.test.ts': [
        'pass %s of %i, and refuse one more', 'let the data pay for its size lines (Go CVE-2023-39326)',
        'shows at most 64 bytes of what is wrong, escaped',
      ],
      'limits.test.ts': ['of 64 MiB is read', 'of one byte more is refused', 'of 1 MiB is read', '%s has 1 MiB at most'],
      'api/progress/progress-events.test.ts': ['takes a value of exactly the limit, and none of one byte more'],
      'system/programs/credential-helper.test.ts': ['may say as much as the limit, and need not read what it is asked'],
      'system/programs/ssh-dialer.test.ts': ['of which 4096 bytes of stderr are kept, the last ones'],
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
    claim: 'a status without the space behind it is read, as all clients read it',
    wire: { read: ['accepts a status without the space behind it', 'accepts a status without the space behind it, before a field'] },
  },
  '3.1.3': {
    claim: 'HTTP/1.0 is read, and its connection kept where it asks for that and for nothing else',
    wire: {
      closes: [
        'closes after HTTP/1.0', 'closes after HTTP/1.0 that says both keep-alive and close',
        'reads HTTP/1.0 until the end of the connection',
      ],
      read: ['keeps an HTTP/1.0 connection that asks for it'],
    },
  },
  '3.1.4': {
    claim: 'HTTP/1.2 to 1.9 are read as 1.1, as RFC 9110 §2.5 has it; every other version and name is refused',
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
    claim: 'what is no HTTP fails at its first wrong byte, with a hint where it is TLS',
    wire: {
      refused: [
        'refuses another protocol without waiting for a line end', 'refuses a TLS alert without waiting for a line end',
        'refuses a page without a head', 'refuses JSON without a head', 'refuses the greeting of a mail server',
      ],
    },
    heldBy: { 'http/response-parser.test.ts': ['says what to do when the answer is TLS'] },
  },
  '3.1.10': {
    claim: 'a line without an end is refused at its limit',
    heldBy: { 'http/response-parser.test.ts': ['pass %s of %i, and refuse one more'] },
  },
  '3.1.11': {
    claim: 'an end without a byte is a TruncatedError of the head, 0 bytes',
    wire: { cut: ['is cut short without a byte', 'is cut short by a reset without a byte'] },
  },

  '3.2.1': {
    claim: 'a name is a token, its colon follows at once, white space is SP and HTAB, and `__proto__` is a name',
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
    claim: 'a bare LF is refused, most of all where it hides a field',
    wire: {
      refused: [
        'refuses a bare LF that hides a field', 'refuses a bare LF as the end of a field line',
        'refuses a bare LF as the empty line',
      ],
    },
  },
  '3.2.6': {
    claim: 'any other control in a value is refused, and no error prints one',
    wire: {
      refused: [
        'refuses an escape sequence in a value', 'refuses a backspace in a value', 'refuses DEL in a value',
        'refuses an escape sequence in the reason phrase',
      ],
    },
    heldBy: { 'api/api-error.test.ts': ['shows no control characters of the engine'] },
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
    claim: 'a line that begins with white space behind the status line is refused',
    wire: { refused: ['refuses white space before the first field', 'refuses a line of nothing but a space'] },
  },
  '3.2.9': {
    claim: 'VT, FF, a no-break space and the Kelvin sign are no white space and no letter',
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
    claim: 'a head without an end is refused at its limit, that of interim answers included',
    heldBy: { 'http/response-parser.test.ts': ['pass %s of %i, and refuse one more'] },
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
    claim: 'the framing is chosen in the order of RFC 9112 §6.3, and what could be read in two ways is refused',
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
    claim: 'a length is kept to the byte, and what it cannot mean is refused at the head; surplus bytes close, and are told of',
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
    heldBy: { 'system/diagnostics.test.ts': ['says how many bytes stood behind an answer, which closed its connection'] },
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
    claim: 'a sign, 0x, an underscore, a point, a suffix, a comma, a NUL, other digits, or nothing is no size',
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
    claim: 'extensions are passed over; bare CR, LF and NUL in them, and text without a semicolon, are refused',
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
    heldBy: {
      'http/response-parser.test.ts': [
        'pass %s of %i, and refuse one more', 'let the data pay for its size lines (Go CVE-2023-39326)',
        'count leading zeros of chunk sizes, whatever the pieces they come in',
      ],
    },
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
    heldBy: { 'http/wire-cases.test.ts': ['$title, and no part of it is whole'] },
  },
  '3.5.10': {
    claim: 'what was decoded before an error is given before it is thrown',
    wire: { refused: ['keeps CR and LF that are data'] },
    heldBy: {
      'connection/node-http-transport.test.ts': ['give what came before an error'],
      'client/progress-stream.test.ts': ['gives the events before an error in the stream, and then throws it'],
    },
  },

  '3.6': {
    claim: 'trailers are held to the rules of fields, decide nothing, and are dropped',
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
    claim: 'interim answers are passed over, up to 32; an upgrade is refused',
    wire: {
      read: [
        'passes over 100 Continue and 103 Early Hints', 'passes over an interim answer that nobody has registered',
        'ignores lengths and codings of an interim answer', 'keeps fields of an interim answer out of the final one',
      ],
      refused: ['refuses an upgrade that was not asked for', 'refuses an upgrade behind an interim answer'],
      cut: ['is cut short behind an interim answer', 'is cut short by a reset behind an interim answer'],
      waits: ['waits behind an interim answer'],
    },
    heldBy: {
      'http/response-parser.test.ts': ['pass %s of %i, and refuse one more'],
      'connection/connection-pool.test.ts': ['end a call whose head does not come whole, however steadily bytes and interim answers do'],
    },
  },
  '3.8': {
    claim: 'an answer without content ends with its head, and what follows it closes',
    wire: {
      closes: [
        'closes when a HEAD is answered with content all the same (HEAD)', 'closes when a HEAD is answered with chunks (HEAD)',
        'closes when bytes follow a 204', 'closes when chunks follow a 304',
      ],
      read: ['has no content in a 204', 'has no content in a 304, and ignores its chunked'],
    },
  },
  '3.9': {
    claim: 'a connection is kept where both sides mean it and nothing else came: 6 of them, 4 s, last in first out',
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
    heldBy: {
      'connection/connection-pool.test.ts': [
        'the one that was used last is taken first: it is the likeliest to be alive',
        'with maxIdle: %s, %i are kept, and the rest are closed', 'when it was idle for too long', 'when reuse is turned off',
        'ends what is under way and refuses what comes later',
      ],
      'live/client.test.ts': ['is not needed for the process to end: an idle connection does not keep it alive'],
    },
  },

  '3.10.1': {
    claim: 'bytes behind an answer close its connection',
    wire: { closes: ['closes when a NUL follows the content', 'closes when bytes follow an empty answer'] },
  },
  '3.10.2': {
    claim: 'bytes, an end or a reset while nothing is asked close the connection',
    wire: {
      closes: [
        'closes when a whole answer comes unasked', 'closes when a line end comes unasked',
        'closes when the connection ends while nothing is asked', 'closes when the connection is reset while nothing is asked',
      ],
    },
  },
  '3.10.3': {
    claim: 'what had come before a connection is taken is seen, in two turns of the event loop',
    heldBy: { 'connection/connection-pool.test.ts': ['when bytes come that nobody asked for'] },
  },
  '3.10.4': {
    claim: 'what comes behind the request cannot be told from its answer, but it spoils one call at most',
    wire: { closes: ['closes when a whole answer follows the content'] },
  },
  '3.10.5': {
    claim: 'what a new connection says before it was asked anything closes it, if it is seen before the request goes',
    wire: { closes: ['closes when the beginning of an answer comes unasked', 'closes when a TLS alert comes unasked'] },
    heldBy: { 'system/tls/tls-channel.test.ts': ['hears what is said before anything was asked (%s)'] },
  },
  '3.10.6': {
    claim: 'a 408 that comes unasked answers nothing',
    wire: { closes: ['closes when 408 says that nobody asked for long enough'] },
  },

  '3.11.1': {
    claim: 'an end while connecting is a ConnectError',
    heldBy: {
      'connection/connection-pool.test.ts': ['is a ConnectError that names the address, the cause and what to do'],
      'system/tls/tls-channel.test.ts': ['says so where the port %s'],
      'system/programs/ssh-dialer.test.ts': ['%j, %i'],
    },
  },
  '3.11.2': {
    claim: 'an end or a reset of an idle connection is nobody\'s error',
    wire: { closes: [
      'closes when the connection ends while nothing is asked', 'closes when the connection is reset while nothing is asked',
    ] },
    heldBy: { 'connection/connection-pool.test.ts': ['when the engine has ended it'] },
  },
  '3.11.3': {
    claim: 'an end while the request is written leaves the answer to be read, and is the cause where there is none',
    heldBy: { ...EARLY, 'hostile-callers.test.ts': ['has that as its cause: %j'] },
  },
  '3.11.4': {
    claim: 'an end in the head is a TruncatedError of the head',
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
    claim: 'an end behind a whole answer drops the connection and harms nothing',
    wire: { closes: [
      'closes when the connection ends behind the content', 'closes when the connection is reset behind the content',
    ] },
  },

  '3.12': {
    claim: 'nothing but that GET or HEAD is sent again, and an error tells a caller what a retry needs to know',
    heldBy: {
      'connection/connection-pool.test.ts': ['is not sent again when it is a %s'],
      'client/engine.test.ts': ['says where it happened, and whether the connection had been used before'],
      'live/engine-dies.test.ts': ['restarted between two calls is not noticed, not even by a POST'],
    },
  },

  '3.13.1': {
    claim: 'a refusal stops the upload. A 2xx that says close does not: engines answer a load while they read it',
    heldBy: { 'connection/exchange.test.ts': ['wins, %s', 'does not stop the upload when it is a success'] },
  },
  '3.13.2': {
    claim: 'a success in the middle of an upload lets it go on',
    heldBy: { 'connection/exchange.test.ts': ['does not stop the upload when it is a success'] },
  },
  '3.13.3': { claim: 'an answer in the receive buffer wins over the write that failed', heldBy: EARLY },
  '3.13.4': {
    claim: 'an engine that answers and stops reading is heard at once, and the next call takes another connection',
    heldBy: { 'connection/exchange.test.ts': ['wins, %s', 'is not held up by a source that hangs'] },
  },
  '3.13.5': {
    claim: 'an engine that dies without an answer is an error, after one attempt',
    heldBy: { 'live/engine-dies.test.ts': ['killed in the middle of %s'] },
  },
  '3.13.6': {
    claim: 'an error in the answer to a whole upload is thrown',
    heldBy: { 'live/archives.test.ts': ['is an ApiError inside the stream for an archive that holds no image'] },
  },

  '3.14': {
    claim: 'a signal ends a call in every phase, and limits are what they say: the head in all, silence without our own',
    heldBy: {
      'client/abort.test.ts': ABORT_IN_EACH_PHASE,
      'connection/connection-pool.test.ts': [
        'after the call has no effect on the connection', 'do not count while the reader makes the engine wait',
        'end a call whose head does not come whole, however steadily bytes and interim answers do',
      ],
      'time.test.ts': ['%s has those of a call that may be quiet, or an engine that answers at once'],
    },
  },
  '3.15': {
    claim: 'a slow or absent reader makes the engine wait, and one that leaves ends its connection and no other',
    heldBy: {
      'connection/exchange.test.ts': [
        'makes the engine wait', 'gets everything although the engine ended the connection meanwhile',
        'that throws ends the call with its own error',
      ],
      'client/archive-stream.test.ts': ['makes the engine wait for a slow loop, also where a read ends in the middle of a chunk'],
      'client/abort.test.ts': ['ends an answer to request that nobody reads'],
      'live/endurance.test.ts': ['1,000 saves that are broken off leave no connection and no file'],
    },
  },
  '3.16': {
    claim: 'what we send is checked and sent as it was checked',
    heldBy: {
      'connection/connection-pool.test.ts': ['is refused before a byte of it: %s'],
      'hostile-callers.test.ts': [
        'is sent as it was given', 'with %j and %j is refused', 'with the value %j is refused, and the value not shown',
      ],
      'connection/exchange.test.ts': [
        'is announced as none when a POST has none',
        'is chunked when its length is not known, and chunks of no bytes are left out',
        'by giving more than it said ends the call before the surplus is sent',
      ],
      'api/reference.test.ts': ['of %j is %s'],
      'client/engine.test.ts': ['is an error and is not followed'],
      'hostile-values.test.ts': ['is not more than it seems with %s'],
    },
  },
  '3.17': {
    claim: 'an error body is read up to 1 MiB, in every form that there is, and says of itself if it was cut short',
    heldBy: {
      'api/api-error.test.ts': [
        'takes its words from a body of %s', 'shows no control characters of the engine', 'says where its words were cut short',
        'has the title of a page of HTML for its words, and says that no engine sends one: %j',
        "that is the engine's fault and has no words sends the reader to the log",
      ],
      'client/engine.test.ts': [
        'that has no end is read up to 1 MiB, and its status is told',
        'that is cut short still tells its status, and that it was cut',
      ],
    },
  },
  '3.18': {
    claim: 'progress is JSON objects, however they are cut; anything else is an error, behind the good ones',
    heldBy: {
      'api/progress/progress-events.test.ts': [
        'with ${name} gives them %s', 'ends with a DecodeError after the good values at %s', 'keeps __proto__ as data',
        'refuses bytes that are no UTF-8 instead of replacing them',
        'that ends inside a value is cut short, after the good values',
        'refuses a value without an end as soon as it is too long', 'looks at each byte of a cut value once',
      ],
    },
  },

  '3.19.1': {
    claim: 'X-Registry-Auth is base64url with padding, and goes with the requests that need it alone',
    heldBy: {
      'api/credentials.test.ts': ['of %j holds %j'],
      'client/engine.test.ts': ['are asked of a function with the key of the registry, and go with no other call'],
    },
  },
  '3.19.2': {
    claim: 'credentials go to their own registry alone',
    heldBy: {
      'api/credentials.test.ts': ['of index.docker.io has the key of Docker Hub'],
      'client/docker-credentials.test.ts': [
        'with credentials for one registry sends them there, and nowhere else',
        'refuses those that a call is given for another registry, without showing them',
        'does not send those that a function gives for another registry',
        'tries nothing else where a helper has nothing, or fails',
      ],
    },
  },
  '3.19.3': {
    claim: 'a helper that fails is an error and no anonymous call; one that has nothing has nothing',
    heldBy: { 'client/docker-credentials.test.ts': ['tries nothing else where a helper has nothing, or fails'] },
  },
  '3.19.4': {
    claim: 'credentials that are kept show themselves to nobody',
    heldBy: { 'api/credentials.test.ts': ['does not show itself to %s', 'reads [redacted], and reveals itself when asked'] },
  },
  '3.19.5': {
    claim: 'nothing that is logged has a field\'s value',
    heldBy: { 'system/diagnostics.test.ts': [
      'prints a line for each exchange: method, target, address, status, time, connection and bytes',
    ] },
  },
  '3.19.6': {
    claim: 'an error about a file or an address has its place, and none of its content',
    heldBy: {
      'config/stored-credentials.test.ts': ['is refused by the names of file and key where it %s', 'is refused by its name when it is %s'],
      'api/api-error.test.ts': ['that is none (%j) is a DecodeError in our own words'],
      'config/engine-address.test.ts': ['of %s hides the user information'],
    },
  },
  '3.19.7': {
    claim: 'credentials over plain tcp are sent, as docker does, and warned of; refused where that is asked for',
    heldBy: {
      'connection/warnings.test.ts': [
        'are told of once, and sent: %s', 'are refused before anything is sent where that is wanted: %s',
        'are none on the way to this machine',
      ],
    },
  },

  '3.20.1': {
    claim: 'a helper that is not there or may not run is an error with its name and the key that names it',
    heldBy: { 'system/programs/credential-helper.test.ts': ['because it is not there, may not be run, or is no program'] },
  },
  '3.20.2': {
    claim: 'a helper that hangs is stopped, with all that it has started; an abort stops it, too',
    heldBy: {
      'system/programs/credential-helper.test.ts': ['because it never ends: it is stopped', 'stops the helper, and is the reason'],
      'system/programs/child-process.test.ts': ['ends it and its children', 'kills what does not end by SIGTERM, children too'],
    },
  },
  '3.20.3': {
    claim: 'a helper that fails has its exit code told, and never its words',
    heldBy: {
      'system/programs/credential-helper.test.ts': ['%s', 'tells how to see what it says'],
      'live/credentials.test.ts': ['says why where it cannot open its store, and the secret is not in it'],
    },
  },
  '3.20.4': {
    claim: 'what is no credential is an error; an empty pair is none',
    heldBy: { 'system/programs/credential-helper.test.ts': ['%s', 'and is %s: %s'] },
  },
  '3.20.5': {
    claim: 'the user <token> has an identity token',
    heldBy: { 'system/programs/credential-helper.test.ts': ['and is %s: %s'] },
  },
  '3.20.6': {
    claim: 'a helper that floods is stopped at its limit',
    heldBy: { 'system/programs/credential-helper.test.ts': ['because it floods its stdout: it is stopped'] },
  },
  '3.20.7': {
    claim: 'calls at the same time share one helper, and no failure is kept',
    heldBy: {
      'client/docker-credentials.test.ts': [
        'starts one program for all who ask for a registry at the same time, and keeps no answer', 'does not keep a failure',
      ],
    },
  },
  '3.21': {
    claim: 'config.json and contexts are read strictly where they are needed, and not at all where they are not',
    heldBy: {
      'config/stored-credentials.test.ts': [
        'may be %j, and has nothing then', 'is refused by its name when it is %s', 'harms no other when it is broken',
        'with %s',
      ],
      'config/config-settings.test.ts': ['%j is refused by its path alone'],
      'config/custom-headers.test.ts': ['%s cannot be set'],
      'config/resolve-engine.test.ts': ['refuses the context %j before anything is looked up'],
      'system/find-engine.test.ts': [
        'of a context that is missing are named, with who asked for it',
        'of config.json are in ~/.docker, or in DOCKER_CONFIG, which is a folder',
      ],
      'system/files/read-docker-config.test.ts': ['warns of mode %o where the file is %s: %s'],
      'rules.test.ts': ['%s goes before all below it'],
    },
  },
  '3.22': {
    claim: 'TLS is checked before and explained after; content until the end is never whole over it',
    heldBy: {
      'config/resolve-engine.test.ts': ['with %s', 'that was asked for and lacks %s is an error, not plain text'],
      'system/tls/tls-material.test.ts': ['is refused: %s'],
      'system/tls/tls-channel.test.ts': [
        'says so where %s', 'says so where the port %s', 'is told by a hint: %j', 'with words that say why an end is none',
        'is not made by NODE_TLS_REJECT_UNAUTHORIZED',
      ],
      'connection/node-http-transport.test.ts': ['content that the end would delimit is never taken for whole'],
      'live/tls.test.ts': ['is not reached with %s'],
    },
  },
  '3.23': {
    claim: 'ssh gets words and no shell, its end is true only with exit 0, and nothing is left of it',
    heldBy: {
      'config/engine-address.test.ts': ['%j is refused', '%j: it %s'],
      'system/programs/ssh-dialer.test.ts': [
        'for %s', 'quote what a shell would read, though no address holds it',
        'of which 4096 bytes of stderr are kept, the last ones',
        'with an error leaves an answer cut short that lasts until the end, though all bytes of it came',
        'is gone after close(), with and without a call under way', 'killed by %s leaves no ssh behind',
      ],
    },
  },

  '3.24.1': {
    claim: 'a path that does not fit is split at a slash by its bytes, or in a pax record that counts itself',
    heldBy: {
      'tar/header.test.ts': ['%s: %#'],
      'tar/pax.test.ts': [
        'states its length in bytes around %s',
        'reaches 99 and 101 bytes, between which lies no length: 98 bytes and three digits are 101',
      ],
      'tar/pack.test.ts': ['has the lengths that it says'],
    },
  },
  '3.24.2': {
    claim: 'a long link target is in a pax record',
    heldBy: { 'tar/header.test.ts': ['takes link targets of 100 bytes of ASCII'], 'tar/pax.test.ts': ['tell of %s'] },
  },
  '3.24.3': {
    claim: 'a size, id or time that does not fit is in a pax record, and its field clamped',
    heldBy: {
      'tar/pax.test.ts': ['tell of %s', 'are none where every field is at its bound'],
      'tar/header.test.ts': ['clamps numbers that do not fit, and rounds down'],
      'tar/pack.test.ts': ['writes 9 GiB of a stream without holding it, the size in a pax record'],
    },
  },
  '3.24.4': {
    claim: 'a time before 1970 is a whole number in a pax record, and a fraction is rounded down',
    heldBy: { 'tar/header.test.ts': ['clamps numbers that do not fit, and rounds down'], 'tar/pax.test.ts': ['tell of %s'] },
  },
  '3.24.5': {
    claim: 'NaN, Infinity, negative, fractional and unsafe numbers are refused before any byte of the entry',
    heldBy: {
      'tar/pack.test.ts': [
        'a negative size', 'a fractional size', 'a size above 2^53-1', 'a uid of NaN', 'an infinite mtime',
        'a fractional gid',
      ],
    },
  },
  '3.24.6': {
    claim: 'NUL, lone surrogates and empty names are refused',
    heldBy: { 'tar/pack.test.ts': [
      'a path with a NUL', 'a path with a lone surrogate', 'an empty path', 'a symlink with a NUL',
    ] },
  },
  '3.24.7': {
    claim: 'absolute paths, ".." and hard links out of the tree are refused; a symlink may point anywhere',
    heldBy: {
      'tar/pack.test.ts': [
        'an absolute path', '".." in the middle', '".." at the end', 'a link to an absolute path',
        'a link that leaves the tree',
      ],
    },
  },
  '3.24.8': {
    claim: 'a mode beyond its bits is masked, and 0 is a mode and a time',
    heldBy: { 'tar/header.test.ts': ['puts %s in its place'] },
  },
  '3.24.9': {
    claim: 'content of another length, data where none goes and a source that throws end the archive without its end',
    heldBy: {
      'tar/pack.test.ts': [
        'content shorter than its size', 'content longer than its size', 'content on a directory',
        'at a source that throws, whose error is the cause',
      ],
    },
  },
  '3.24.10': {
    claim: 'an archive ends in two zero blocks',
    heldBy: { 'tar/pack.test.ts': ['ends in two zero blocks, and nothing more'] },
  },

  '3.25.1': {
    claim: 'a socket that is not there is told with what to look at',
    heldBy: {
      'connection/connection-pool.test.ts': ['is a ConnectError that names the address, the cause and what to do'],
      'live/faults.test.ts': ['is a ConnectError that asks whether the engine runs, where there is none'],
    },
  },
  '3.25.2': {
    claim: 'a socket that one may not use is told with the group to join',
    heldBy: { 'live/faults.test.ts': ['is a ConnectError that tells whose group to join, where permission is refused'] },
  },
  '3.25.3': {
    claim: 'a socket where nobody listens is told so',
    heldBy: {
      'live/faults.test.ts': ['is a ConnectError where a file is no socket, or nobody listens'],
      'live/engine-dies.test.ts': ['leaves a socket where nobody listens'],
    },
  },
  '3.25.4': {
    claim: 'a path of more than 107 bytes is refused',
    heldBy: { 'config/engine-address.test.ts': ['of 107 bytes is the longest; characters do not count (unix(7))'] },
  },
  '3.25.5': {
    claim: 'an address that is none is refused when it is given, with the variable and without the password',
    heldBy: {
      'config/engine-address.test.ts': ['%j: it %s', 'names the variable and the value', 'of %s hides the user information'],
      'config/resolve-engine.test.ts': ['names the variable of a host that is none, and the context'],
    },
  },
  '3.25.6': {
    claim: 'a host that is not found and a limit of time say which, where and how long',
    heldBy: {
      'connection/connection-pool.test.ts': ['is a TimeoutError when nobody accepts in time'],
      'time.test.ts': ['a dialer that does not heed its signal'],
    },
  },
  '3.25.7': {
    claim: 'plain text to TLS, and TLS to plain text, are named',
    heldBy: {
      'http/response-parser.test.ts': ['says what to do when the answer is TLS'],
      'system/tls/tls-channel.test.ts': ['is told by a hint: %j', 'says so where the port %s'],
    },
  },
  '3.25.8': {
    claim: 'the first line of an error says all',
    heldBy: { 'api/api-error.test.ts': [
      'is one sentence with the request, the address, the status and the words of the engine',
    ] },
  },
  '3.25.9': {
    claim: 'ranges of versions that do not meet are both told',
    heldBy: {
      'client/engine.test.ts': [
        'of an engine that is too old for us is an error that states both ranges',
        'of an engine that is too new for us is an error that states both ranges',
      ],
    },
  },
  '3.26': {
    claim: 'no fault is an uncaught exception or a warning, and nothing keeps a process alive',
    heldBy: {
      'client/abort.test.ts': ['keeps nothing of those that are over'],
      'client/archive-stream.test.ts': ['is as it was when %s'],
      'live/endurance.test.ts': ['200 at once on one client are all answered, and leave six connections'],
    },
  },

  '6': {
    claim: 'any split gives the same, any cut is an error, no mutation crashes or fills the memory',
    heldBy: {
      'http/wire-cases.test.ts': ['$title', '$title, and no part of it is whole'],
      'support/tape-tests.ts': ['gives what the engine said ($pieces, wire $wire)'],
      'limits.test.ts': ['takes little more memory than its bytes, however many pieces they come in'],
    },
  },
};
