// A daemon that answers every request correctly until the test makes it stop at one of them, and that counts open connections.
// For tests that end calls in the middle.

import type { Socket } from 'node:net';
import { fakeDaemon } from './fake-daemon.ts';
import type { FakeDaemon } from './fake-daemon.ts';

/** Where it stops sending: at a request, by its number from 0; `undefined`: nowhere. */
export interface Silence {
  /** Counted from when the silence is set. */
  readonly request: number;
  /** After the head of the request; in the middle of the response; or while the content is still being sent. */
  readonly where: 'before the answer' | 'in the middle of the answer' | 'while reading the request';
  /** The response that is sent up to its middle, in place of the right one. */
  readonly answer?: string;
}

export interface ObedientDaemon {
  readonly host: string;
  readonly daemon: FakeDaemon;
  /** The first lines of all requests since the last `fallSilent`. */
  readonly requests: readonly string[];
  /** Connections that neither side has ended. */
  open(): number;
  fallSilent(silence: Silence | undefined): void;
  /** Resolves when it has fallen silent, with the connection. */
  silent(): Promise<Socket>;
  close(): Promise<void>;
}

const ID = `sha256:${'1'.repeat(64)}`;
/** An image from an index: its config is for another platform than a pull may request, and every engine pulled the right one. */
const INDEX = { mediaType: 'application/vnd.oci.image.index.v1+json', digest: ID, size: 1 };
const IMAGE = { Id: ID, Os: 'linux', Architecture: 'amd64', Descriptor: INDEX, RepoTags: ['a:latest'], RepoDigests: [] };
const lines = (...values: object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');

/** An archive that is whole: one empty entry and the end-of-archive blocks. */
export const TAR: Buffer = tar();
function tar(): Buffer {
  const block = Buffer.alloc(512);
  block.write('empty\0', 0);
  block.write('0000644\0' + '0000000\0' + '0000000\0' + '00000000000\0' + '00000000000\0', 100);
  block.write('        0', 148);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([block, Buffer.alloc(1024)]);
}

/** A placeholder for the archive. */
const SAVED = 'saved';

/** The responses, by method and path; the first match counts. */
const answers: ReadonlyArray<readonly [request: RegExp, body: string, status?: string]> = [
  [/^GET \S+\/version$/, '{"Version":"29.0.0","ApiVersion":"1.55","MinAPIVersion":"1.44"}'],
  [/^GET \S+\/info$/, '{"SystemTime":"2026-01-01T00:00:00Z"}'],
  [/^POST \S+\/auth$/, '{"Status":"Login Succeeded","IdentityToken":""}'],
  [/^GET \S+\/system\/df/, '{"LayersSize":0,"Images":[]}'],
  [/^GET \S+\/images\/json/, '[]'],
  [/^GET \S+\/images\/get/, SAVED],
  [/^GET \S+\/images\/search/, '[{"name":"a","description":"","star_count":1,"is_official":true}]'],
  [/^GET \S+\/images\/\S+\/(history|attestations)/, '[]'],
  [/^GET \S+\/images\/\S+\/json/, JSON.stringify(IMAGE)],
  [/^GET \S+\/distribution\//, JSON.stringify({ Descriptor: { digest: ID }, Platforms: [] })],
  [/^GET \S+\/events/, lines({ Type: 'image', Action: 'tag', Actor: { ID, Attributes: {} }, time: 1, timeNano: 1e9 })],
  [/^POST \S+\/images\/\S+\/tag/, '', '201 Created'],
  [/^POST \S+\/images\/\S+\/push/, lines({ status: 'x' }, { status: `latest: digest: ${ID} size: 528` })],
  [/^POST \S+\/images\/prune/, '{"ImagesDeleted":[],"SpaceReclaimed":0}'],
  [/^POST \S+\/images\/load/, lines({ stream: 'Loading' }, { stream: 'Loaded image: a:latest\n' })],
  [/^POST \S+\/images\/create\?\S*fromSrc/, lines({ status: 'Importing' }, { status: ID })],
  [
    /^POST \S+\/images\/create/,
    lines({ status: 'x' }, { status: `Digest: ${ID}` }, { status: 'Status: Image is up to date for a' }),
  ],
  [/^DELETE /, '[{"Deleted":"sha256:1"}]'],
  [/^\S+ \S+\/x$/, 'anything'],
];

/** Starts a daemon. `fields` are added to ping responses and identify the engine; `archive` is the response to a save. */
export async function obedientDaemon(fields = 'Api-Version: 1.55\r\n', archive = TAR): Promise<ObedientDaemon> {
  let silence: Silence | undefined;
  let requests: string[] = [];
  let told: (socket: Socket) => void = () => {};
  let silent = new Promise<Socket>(() => {});
  const ended = new WeakSet<Socket>();

  function responseOf(first: string): string {
    const ping = `HTTP/1.1 200 OK\r\n${fields}Content-Length: 2\r\n\r\n`;
    if (/^\S+ \/_ping$/.test(first)) return first.startsWith('HEAD') ? ping : `${ping}OK`;
    const [, answer = '', status = '200 OK'] = answers.find(([request]) => request.test(first)) ?? [];
    const body = answer === SAVED ? archive.toString('latin1') : answer;
    return `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  }

  function serve(socket: Socket): void {
    socket.on('end', () => void ended.add(socket)).on('close', () => void ended.add(socket));
    let rest = '';
    socket.on('data', (data) => {
      rest += data.toString('latin1');
      for (let first; (first = /^([A-Z]+ \S+) HTTP\/1\.1\r\n/.exec(rest)?.[1]) !== undefined; ) {
        const headEnd = rest.indexOf('\r\n\r\n') + 4;
        if (headEnd === 3) return;
        const isHere = silence?.request === requests.length;
        if (isHere && silence?.where === 'while reading the request') {
          requests.push(first);
          socket.pause();
          return told(socket);
        }
        const end = requestEnd(rest, headEnd);
        if (end === undefined) return;
        rest = rest.slice(end);
        requests.push(first);
        if (!isHere) {
          socket.write(responseOf(first), 'latin1');
          continue;
        }
        if (silence?.where === 'in the middle of the answer') {
          const whole = silence.answer ?? responseOf(first);
          const headEnd = whole.indexOf('\r\n\r\n') + 4;
          const from = headEnd === whole.length ? 0 : headEnd; // without content, the middle of the head
          socket.write(whole.slice(0, Math.ceil((from + whole.length) / 2)), 'latin1');
        }
        told(socket);
      }
    });
  }

  const daemon = await fakeDaemon(serve);
  return {
    host: daemon.host,
    daemon,
    get requests() {
      return requests;
    },
    open: () => daemon.sockets.filter((socket) => !ended.has(socket)).length,
    fallSilent(next) {
      silence = next;
      requests = [];
      silent = new Promise((resolve) => (told = resolve));
    },
    silent: () => silent,
    close: () => daemon.close(),
  };
}

/** Where a request ends, or undefined while it has not. */
function requestEnd(text: string, headEnd: number): number | undefined {
  const head = text.slice(0, headEnd);
  if (/^transfer-encoding: chunked\r$/im.test(head)) {
    const last = text.indexOf('0\r\n\r\n', headEnd);
    return last === -1 ? undefined : last + 5;
  }
  const end = headEnd + Number(/^content-length: (\d+)\r$/im.exec(head)?.[1] ?? 0);
  return text.length < end ? undefined : end;
}
