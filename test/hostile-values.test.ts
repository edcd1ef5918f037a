// Values that a program passes on from its users: names, tags, filters, terms, messages, paths, headers, credentials. Each hostile
// value is passed in each place, and a raw server keeps what it receives. It must receive nothing, or exactly one request whose
// head has only the characters of the grammar, and contains the value as an independent decoder reads it.
//
// A line end in one of them would start a second request (CVE-2018-12116). "../" would reach another endpoint: `docker image rm
// ../containers/db` removes a container (docker 28.2).

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ArgumentError, ImageClient, LongshoreError } from '../src/index.ts';
import { answer, fakeDaemon, onRequest } from './support/fake-daemon.ts';
import type { FakeDaemon } from './support/fake-daemon.ts';
import { wireNames } from './support/wires.ts';
import type { WireName } from './support/wires.ts';

const values: Readonly<Record<string, string>> = {
  'a line end and a field': 'a\r\nX-Evil: 1',
  'a line end and a request': 'a HTTP/1.1\r\n\r\nDELETE /containers/db HTTP/1.1\r\n\r\n',
  'a bare LF': 'a\nb',
  'a bare CR': 'a\rb',
  'a NUL': 'a\0b',
  'a way out': '../containers/db',
  'a way out, encoded': '%2e%2e%2fcontainers%2fdb',
  'a way out, with a backslash': '..\\containers\\db',
  'a query': 'a?force=1&all=1',
  'a fragment': 'a#b',
  'a space': 'a b',
  'a plus and a percent sign': 'a+b%20%zz',
  '64 KiB': 'a'.repeat(65536),
  'a lone surrogate': 'a\ud800b',
  'a surrogate the wrong way round': 'a\udc00\ud800b',
  'another direction': 'a\u202eb',
  'what every object has': '__proto__',
  'nothing': '',
};

/** The place of a value in a call, and its place in the request: a query key, a header, or JSON in one of these. */
interface Place {
  readonly call: (client: ImageClient, value: string) => PromiseLike<unknown>;
  readonly found?: (request: Received) => unknown;
}
/** Places that accept every text that UTF-8 can encode: search terms, messages, passwords. */
const FREE = ['a term to search for', 'a filter of images', 'a message', 'a password', 'a query of a request'];
interface Received {
  readonly target: URL;
  readonly fields: ReadonlyMap<string, string>;
}
const query = (key: string) => ({ target }: Received) => target.searchParams.get(key);
const filter = (key: string) => ({ target }: Received) => {
  const filters = new Map(Object.entries(JSON.parse(target.searchParams.get('filters') ?? '{}') as Record<string, string[]>));
  return filters.get(key)?.[0];
};
const authority = (key: string) => ({ fields }: Received) =>
  (JSON.parse(Buffer.from(fields.get('x-registry-auth') ?? '', 'base64url').toString()) as Record<string, unknown>)[key];

const places: Readonly<Record<string, Place>> = {
  'an image to be looked at': { call: (c, value) => c.inspectImage(value) },
  'an image whose history is asked': { call: (c, value) => c.history(value) },
  'an image to be removed': { call: (c, value) => c.removeImage(value, { force: true }) },
  'an image to be tagged': { call: (c, value) => c.tag(value, 'a') },
  'an image to be saved': { call: (c, value) => c.getImage(value).each(() => {}) },
  'one of several images to be saved': { call: (c, value) => c.getImage(['a', value]).each(() => {}) },
  'a new name': { call: (c, value) => c.tag('a', value) },
  'a new tag': { call: (c, value) => c.tag('a', 'b', { tag: value }), found: query('tag') },
  'a reference to be pulled': { call: (c, value) => c.pull(value) },
  'a tag to be pulled': { call: (c, value) => c.pull('a', { tag: value }), found: query('tag') },
  'a reference to be pushed': { call: (c, value) => c.push(value) },
  'a reference to be looked up': { call: (c, value) => c.inspectDistribution(value) },
  'a repository to import into': { call: (c, value) => c.importImageFromData(Buffer.of(1), { repository: value }) },
  'a platform': { call: (c, value) => c.pull('a', { platform: value }), found: query('platform') },
  'a term to search for': { call: (c, value) => c.search(value), found: query('term') },
  'a filter of images': { call: (c, value) => c.images({ filters: { reference: value } }), found: filter('reference') },
  'the name of a filter': { call: (c, value) => c.images({ filters: { [value]: 'x' } }) },
  'a filter of what is pruned': { call: (c, value) => c.pruneImages({ filters: { label: value } }), found: filter('label') },
  'a message': { call: (c, message) => c.importImageFromData(Buffer.of(1), { message }), found: query('message') },
  'a change': { call: (c, value) => c.importImageFromData(Buffer.of(1), { changes: [value] }), found: query('changes') },
  'a URL to import from': {
    call: (c, value) => c.importImageFromUrl(`http://h/${value}`),
    found: ({ target }) => target.searchParams.get('fromSrc')?.slice('http://h/'.length),
  },
  'a user': {
    call: (c, username) => c.push('h.example/a', { credentials: { username, password: 'p' } }),
    found: authority('username'),
  },
  'a password': {
    call: (c, password) => c.push('h.example/a', { credentials: { username: 'u', password } }),
    found: authority('password'),
  },
  'a path of a request': { call: async (c, value) => (await c.request({ path: `/${value}` })).body.next() },
  'a query of a request': {
    call: async (c, value) => (await c.request({ path: '/x', query: { q: value } })).body.next(),
    found: query('q'),
  },
  'a method of a request': { call: (c, value) => c.request({ method: value, path: '/x' }) },
  'a header of a request': {
    call: async (c, value) => (await c.request({ path: '/x', headers: { 'X-Given': value } })).body.next(),
    found: ({ fields }) => fields.get('x-given'),
  },
  'the name of a header': {
    call: async (c, value) => (await c.request({ path: '/x', headers: { [value]: 'x' } })).body.next(),
  },
};

const ping = 'HTTP/1.1 200 OK\r\nApi-Version: 1.55\r\n\r\n';
let daemon: FakeDaemon;
const requests: string[] = [];
beforeAll(async () => {
  daemon = await fakeDaemon((socket) =>
    onRequest(socket, (head) => {
      if (head.startsWith('HEAD /_ping')) return void socket.write(ping);
      requests.push(head);
      socket.end(answer('{}', 'Connection: close\r\n', '418 No'));
    }),
  );
});
afterAll(() => daemon.close());
afterEach(() => void requests.splice(0));

/** A head, parsed without the library. */
function read(head: string): Received {
  expect(head).toMatch(/^[A-Z]+ \/v1\.55\/[!"$-~]* HTTP\/1\.1\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t -~]*\r\n)+\r\n$/);
  const [line = '', ...lines] = head.trimEnd().split('\r\n');
  const pairs = lines.map((field) => /^([^:]+): (.*)$/.exec(field) ?? []);
  const fields = new Map(pairs.map(([, name = '', text = '']) => [name.toLowerCase(), text]));
  return { target: new URL(`http://docker${line.split(' ')[1]}`), fields };
}

async function outcome(wire: WireName, { call }: Place, value: string): Promise<unknown> {
  const client = new ImageClient({ host: daemon.host, version: '1.55', wire });
  try {
    return await (async () => call(client, value))().then(
      () => undefined,
      (error: unknown) => error,
    );
  } finally {
    client.close();
  }
}

describe.each(wireNames)('over the wire %s', (wire) => {
  describe.each(Object.entries(places))('%s', (where, place) => {
    // covers: fault 3.16
    it.each(Object.entries(values))('sends nothing, or one request with exactly that value: %s', async (what, value) => {
      const error = await outcome(wire, place, value);
      if (error !== undefined) expect(error).toBeInstanceOf(LongshoreError);
      if (FREE.includes(where) && value !== '') expect(error instanceof ArgumentError).toBe(what.includes('surrogate'));
      if (error instanceof ArgumentError) return void expect(requests).toEqual([]);
      expect(requests).toHaveLength(1);
      const received = read(requests[0] ?? '');
      expect(received.target.pathname).not.toMatch(/containers/);
      expect(received.fields.has('x-evil')).toBe(false);
      if (place.found !== undefined) expect(place.found(received) ?? '').toBe(value);
    });
  });
});
