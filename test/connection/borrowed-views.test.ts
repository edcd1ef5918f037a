import { describe, expect, it } from 'vitest';
import { NotFoundError } from '../../src/errors.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import { packTar } from '../../src/tar/pack.ts';
import { MemoryChannel } from '../support/memory-channel.ts';

/** Responds to one request, and overwrites the memory of each read as soon as the reader must not use it any more. */
class ForgetfulChannel extends MemoryChannel {
  readonly #answer: Buffer;
  readonly #size: number;
  #lent: Uint8Array | undefined;
  #resumed: (() => void) | undefined;

  constructor(answer: Buffer, size: number) {
    super();
    this.#answer = answer;
    this.#size = size;
  }

  override async write(blocks: readonly Uint8Array[]): Promise<void> {
    const isFirst = this.written.length === 0;
    await super.write(blocks);
    if (isFirst) setImmediate(() => void this.#play());
  }

  override read(data: Uint8Array): boolean {
    const memory = this.owner.memory().subarray(0, data.length);
    memory.set(data);
    const goesOn = this.owner.onData(memory);
    if (goesOn) memory.fill(0x21);
    else this.#lent = memory;
    return goesOn;
  }

  override resume(): void {
    this.#lent?.fill(0x21);
    setImmediate(() => this.#resumed?.());
  }

  async #play(): Promise<void> {
    for (let at = 0; at < this.#answer.length; at += this.#size) {
      if (this.read(this.#answer.subarray(at, at + this.#size))) continue;
      await new Promise<void>((resolve) => {
        this.#resumed = resolve;
      });
    }
  }
}

function chunked(content: Uint8Array, size: number): Buffer {
  const parts: Uint8Array[] = [Buffer.from('HTTP/1.1 200 OK\r\nX-Kept: as it came\r\nTransfer-Encoding: chunked\r\n\r\n')];
  for (let at = 0; at < content.length; at += size) {
    const chunk = content.subarray(at, at + size);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const found: Uint8Array[] = [];
  for await (const chunk of chunks) {
    found.push(chunk);
    await new Promise((resolve) => setImmediate(resolve)); // the borrowed memory is overwritten meanwhile
  }
  return Buffer.concat(found).toString('latin1');
}

const image = { Id: `sha256:${'4'.repeat(64)}`, RepoTags: ['a:1'], RepoDigests: [], Comment: 'é€😀'.repeat(300) };
const layers = Array.from({ length: 400 }, (_, at) => ({ id: `layer${at}`, status: at % 9 === 0 ? 'é' : 'x', progressDetail: {} }));
/** A load, with the line that says that it finished. */
const lines = `${layers.map((layer) => `${JSON.stringify(layer)}\r\n`).join('')}{"stream":"Loaded image: a:1\\n"}\r\n`;
const archive: Uint8Array[] = [];
for await (const block of packTar({ 'manifest.json': '[]', layer: Buffer.alloc(200_000, 'layer ') })) archive.push(block);
const tar = Buffer.concat(archive);

describe('values that a caller gets do not change when the read memory changes', () => {
  const sizes = [[7, 50], [1000, 999], [1000, 50_000], [65_536, 50], [65_536, 50_000]];
  const calls: Array<[string, content: Uint8Array, (client: ImageClient) => Promise<unknown>, expected: unknown]> = [
    ['an object', Buffer.from(JSON.stringify(image)), (client) => client.inspectImage('a'), image],
    ['a list', Buffer.from(JSON.stringify([image])), (client) => client.images(), [image]],
    [
      'events',
      Buffer.from(lines),
      async (client) => {
        const events: unknown[] = [];
        for await (const event of client.loadImage(Buffer.from('x'))) if (event.type === 'layer') events.push([event.id, event.status]);
        return events;
      },
      layers.map(({ id, status }) => [id, status]),
    ],
    ['undecoded progress', Buffer.from(lines), (client) => all(client.loadImage(Buffer.from('x')).bytes()), Buffer.from(lines).toString('latin1')],
    ['an archive', tar, (client) => all(client.getImage('a', { chunkSize: 3000 })), tar.toString('latin1')],
    [
      'an answer of any kind',
      tar,
      async (client) => {
        const { headers, body } = await client.request({ path: '/x' });
        return [await all(body), headers.get('x-kept')];
      },
      [tar.toString('latin1'), 'as it came'],
    ],
  ];
  for (const [name, content, call, expected] of calls) {
    it.each(sizes)(`${name}, in reads of %i bytes and chunks of %i`, async (read, chunk) => {
      const channel = new ForgetfulChannel(chunked(content, chunk ?? 1), read ?? 1);
      const client = new ImageClient({ dialer: { address: 'memory://', dial: async () => channel }, version: '1.41' });
      expect(await call(client)).toEqual(expected);
      client.close();
    });
  }

  it.each([1, 1000])('the words of an error, in reads of %i bytes', async (read) => {
    const body = '{"message":"No such image: a"}';
    const answer = Buffer.from(`HTTP/1.1 404 Not Found\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    const channel = new ForgetfulChannel(answer, read);
    const client = new ImageClient({ dialer: { address: 'memory://', dial: async () => channel }, version: '1.41' });
    const error = await client.inspectImage('a').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ daemonMessage: 'No such image: a' });
    client.close();
  });
});
