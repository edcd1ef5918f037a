import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { ArgumentError, BadRequestError, TruncatedError } from '../../src/errors.ts';
import type { Channel } from '../../src/connection/channel.ts';
import { ImageClient } from '../../src/index.ts';
import { replayDialer } from '../../src/testing/replay-dialer.ts';
import type { ReplayDialerOptions } from '../../src/testing/replay-dialer.ts';
import type { Tape, TapeRecord } from '../../src/testing/tape.ts';

const header = { engine: 'Docker', version: '20.10.24', command: 'a test', date: '2026-01-31' };

/** A tape in short: `> 1 text`, `< 1 text`, `= 1 eof`. */
function tapeOf(...lines: string[]): Tape {
  const records = lines.map((line): TapeRecord => {
    const [, kind, number, text = ''] = /^(.) (\d) (.*)$/s.exec(line) ?? [];
    const connection = Number(number);
    if (kind === '=') return { type: 'over', connection, how: text as 'eof' | 'reset' };
    return { type: kind === '>' ? 'sent' : 'received', connection, bytes: Buffer.from(text, 'latin1') };
  });
  return { header, records };
}

const get = (target: string, fields = ''): string => `GET ${target} HTTP/1.1\r\n${fields}\r\n`;
const post = (target: string, body: string): string =>
  `POST ${target} HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** A client of a channel: what it received, and a promise that resolves when it has received enough. */
async function connect(dialer: ReturnType<typeof replayDialer>, memoryBytes = 65536) {
  const channel: Channel = await dialer.dial({});
  const reads: string[] = [];
  let accept = true;
  let wake = (): void => {};
  const memory = Buffer.alloc(memoryBytes);
  const hear = (text: string): boolean => {
    reads.push(text);
    wake();
    return accept;
  };
  channel.owner = {
    memory: () => memory,
    onData(bytes) {
      if (bytes.buffer !== memory.buffer) throw new Error('a read elsewhere than in the memory given');
      return hear(Buffer.from(bytes).toString('latin1'));
    },
    onEnd: () => void hear('(eof)'),
    onError: ({ message }) => void hear(`(broken: ${message})`),
  };
  return {
    channel,
    reads,
    send: (text: string) => channel.write([Buffer.from(text, 'latin1')]),
    pauseAfterEachRead: () => (accept = false),
    /** Resolves when that many bytes have been read. */
    async heard(length: number): Promise<string> {
      while (reads.join('').length < length) await new Promise<void>((resolve) => (wake = resolve));
      return reads.join('');
    },
  };
}

/** Waits enough turns of the event loop for everything to happen. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a request', () => {
  it.each([
    ['the same', post('/a', 'body')],
    ['in chunks', 'POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n3\r\nody\r\n0\r\n\r\n'],
    ['with other header fields', post('/a', 'body').replace('\r\n', '\r\nUser-Agent: me\r\nX-Registry-Auth: e30=\r\n')],
  ])('is answered when it is %s', async (_what, request) => {
    const dialer = replayDialer(tapeOf(`> 1 ${post('/a', 'body')}`, '< 1 answer'));
    const client = await connect(dialer);
    await client.send(request);
    expect(await client.heard(6)).toBe('answer');
    expect(dialer.remaining()).toEqual([]);
  });

  it.each([
    ['another method', post('/a', 'body').replace('POST', 'PUT')],
    ['another target', post('/b', 'body')],
    ['another query', post('/a?b=c', 'body')],
    ['another body', post('/a', 'bodY')],
    ['a shorter body', post('/a', 'bod')],
    ['a longer body', post('/a', 'body!')],
    ['no body', post('/a', '')],
    ['bytes that are not HTTP', 'hello\r\n\r\n'],
  ])('with %s breaks the channel', async (_what, request) => {
    const dialer = replayDialer(tapeOf(`> 1 ${post('/a', 'body')}`, '< 1 answer'));
    const client = await connect(dialer);
    await client.send(request);
    expect(await client.heard(8)).toMatch(/^\(broken: /);
    expect(dialer.remaining()).toEqual([{ method: 'POST', target: '/a' }]);
  });

  it('without a match breaks with an error that names it and what was expected', async () => {
    const client = await connect(replayDialer(tapeOf(`> 1 ${post('/a', 'body\0')}`, '< 1 answer')));
    await client.send(get('/b'));
    expect(await client.heard(8)).toBe(
      '(broken: the tape has no response to GET /b; it expects POST /a with content "body\\x00" (5 bytes))',
    );
    const late = await connect(replayDialer(tapeOf()));
    await late.send(get('/b'));
    expect(await late.heard(8)).toBe('(broken: the tape has no response to GET /b; it expects nothing more)');
  });

  it('that matches nothing rejects the call of the client, with the mismatch as its cause', async () => {
    const dialer = replayDialer(tapeOf(`> 1 ${get('/x')}`, '< 1 y'));
    await using docker = new ImageClient({ dialer, version: '1.41' });
    const error = await docker.images().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TruncatedError);
    expect((error as TruncatedError).cause).toMatchObject({
      message: 'the tape has no response to GET /v1.41/images/json; it expects GET /x',
    });
  });

  it('gets its response when it is complete, however it is split', async () => {
    const client = await connect(replayDialer(tapeOf(`> 1 ${post('/a', 'body')}`, '< 1 answer')));
    for (const character of post('/a', 'body')) {
      await quiet();
      expect(client.reads).toEqual([]);
      await client.send(character);
    }
    expect(await client.heard(6)).toBe('answer');
  });

  it('of a login matches with any content, because the tape does not contain it', async () => {
    const dialer = replayDialer(tapeOf(`> 1 ${post('/v1.41/auth', 'xxxxxxxx')}`, '< 1 answer'));
    const client = await connect(dialer);
    await client.send(post('/v1.41/auth', '{"password":"other"}'));
    expect(await client.heard(6)).toBe('answer');
  });
});

describe('the order', () => {
  const two = tapeOf(`> 1 ${get('/a')}`, '< 1 first', `> 1 ${get('/b')}`, '< 1 second');

  it('is that of the tape, over any connections', async () => {
    const dialer = replayDialer(two);
    const [one, other] = [await connect(dialer), await connect(dialer)];
    await one.send(get('/a'));
    await other.send(get('/b'));
    expect(await one.heard(5)).toBe('first');
    expect(await other.heard(6)).toBe('second');
  });

  it('is kept: the second request is not answered before the first', async () => {
    const client = await connect(replayDialer(two));
    await client.send(get('/b'));
    expect(await client.heard(8)).toContain('no response to GET /b; it expects GET /a)');
  });

  it('may be any with the option', async () => {
    const dialer = replayDialer(two, { order: 'any' });
    const client = await connect(dialer);
    await client.send(get('/b'));
    expect(await client.heard(6)).toBe('second');
    expect(dialer.remaining()).toEqual([{ method: 'GET', target: '/a' }]);
    await client.send(get('/b'));
    expect(await client.heard(14)).toContain('it expects GET /a)');
  });

  it('of equal requests is that of the tape, and each answer is given once', async () => {
    const tape = tapeOf(`> 1 ${get('/a')}`, '< 1 1', `> 1 ${get('/b')}`, '< 1 2', `> 2 ${get('/a')}`, '< 2 3');
    const client = await connect(replayDialer(tape, { order: 'any' }));
    await client.send(get('/a') + get('/a') + get('/b'));
    expect(await client.heard(3)).toBe('132');
  });
});

describe('an answer', () => {
  const long = Array.from({ length: 3000 }, (_, index) => String.fromCharCode(32 + (index % 95))).join('');
  const play = async (options: ReplayDialerOptions, memoryBytes?: number): Promise<string[]> => {
    const client = await connect(replayDialer(tapeOf(`> 1 ${get('/a')}`, `< 1 ${long}`), options), memoryBytes);
    await client.send(get('/a'));
    expect(await client.heard(long.length)).toBe(long);
    return client.reads;
  };

  it('comes in one piece', async () => {
    expect(await play({ pieces: 'whole' })).toHaveLength(1);
    expect(await play({})).toHaveLength(1);
  });

  it('comes byte by byte', async () => {
    expect(await play({ pieces: 'bytes' })).toHaveLength(3000);
  });

  it('comes in pieces that a seed chooses, always the same ones', async () => {
    const [seven, again, eight] = [await play({ pieces: 7 }), await play({ pieces: 7 }), await play({ pieces: 8 })];
    expect(seven.length).toBeGreaterThan(2);
    expect(again).toEqual(seven);
    expect(eight).not.toEqual(seven);
  });

  it.each([['whole'], ['bytes'], [1]] as const)('never comes in a piece larger than the memory (%s)', async (pieces) => {
    const reads = await play({ pieces }, 100);
    expect(Math.max(...reads.map((read) => read.length))).toBeLessThanOrEqual(100);
  });

  it('waits while the channel is paused', async () => {
    const client = await connect(replayDialer(tapeOf(`> 1 ${get('/a')}`, '< 1 abc', '= 1 eof'), { pieces: 'bytes' }));
    client.pauseAfterEachRead();
    await client.send(get('/a'));
    await client.heard(1);
    await quiet();
    expect(client.reads).toEqual(['a']);
    client.channel.resume();
    await client.heard(2);
    client.channel.resume();
    await client.heard(3);
    await quiet();
    expect(client.reads).toEqual(['a', 'b', 'c']); // not even the end is reported
    client.channel.resume();
    expect(await client.heard(8)).toBe('abc(eof)');
  });

  it('never comes before the write has returned', async () => {
    const client = await connect(replayDialer(tapeOf(`> 1 ${get('/a')}`, '< 1 abc')));
    const written = client.send(get('/a'));
    expect(client.reads).toEqual([]);
    await written;
    expect(client.reads).toEqual([]);
  });

  it('is not passed to an owner that has destroyed the channel', async () => {
    const client = await connect(replayDialer(tapeOf(`> 1 ${get('/a')}`, '< 1 abc', '= 1 eof'), { pieces: 'bytes' }));
    await client.send(get('/a'));
    await client.heard(1);
    client.channel.destroy();
    await client.send(get('/b'));
    await quiet();
    expect(client.reads).toEqual(['a']);
  });

  it.each([
    ['eof', '(eof)'],
    ['reset', '(broken: the recorded connection was reset)'],
  ])('is followed by the end that was recorded (%s)', async (how, told) => {
    const client = await connect(replayDialer(tapeOf(`> 1 ${get('/a')}`, '< 1 abc', `= 1 ${how}`)));
    await client.send(get('/a'));
    expect(await client.heard(4)).toBe(`abc${told}`);
  });

  it('may be missing, and then nothing happens', async () => {
    const dialer = replayDialer(tapeOf(`> 1 ${get('/a')}`));
    const client = await connect(dialer);
    await client.send(get('/a'));
    await quiet();
    expect(client.reads).toEqual([]);
    expect(dialer.remaining()).toEqual([]);
  });

  it('may be only an end', async () => {
    const client = await connect(replayDialer(tapeOf(`> 1 ${get('/a')}`, '= 1 reset')));
    await client.send(get('/a'));
    expect(await client.heard(1)).toContain('(broken');
  });
});

describe('a client that waits for "100 Continue" before its content', () => {
  const head = 'POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n';
  const proceed = 'HTTP/1.1 100 Continue\r\n\r\n';

  it('gets it once, however the content is split', async () => {
    const client = await connect(replayDialer(tapeOf(`> 1 ${post('/a', 'body')}`, '< 1 answer')));
    for (const piece of [head, 'bo', 'd', 'y']) await client.send(piece);
    expect(await client.heard(proceed.length + 6)).toBe(`${proceed}answer`);
  });

  it('gets a response instead if the engine did not want the content', async () => {
    const client = await connect(replayDialer(tapeOf(`> 1 ${head}`, '< 1 refused')));
    await client.send(head);
    expect(await client.heard(7)).toBe('refused');
  });
});

describe('a response that came before the request was complete', () => {
  const refusal = 'HTTP/1.1 400 Bad Request\r\nContent-Length: 17\r\nConnection: close\r\n\r\n{"message":"bad"}';
  const begun = 'POST /a HTTP/1.1\r\nContent-Length: 1000\r\n\r\nbegin';
  const tape = tapeOf(`> 1 ${begun}`, `< 1 ${refusal}`, '= 1 reset');

  it('comes when as many bytes have been sent as were recorded', async () => {
    const client = await connect(replayDialer(tape));
    await client.send(begun.slice(0, -1));
    await quiet();
    expect(client.reads).toEqual([]);
    await client.send('n');
    expect(await client.heard(refusal.length + 1)).toContain('(broken: the recorded connection was reset');
    await client.send('more of it'); // and is accepted
  });

  it('comes to a longer upload with the same beginning, in other chunks', async () => {
    const client = await connect(replayDialer(tape));
    await client.send('POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n11\r\nbeginning of more\r\n');
    expect(await client.heard(refusal.length)).toContain(refusal);
  });

  it.each([
    ['begins otherwise', post('/a', 'other')],
    ['ends before', post('/a', 'beg')],
  ])('does not come to an upload that %s', async (_what, request) => {
    const client = await connect(replayDialer(tape));
    await client.send(request);
    expect(await client.heard(8)).toContain('it expects POST /a with content "begin" (5 bytes or more)');
  });

  it('reaches the caller, although the upload is not finished', async () => {
    const target = '/v1.41/images/create?fromSrc=-';
    const early = `POST ${target} HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n${'x'.repeat(10)}`;
    const dialer = replayDialer(tapeOf(`> 1 ${early}`, `< 1 ${refusal}`, '= 1 reset'));
    await using docker = new ImageClient({ dialer, version: '1.41' });
    let given = 0;
    async function* upload(): AsyncGenerator<Uint8Array> {
      for (; given < 5000; given++) yield Buffer.alloc(1000, 'x');
    }
    await expect(docker.importImage(upload())).rejects.toThrow(BadRequestError);
    expect(given).toBeLessThan(5000);
  });

  it('is one exchange with the rest of the request', () => {
    const late = tapeOf(`> 1 ${begun}`, '< 1 HTTP/1.1 400 ', '> 1 more', '< 1 Bad Request');
    expect(replayDialer(late).remaining()).toHaveLength(1);
  });
});

describe('replayDialer', () => {
  it('has an address with the engine of the tape', () => {
    expect(replayDialer(tapeOf()).address).toBe('tape://Docker-20.10.24');
  });

  it('does not dial when the signal is aborted', async () => {
    const reason = new Error('no more');
    await expect(replayDialer(tapeOf()).dial({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('refuses a tape with an answer before a request', () => {
    expect(() => replayDialer(tapeOf('< 1 HTTP/1.1 200 OK\r\n\r\n'))).toThrow(ArgumentError);
  });

  it('rejects a tape whose requests are not HTTP requests', () => {
    expect(() => replayDialer(tapeOf('> 1 hello\r\n\r\n'))).toThrow(ArgumentError);
  });

  it('ignores a connection that ended before the first request', () => {
    expect(replayDialer(tapeOf('= 1 eof')).remaining()).toEqual([]);
  });

  it.each([{ pieces: 'byte' }, { pieces: 0.5 }, { order: 'strict' }])('refuses %o', (options) => {
    expect(() => replayDialer(tapeOf(), options as ReplayDialerOptions)).toThrow(ArgumentError);
  });
});
