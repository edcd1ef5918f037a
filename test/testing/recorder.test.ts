import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../src/connection/channel.ts';
import { ArgumentError } from '../../src/errors.ts';
import { recorder } from '../../src/testing/recorder.ts';
import { TAPE_LIMIT, encodeTape } from '../../src/testing/tape.ts';
import type { Tape } from '../../src/testing/tape.ts';
import { MemoryChannel, memoryDialer } from '../support/memory-channel.ts';
import { splits } from '../support/splits.ts';

const header = { engine: 'Docker', version: '20.10.24', command: 'a test', date: '2026-01-31' };

/** The bytes that a client reads into one block of memory, which each read overwrites, as on a socket. */
function listen(channel: Channel): string[] {
  const heard: string[] = [];
  const memory = Buffer.alloc(64 * 1024);
  channel.owner = {
    memory: () => memory,
    onData(bytes) {
      heard.push(Buffer.from(bytes).toString('latin1'));
      bytes.fill(0x21); // an owner may change the bytes that it gets
      return true;
    },
    onEnd: () => heard.push('ended'),
    onError: ({ message }) => heard.push(`broken: ${message}`),
  };
  return heard;
}

async function record(count = 1) {
  const inner = Array.from({ length: count }, () => new MemoryChannel());
  const notes: string[] = [];
  const { dialer, tape } = recorder(memoryDialer(...inner), header, ({ kind, message }) => notes.push(`${kind}: ${message}`));
  const channels: Channel[] = [];
  for (let index = 0; index < count; index++) channels.push(await dialer.dial({}));
  const heard = channels.map(listen);
  return { inner, channels, heard, tape, notes };
}

const shown = ({ records }: Tape): string[] =>
  records.map((record) => {
    const what = record.type === 'over' ? record.how : Buffer.from(record.bytes).toString('latin1');
    return `${record.type} ${record.connection} ${what}`;
  });

const text = (tape: Tape): string => Buffer.from(encodeTape(tape)).toString('latin1');

describe('recorder', () => {
  it('records both directions and the end, by connection and in order', async () => {
    const { inner, channels, tape } = await record(2);
    await channels[0]?.write([Buffer.from('GET /a HTTP/1.1\r\n\r\n')]);
    await channels[1]?.write([Buffer.from('GET /b HTTP/1.1\r\n\r\n')]);
    inner[1]?.read('HTTP/1.1 200 OK\r\n\r\nb');
    inner[0]?.read('HTTP/1.1 200 OK\r\n\r\na');
    inner[1]?.owner.onEnd();
    inner[0]?.owner.onError(new Error('reset'));
    expect(shown(tape())).toEqual([
      'sent 1 GET /a HTTP/1.1\r\n\r\n',
      'sent 2 GET /b HTTP/1.1\r\n\r\n',
      'received 2 HTTP/1.1 200 OK\r\n\r\nb',
      'received 1 HTTP/1.1 200 OK\r\n\r\na',
      'over 2 eof',
      'over 1 reset',
    ]);
    expect(tape().header).toEqual(header);
  });

  it('joins consecutive bytes, and records them as they were when they arrived', async () => {
    const { inner, channels, tape } = await record();
    await channels[0]?.write([Buffer.from('GET /a HTTP/1.1\r\n'), Buffer.from('\r\n')]);
    inner[0]?.read('first, ');
    inner[0]?.read('second');
    expect(shown(tape())).toEqual(['sent 1 GET /a HTTP/1.1\r\n\r\n', 'received 1 first, second']);
  });

  it('forwards everything unchanged', async () => {
    const { inner, channels, heard } = await record();
    const [channel, socket] = [channels[0], inner[0]];
    if (channel === undefined || socket === undefined) throw new Error('there is one');
    socket.writeError = new Error('EPIPE');
    await channel.write([Buffer.from('GET /a HTTP/1.1\r\nX-Registry-Auth: c2VjcmV0\r\n\r\n')]);
    socket.read('one');
    socket.owner.onEnd();
    socket.owner.onError(new Error('closed'));
    channel.resume();
    channel.keepProcessAlive(false);
    channel.end();
    channel.destroy();
    expect(Buffer.concat(socket.written).toString()).toContain('X-Registry-Auth: c2VjcmV0\r\n');
    expect(heard[0]).toEqual(['one', 'ended', 'broken: closed']);
    expect(socket.calls).toEqual(['resume', 'keepProcessAlive false', 'end', 'destroy']);
    expect(channel.writeError).toBe(socket.writeError);
    expect(channel.holdsMemory).toBe(false);
  });

  it('records each end once', async () => {
    const { inner, tape } = await record();
    inner[0]?.owner.onEnd();
    inner[0]?.owner.onError(new Error('the connection was closed'));
    expect(shown(tape())).toEqual(['over 1 eof']);
  });

  // A replay that ended here would cut off a client that goes on with its connection.
  it('records bytes, but no end, of the engine after the end of the client', async () => {
    const { inner, channels, tape } = await record();
    await channels[0]?.write([Buffer.from('GET /a HTTP/1.1\r\n\r\n')]);
    channels[0]?.end();
    inner[0]?.read('a');
    inner[0]?.owner.onEnd();
    inner[0]?.owner.onError(new Error('the connection was closed'));
    expect(shown(tape())).toEqual(['sent 1 GET /a HTTP/1.1\r\n\r\n', 'received 1 a']);
  });

  it('reports each request without possible secrets', async () => {
    const { channels, notes } = await record();
    await channels[0]?.write([Buffer.from('GET /a HTTP/1.1\r\n\r\nPOST /images/create?fromSrc=http://u:hunter2@h/')]);
    expect(notes).toEqual(['request: GET /a']);
    await channels[0]?.write([Buffer.from('x&tag=1 HTTP/1.1\r\n\r\n')]);
    expect(notes.slice(1)).toEqual(['request: POST /images/create?fromSrc=[redacted]&tag=1']);
  });

  it('splits a response where its text ends, so that its head is readable', async () => {
    const { inner, tape } = await record();
    inner[0]?.read('HTTP/1.1 200 OK\r\n\r\nbin/\0\0\0');
    expect(text(tape())).toContain('< 1 19\nHTTP/1.1 200 OK\r\n\r\n\n<64 1 12\n');
  });

  it('reports once that a tape would be too large, and keeps nothing', async () => {
    const { inner, channels, tape, notes } = await record();
    await channels[0]?.write([Buffer.from('GET /a HTTP/1.1\r\n\r\n')]);
    inner[0]?.read('HTTP/1.1 200 OK\r\n\r\n');
    const room = TAPE_LIMIT - 'GET /a HTTP/1.1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'.length;
    for (let left = room; left > 0; left -= 1024) inner[0]?.read('x'.repeat(Math.min(left, 1024)));
    expect(notes.filter((note) => !note.startsWith('request'))).toEqual([]);
    for (const byte of 'ab') inner[0]?.read(byte);
    expect(() => tape()).toThrow(String(TAPE_LIMIT));
    expect(notes.slice(1)).toEqual([`failure: more than ${TAPE_LIMIT} bytes went over the wire: too many for a tape`]);
  });

  it('makes no tape of bytes that it cannot parse, because it cannot redact them', async () => {
    const { channels, inner, tape } = await record();
    await channels[0]?.write([Buffer.from('GET /a HTTP/1.1\r\nX-Registry-Auth : hunter2\r\n\r\n')]);
    expect(Buffer.concat(inner[0]?.written ?? []).toString()).toContain('hunter2');
    expect(() => tape()).toThrow(ArgumentError);
  });
});

// Attach, exec and BuildKit upgrade a connection (RFC 9110 §7.8): the bytes that follow are not HTTP, and may be user input.
describe('an upgrade', () => {
  const ask = 'POST /v1.41/containers/x/attach HTTP/1.1\r\nConnection: Upgrade\r\nupgrade: tcp\r\nContent-Length: 0\r\n\r\n';
  const both = Buffer.from(`GET /a HTTP/1.1\r\n\r\n${ask}whoami\r\n\r\n\x03\x00`);

  it.each(splits(both))('is forwarded, and neither it nor anything after it is on the tape, sent %s', async (_name, pieces) => {
    const { channels, inner, tape, notes } = await record(2);
    for (const piece of pieces) await channels[0]?.write([piece]);
    inner[0]?.read('HTTP/1.1 101 UPGRADED\r\n\r\nroot');
    inner[0]?.owner.onEnd();
    await channels[1]?.write([Buffer.from('GET /b HTTP/1.1\r\n\r\n')]);
    expect(Buffer.concat(inner[0]?.written ?? [])).toEqual(both);
    expect(shown(tape())).toEqual(['sent 1 GET /a HTTP/1.1\r\n\r\n', 'sent 2 GET /b HTTP/1.1\r\n\r\n']);
    expect(notes[1]).toBe(
      'upgrade: POST /v1.41/containers/x/attach upgrades its connection to another protocol, which is not recorded',
    );
  });

  it('does not count towards the size of the tape', async () => {
    const { channels, inner, tape } = await record();
    await channels[0]?.write([Buffer.from(ask)]);
    for (let sent = 0; sent <= 2 * TAPE_LIMIT; sent += 1024) inner[0]?.read('x'.repeat(1024));
    expect(shown(tape())).toEqual([]);
  });
});

// Tapes are committed and published. A login would be published with them, in a header whose value
// is only base64. So the recorder removes it before it keeps anything.
describe('a secret', () => {
  const head = [
    'POST /v1.41/images/x/push?tag=1 HTTP/1.1',
    'X-Registry-Auth: eyJwYXNzd29yZCI6Imh1bnRlcjIifQ==',
    'x-registry-config: eyJwYXNzd29yZCI6Imh1bnRlcjIifQ==',
    'AUTHORIZATION: Basic aHVudGVyMg==',
    'Proxy-Authorization:hunter2',
    'Cookie: session=hunter2; a=b',
    'X-Meta-Head: X-Registry-Auth: this is none',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');

  it.each(splits(Buffer.from(head)))('in a request head never reaches the tape, sent %s', async (_name, pieces) => {
    const { channels, inner, tape } = await record();
    for (const piece of pieces) {
      await channels[0]?.write([piece]);
      expect(text(tape())).not.toMatch(/hunter2|aHVudGVyMg|eyJ/);
    }
    expect(shown(tape())).toEqual([
      `sent 1 ${head
        .replaceAll(/eyJ\S+|Basic aHVudGVyMg==|session=hunter2; a=b/g, '[redacted]')
        .replace('Authorization:hunter2', 'Authorization: [redacted]')}`,
    ]);
    expect(Buffer.concat(inner[0]?.written ?? []).toString()).toBe(head);
  });

  const loginHead = 'POST /v1.41/auth HTTP/1.1\r\nContent-Length: 24\r\n\r\n';
  const login = Buffer.from(`${loginHead}{"password":   "hunter2"}`);

  it.each(splits(login))('in a login is replaced by as many bytes, sent %s', async (_name, pieces) => {
    const { channels, tape } = await record();
    for (const piece of pieces) await channels[0]?.write([piece]);
    expect(shown(tape())[0]).toBe(`sent 1 ${loginHead}${'x'.repeat(24)}`);
  });

  it('in a login that is sent in chunks is replaced, and the chunks stay valid', async () => {
    const { channels, tape } = await record();
    const chunked = 'POST /auth HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nhunter2\r\n0\r\n\r\n';
    await channels[0]?.write([Buffer.from(chunked)]);
    expect(shown(tape())[0]).toContain('\r\n\r\n7\r\nxxxxxxx\r\n0\r\n\r\n');
  });

  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 45\r\n\r\n{"IdentityToken":"hun\\"ter2","Status":"Good"}';

  it.each(splits(Buffer.from(answer)))('in the response to a login is replaced, received %s', async (_name, pieces) => {
    const { channels, inner, tape } = await record();
    await channels[0]?.write([Buffer.from('POST /auth HTTP/1.1\r\nContent-Length: 0\r\n\r\n')]);
    for (const piece of pieces) {
      inner[0]?.read(Buffer.from(piece).toString('latin1'));
      expect(text(tape())).not.toMatch(/hun|ter2/); // reading the tape in the middle of the token must not split it
    }
    await channels[0]?.write([Buffer.from('GET /a HTTP/1.1\r\n\r\n')]);
    inner[0]?.read('HTTP/1.1 200 OK\r\n\r\n"token":"of no login"');
    expect(shown(tape()).slice(1)).toEqual([
      `received 1 ${answer.replace('hun\\"ter2', 'xxxxxxxxx')}`,
      'sent 1 GET /a HTTP/1.1\r\n\r\n',
      'received 1 HTTP/1.1 200 OK\r\n\r\n"token":"of no login"',
    ]);
  });

  it('in the response to a login after another request cannot be found, so no tape is made', async () => {
    for (const before of ['', 'HTTP/1.1 100 Continue\r\n\r\n', answer.slice(0, -20)]) {
      const { channels, inner, tape } = await record();
      await channels[0]?.write([Buffer.from('POST /auth HTTP/1.1\r\nContent-Length: 0\r\n\r\n')]);
      inner[0]?.read(before);
      await channels[0]?.write([Buffer.from('GET /a HTTP/1.1\r\n\r\n')]);
      inner[0]?.read(answer.slice(-20));
      expect(() => tape()).toThrow('a request was sent before the response to a login');
    }
  });

  it('is not in a response without content, and another request may follow', async () => {
    const { channels, inner, tape } = await record();
    await channels[0]?.write([Buffer.from('POST /auth HTTP/1.1\r\nContent-Length: 0\r\n\r\n')]);
    inner[0]?.read('HTTP/1.1 204 No Content\r\n\r\n');
    await channels[0]?.write([Buffer.from('GET /a HTTP/1.1\r\n\r\n')]);
    expect(shown(tape())).toHaveLength(3);
  });

  // The answers of one connection: an interim one, chunks with a trailer, one without content, and one until the end.
  const answers = [
    'HTTP/1.1 103 Early Hints\r\nSet-Cookie: hunter2\r\nLink: </a>\r\n\r\n',
    'HTTP/1.1 200 OK\r\nset-cookie: a=hunter2\r\nSet-Cookie:b=hunter2\r\nTransfer-Encoding: chunked\r\nTrailer: X-Auth-Token\r\n\r\n',
    '12\r\nX-Auth-Token: kept\r\n0\r\nX-Auth-Token: hunter2\r\nX-Sum: 1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX-AUTH-TOKEN: \thunter2\r\nContent-Length: 1000\r\n\r\n',
    'HTTP/1.0 401 Unauthorized\r\nWWW-Authenticate: Bearer realm="https://r/token"\r\nX-Api-Key: hunter2\r\n\r\nX-Api-Key: kept\r\n',
  ].join('');

  it.each(splits(Buffer.from(answers), 3))('in a response head or a trailer never reaches the tape, received %s', async (_name, pieces) => {
    const { channels, inner, heard, tape } = await record();
    for (const method of ['GET', 'HEAD', 'GET']) await channels[0]?.write([Buffer.from(`${method} /a HTTP/1.1\r\n\r\n`)]);
    for (const piece of pieces) {
      inner[0]?.read(Buffer.from(piece).toString('latin1'));
      expect(text(tape())).not.toMatch(/hunter2|unter2/);
    }
    inner[0]?.owner.onEnd();
    expect(heard[0]?.slice(0, -1).join('')).toBe(answers);
    const received = shown(tape()).filter((line) => line.startsWith('received')).map((line) => line.replace('received 1 ', ''));
    expect(received.join('')).toBe(answers.replaceAll(/:(?: ?\t?)(?:\w=)?hunter2/g, ': [redacted]'));
  });

  // RFC 9112 §4 (reason phrase), §7.1.1 (chunk extensions); RFC 9110 §10.2.2, RFC 8288 (addresses)
  it.each([
    ['a query of Location', 'HTTP/1.1 302 Found\r\nLocation: https://h/x?token=hunter2\r\n\r\n', 'HTTP/1.1 302 Found\r\nLocation: https://h/x?[redacted]\r\n\r\n'],
    ['a fragment of Location', 'HTTP/1.1 302 Found\r\nLocation: /x#token=hunter2\r\n\r\n', 'HTTP/1.1 302 Found\r\nLocation: /x#[redacted]\r\n\r\n'],
    ['a login in Content-Location', 'HTTP/1.1 200 OK\r\ncontent-location: http://u:hunter2?/@hunter2@h/x\r\n\r\n', 'HTTP/1.1 200 OK\r\ncontent-location: http://[redacted]@h/x\r\n\r\n'],
    ['Link', 'HTTP/1.1 200 OK\r\nLink: <http://h/a?sig=hunter2>; rel=next, <http://u:hunter2@h/>\r\n\r\n', 'HTTP/1.1 200 OK\r\nLink: <http://[redacted]@h/>\r\n\r\n'],
    ['a plain Location', 'HTTP/1.1 301 Moved Permanently\r\nLocation: /v1.41/info\r\n\r\n', 'HTTP/1.1 301 Moved Permanently\r\nLocation: /v1.41/info\r\n\r\n'],
    ['a reason phrase', 'HTTP/1.1 401 hunter2 is wrong\r\nA: b\r\n\r\n', 'HTTP/1.1 401 [redacted]\r\nA: b\r\n\r\n'],
    ['half a reason phrase', 'HTTP/1.1 401 hunter2', 'HTTP/1.1 401 [redacted]'],
    ['a chunk extension', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;t=hunter2\r\n{}\r\n0;hunter2:x\r\n\r\n', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;redacted\r\n{}\r\n0;redacted\r\n\r\n'],
    ['half a chunk extension', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;t=hunter2', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;redacted'],
  ])('in %s is redacted', async (_, said, redacted) => {
    const { channels, inner, heard, tape } = await record();
    await channels[0]?.write([Buffer.from('GET /a HTTP/1.1\r\nReferer: http://h/?hunter2\r\nTransfer-Encoding: chunked\r\n\r\n2;hunter2\r\n{}\r\n0;hunter2\r\n\r\n')]);
    inner[0]?.read(said);
    inner[0]?.owner.onError(new Error('reset'));
    expect(heard[0]?.[0]).toBe(said);
    expect(shown(tape())).toEqual([
      'sent 1 GET /a HTTP/1.1\r\nReferer: http://h/?[redacted]\r\nTransfer-Encoding: chunked\r\n\r\n2;redacted\r\n{}\r\n0;redacted\r\n\r\n',
      `received 1 ${redacted}`, 'over 1 reset',
    ]);
  });

  it('in an incomplete head is redacted if the engine stops there', async () => {
    const { channels, inner, tape } = await record();
    await channels[0]?.write([Buffer.from('GET /a HTTP/1.1\r\n\r\n')]);
    inner[0]?.read('HTTP/1.1 200 OK\r\nA: b\r\nSet-Cookie: hunt');
    inner[0]?.owner.onError(new Error('reset'));
    expect(shown(tape()).slice(1)).toEqual(['received 1 HTTP/1.1 200 OK\r\nA: b\r\nSet-Cookie: [redacted]', 'over 1 reset']);
  });

  it.each([
    ['lone line feeds', 'HTTP/1.1 200 OK\nA: b\nSet-Cookie: hunter2\nB: c\n\n{}', 'HTTP/1.1 200 OK\nA: b\nSet-Cookie: [redacted]\nB: c\n\n{}'],
    ['lone carriage returns', 'HTTP/1.1 200 OK\rSet-Cookie: hunter2\rB: c\r', 'HTTP/1.1 200 OK\rSet-Cookie: [redacted]\rB: c\r'],
    ['a folded field', 'HTTP/1.1 200 OK\r\nSet-Cookie: a;\r\n b=hunter2;\r\n\thunter2\r\n', 'HTTP/1.1 200 OK\r\nSet-Cookie: [redacted]\r\n [redacted]\r\n [redacted]\r\n'],
    ['a space before a colon', 'HTTP/1.1 200 OK\r\nSet-Cookie : hunter2', 'HTTP/1.1 200 OK\r\nSet-Cookie: [redacted]'],
  ])('in bytes that never become a head is redacted: %s', async (_, odd, redacted) => {
    const { channels, inner, tape } = await record();
    await channels[0]?.write([Buffer.from('GET /a HTTP/1.1\r\n\r\n')]);
    inner[0]?.read(odd);
    inner[0]?.owner.onError(new Error('reset'));
    expect(shown(tape()).slice(1)).toEqual([`received 1 ${redacted}`, 'over 1 reset']);
  });

  it.each(['/v1.41/auth%3f', '/auth;x=1', '/auth%00', '/v1.41/AUTH', '/v1.41/%20auth'])('in a request that looks like a login to %s is replaced', async (path) => {
    const { channels, inner, tape } = await record();
    await channels[0]?.write([Buffer.from(`POST ${path} HTTP/1.1\r\nContent-Length: 22\r\n\r\n{"password":"hunter2"}`)]);
    inner[0]?.read(answer);
    expect(text(tape())).not.toMatch(/hun/);
  });

  it.each(['/v1.41/%61uth', '/v1.41//auth', '/auth/', '/v1.41/x/../auth?y', '/%2e/%61%75%74%68'])('in a login to %s is replaced', async (path) => {
    const { channels, inner, tape } = await record();
    await channels[0]?.write([Buffer.from(`POST ${path} HTTP/1.1\r\nContent-Length: 22\r\n\r\n{"password":"hunter2"}`)]);
    inner[0]?.read(answer);
    expect(text(tape())).not.toMatch(/hun/);
    expect(text(tape())).toContain('"Status":"Good"');
  });

  // what is wrong with it | the answer to a login
  it.each([
    ['JSON that breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n{"IdentityToken":"hunter2"'],
    ['no JSON', 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nhunter2'],
    ['another member', 'HTTP/1.1 200 OK\r\nContent-Length: 44\r\n\r\n{"Status":"Good","x":{"y":["a","hunter2\\n"]}}'],
    ['a name with an escape', 'HTTP/1.1 200 OK\r\nContent-Length: 34\r\n\r\n{"Identity\\u0054oken" : "hunter2"}'],
    ['no end', 'HTTP/1.1 200 OK\r\n\r\n{"IdentityToken":"hunter2"}'],
    ['half a head', 'HTTP/1.1 200 OK\r\nhunter2'],
  ])('in the response to a login is replaced by as many bytes: %s', async (_, odd) => {
    const { channels, inner, tape } = await record();
    await channels[0]?.write([Buffer.from('POST /auth HTTP/1.1\r\nContent-Length: 0\r\n\r\n')]);
    inner[0]?.read(odd);
    expect(text(tape())).not.toMatch(/hunter2/);
    inner[0]?.owner.onEnd();
    const received = shown(tape()).filter((line) => line.startsWith('received')).map((line) => line.replace('received 1 ', ''));
    expect(received.join('')).toHaveLength(odd.length);
    expect(text(tape())).not.toMatch(/hunter2/);
  });

  it.each([
    ['a field without a colon', 'HTTP/1.1 200 OK\r\nhunter2\r\n\r\n'],
    ['a folded field', 'HTTP/1.1 200 OK\r\nSet-Cookie: a\r\n hunter2\r\n\r\n'],
    ['a status line without a status', 'HTTP/1.1 hunter2\r\n\r\n'],
    ['a wrong chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhunter2\r\n'],
    ['an upgrade that was not asked for', 'HTTP/1.1 101 UPGRADED\r\nX: hunter2\r\n\r\n'],
  ])('could be anywhere in a response with %s, so no tape is made', async (_, odd) => {
    const { channels, inner, heard, tape, notes } = await record();
    await channels[0]?.write([Buffer.from('GET /a HTTP/1.1\r\n\r\n')]);
    inner[0]?.read(odd);
    expect(heard[0]?.join('')).toBe(odd);
    expect(() => tape()).toThrow(/^the engine sent bytes that are not an HTTP\/1\.1 response: [^2]*$/);
    expect(notes).toHaveLength(2);
  });

  it('in a chunked response to a login cannot be found, so no tape is made', async () => {
    const { channels, inner, tape } = await record();
    await channels[0]?.write([Buffer.from('POST /auth HTTP/1.1\r\nContent-Length: 0\r\n\r\n')]);
    inner[0]?.read('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    expect(() => tape()).toThrow('chunked');
  });
});
