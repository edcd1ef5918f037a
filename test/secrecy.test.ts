// No error shows a secret. Credentials are in one header of one request, or in the content of a login. In these tests the
// engine sends everything that it received back, in every kind of failure, and the errors of all methods are searched.

import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { CallOptions, Credentials, RawResponse } from '../src/index.ts';
import { ImageClient } from '../src/client/image-client.ts';
import { ApiError, DecodeError, LongshoreError, ProtocolError } from '../src/errors.ts';
import { answer, fakeDaemon } from './support/fake-daemon.ts';
import type { FakeDaemon } from './support/fake-daemon.ts';
import { everythingOf, leaksIn, planted } from './support/planted.ts';
import { secretsShownBy } from './support/secret-watch.ts';

const login = { username: 'u', password: planted.password };
const tar = Buffer.from('tar');
const signedUrl = `https://u:${planted.urlPassword}@h.example/x?sig=${planted.urlSignature}`;
const basic = `Basic ${Buffer.from(`u:${planted.password}`).toString('base64')}`;
const changes = [`ENV TOKEN=${planted.environment}`, `ENV OLD ${planted.environment}`];

/** A call, whose result is read to its end. */
type Run = (client: ImageClient, options: CallOptions) => PromiseLike<unknown>;
interface Row {
  readonly method: string;
  readonly what: string;
  /** Whether the request itself contains a planted secret. */
  readonly sends: boolean;
  readonly run: Run;
}

const plain = (method: string, run: Run): Row => ({ method, what: method, sends: false, run });
const sending = (method: string, run: Run, what = method): Row => ({ method, what, sends: true, run });

const kinds: ReadonlyArray<readonly [string, Credentials]> = [
  ['a password', login],
  ['an identity token', { identityToken: planted.identityToken }],
  ['a registry token', { registryToken: planted.registryToken }],
];
type RunWith = (client: ImageClient, options: CallOptions & { credentials: Credentials }) => PromiseLike<unknown>;
const withCredentials = (method: string, run: RunWith): Row[] =>
  kinds.map(([kind, credentials]) => sending(method, (c, o) => run(c, { ...o, credentials }), `${method} with ${kind}`));

const rows: readonly Row[] = [
  plain('ping', (c, o) => c.ping(o)),
  plain('version', (c, o) => c.version(o)),
  plain('info', (c, o) => c.info(o)),
  plain('diskUsage', (c, o) => c.diskUsage(o)),
  plain('supports', (c) => c.supports('images.manifests')),
  plain('apiVersion', (c) => c.apiVersion()),
  plain('images', (c, o) => c.images(o)),
  plain('inspectImage', (c, o) => c.inspectImage('a', o)),
  plain('exists', (c, o) => c.exists('a', o)),
  plain('history', (c, o) => c.history('a', o)),
  plain('tag', (c, o) => c.tag('a', 'b', o)),
  plain('removeImage', (c, o) => c.removeImage('a', o)),
  plain('layers', (c, o) => c.layers(o)),
  plain('copyImage', (c, o) => c.copyImage('a', { ...o, to: new ImageClient({ host: 'unix:///nowhere.sock' }) })),
  plain('pruneImages', (c, o) => c.pruneImages(o)),
  plain('prunePlan', (c, o) => c.prunePlan(o)),
  plain('checkForUpdate', (c, o) => c.checkForUpdate('a', o)),
  plain('imageAttestations', (c, o) => c.imageAttestations('a', o)),
  plain('events', (c, { signal }) => all(c.events({ signal }))),
  plain('getImage', (c, o) => all(c.getImage('a', o))),
  plain('loadImage', (c, o) => c.loadImage(tar, o)),
  plain('importImageFromFile', (c, o) => c.importImageFromFile('/no/such/file', o)),
  sending('search', (c, o) => c.search('x', o), 'search with the client\'s password'),
  ...withCredentials('search', (c, o) => c.search('x', o)),
  ...withCredentials('inspectDistribution', (c, o) => c.inspectDistribution('a', o)),
  ...withCredentials('pull', (c, o) => c.pull('a', o)),
  ...withCredentials('push', (c, o) => all(c.push('a', o))),
  ...withCredentials('importImageFromImage', (c, o) => c.importImageFromImage('a', o)),
  ...withCredentials('checkAuth', (c, { credentials, ...o }) => c.checkAuth('r.example', credentials, o)),
  sending('importImage', (c, o) => c.importImage(signedUrl, o)),
  sending('importImageFromUrl', (c, o) => c.importImageFromUrl(signedUrl, o)),
  sending('importImageFromData', (c, o) => c.importImageFromData(tar, { ...o, changes })),
  sending('importImageFromStream', (c, o) => c.importImageFromStream(new Blob([tar]).stream(), { ...o, changes })),
  ...Object.entries({
    Authorization: basic,
    'X-Registry-Auth': Buffer.from(JSON.stringify(login)).toString('base64url'),
    'X-Registry-Config': Buffer.from(JSON.stringify({ 'r.example': login })).toString('base64'),
    Cookie: `session=${planted.sessionToken}`,
    'X-Api-Token': planted.sessionToken,
  }).map(([name, value]) =>
    sending('request', (c, o) => body(c.request({ ...o, path: '/x', headers: { [name]: value } })), `request with ${name}`),
  ),
  sending('request', (c, o) => body(c.request({ ...o, path: '/build', query: { remote: signedUrl } })), 'request with a URL'),
];

async function body(answer: Promise<RawResponse>): Promise<void> {
  await all((await answer).body);
}

async function all(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

/** Everything that an engine could quote of a request; the parts with secrets come first. */
interface Quoted {
  readonly texts: readonly string[];
  readonly whole: string;
}

function quote(request: string): Quoted {
  const [head = '', body = ''] = request.split('\r\n\r\n');
  const [start = '', ...fields] = head.split('\r\n');
  const values = fields.map((field) => field.slice(field.indexOf(': ') + 2)).slice(2);
  const decoded = values.map((value) => Buffer.from(value.split(' ').at(-1) ?? '', 'base64').toString());
  const objects = [...decoded, body].filter((text) => text.startsWith('{'));
  const secrets = objects.flatMap((text) => text.match(/(?<="(?:password|\w+token)":")(?:[^"\\]|\\.)*/g) ?? []);
  const unquoted = secrets.map((text) => String(JSON.parse(`"${text}"`)));
  const query = start.split(' ')[1]?.split('?')[1] ?? '';
  const pairs = [...new URLSearchParams(query)].map(([, value]) => value).filter((value) => !value.startsWith('https://'));
  const written = [...unquoted, ...pairs].flatMap(writingsOf).join(' | ');
  const texts = [...unquoted, ...secrets, ...values, ...decoded, query, ...pairs, body, head, written];
  return { texts, whole: texts.join(' | ') };
}

/** A text as Go, Python and others encode it in their own texts; see test/support/writings.ts. */
function writingsOf(text: string): string[] {
  const numbered = (pattern: RegExp, number: (code: number) => string): string =>
    text.replace(pattern, (character) => number(character.charCodeAt(0)));
  const unit = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;
  return [
    JSON.stringify(JSON.stringify(text)),
    numbered(/[<>&"\\\r\n]/g, unit),
    numbered(/[^ !#-[\]-~]/g, unit),
    numbered(/[<>&"']/g, (code) => `&#${code};`),
    numbered(/[^\w]/g, (code) => `&#x${code.toString(16)};`),
    encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase()),
    Buffer.from(text).toString('base64').replace(/.{12}/g, '$&\r\n'),
  ];
}

const BAD_GATEWAY = '502 Bad Gateway';
const page = (text = ''): string => `${'x'.repeat(4079)} ${text}${'y'.repeat(99)}`;
const json = (value: unknown, ...more: [fields?: string, status?: string]): string => answer(JSON.stringify(value), ...more);
const CUT = 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n';

/** The failures of the engine, with one of the quotations, or all. */
const failures: ReadonlyArray<readonly [string, (socket: Socket, quoted: Quoted, nth: number) => void]> = [
  ['a 401 that quotes the request in JSON', (s, { whole }) => s.write(json({ message: whole }, '', '401 Unauthorized'))],
  ['a 400 that quotes it', (s, { whole }) => s.write(json({ message: whole }, '', '400 Bad Request'))],
  ['a 500 that quotes it as text', (s, { whole }) => s.write(answer(whole, '', '500 Internal Server Error'))],
  ['a page that is cut within a secret', (s, { texts }) => s.write(answer(page(texts[0]), '', BAD_GATEWAY))],
  ['an error in the stream', (s, { whole }) => s.write(json({ errorDetail: { message: whole } }))],
  ['a legacy error in the stream', (s, { whole }) => s.write(json({ error: whole }))],
  ['quotations instead of HTTP', (s, { texts }, nth) => s.end(texts[nth % texts.length] ?? '')],
  ['a quotation in a broken field', (s, { texts }, nth) => s.end(`HTTP/1.1 200 OK\r\n${texts[nth % texts.length]}\u0001:\r\n`)],
  ['quotations instead of JSON', (s, { texts }, nth) => s.write(answer(`${texts[nth % texts.length]}!`))],
  ['JSON that breaks at a quotation', (s, { texts }, nth) => s.write(answer(`{"a": ${texts[nth % texts.length]}}`))],
  ['an answer that is cut', (s, { whole }) => s.end(`${CUT}${JSON.stringify({ status: whole })}`)],
  ['a head that is cut', (s, { texts }) => s.end(`HTTP/1.1 200 OK\r\nX-Echo: ${texts[0]}`)],
  ['nothing', (s) => s.end()],
];

let daemon: FakeDaemon | undefined;
let client: ImageClient;
afterEach(async () => {
  client.close();
  await daemon?.close();
  daemon = undefined;
});

/** Starts a daemon that answers pings, and anything else (or pings, too) with the failure. */
async function start(fail: (socket: Socket, request: string) => void, pingsFail = false): Promise<void> {
  daemon = await fakeDaemon((socket) => {
    let request = '';
    socket.on('data', (data) => {
      request += data.toString('utf8');
      if (!isWhole(request)) return;
      const whole = request;
      request = '';
      if (/^\w+ \/_ping/.test(whole) && !pingsFail) socket.write(answer('', 'Api-Version: 1.55\r\n'));
      else fail(socket, whole);
    });
  });
  client = new ImageClient({ host: daemon.host, credentials: login });
}

function isWhole(request: string): boolean {
  const [head, ...rest] = request.split('\r\n\r\n');
  if (rest.length === 0) return false;
  if (/transfer-encoding/i.test(head ?? '')) return request.endsWith('0\r\n\r\n');
  return Buffer.byteLength(rest.join('\r\n\r\n')) >= Number(/content-length: (\d+)/i.exec(head ?? '')?.[1] ?? 0);
}

/** The error of the call, if there is one. Checks that it shows no secret. */
async function thrownBy(run: Run, options: CallOptions = {}): Promise<unknown> {
  const error = await (async () => run(client, options))().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(secretsShownBy(error)).toEqual([]);
  return error;
}

describe.each(failures)('%s', (_failure, fail) => {
  // covers: fault 0.13
  it.each(rows.map((row) => [row.what, row] as const))('shows no secret: %s', async (_, { run, sends, method }) => {
    let sent = '';
    let nth = 0;
    await start((socket, request) => {
      sent += request;
      fail(socket, quote(request), nth);
    }, ['ping', 'apiVersion', 'supports'].includes(method));
    // One call for each quotation.
    const count = sends ? 9 : 1;
    for (; nth < count; nth++) await thrownBy(run);
    if (sends) expect(leaksIn(`${sent}${decodeURIComponent(sent.replaceAll(/%(?![0-9A-F]{2})/g, '%25'))}`)).not.toEqual([]);
  });
});

describe('a call without an answer', () => {
  const sent = rows.filter(({ method }) => !['importImageFromFile', 'supports', 'apiVersion'].includes(method));

  it.each(rows.map(({ what, run }) => [what, run] as const))('shows no secret when the connection is refused: %s', async (_, run) => {
    client = new ImageClient({ host: 'unix:///no/such/engine.sock', credentials: login });
    expect(await thrownBy(run)).toBeInstanceOf(LongshoreError);
  });

  it.each(sent.map((row) => [row.what, row] as const))('shows no secret when it times out: %s', async (_, row) => {
    const { run, method } = row;
    await start(() => {}, method === 'ping');
    client = new ImageClient({ host: daemon?.host, credentials: login, timeouts: { headMs: 1 } });
    expect(await thrownBy(run, { timeouts: { headMs: 1 } })).toBeInstanceOf(LongshoreError);
  });

  const abortable = sent.filter(({ method }) => method !== 'ping').map(({ what, run }) => [what, run] as const);
  // covers: fault 0.13
  it.each(abortable)('shows no secret while it runs, and none when it is aborted: %s', async (_, run) => {
    const controller = new AbortController();
    let inFlight = '';
    let result: unknown;
    await start(() => {
      inFlight = everythingOf(client) + everythingOf(result);
      controller.abort();
    });
    const spied: Run = (c, o) => (result = run(c, o)) as PromiseLike<unknown>;
    expect(await thrownBy(spied, { signal: controller.signal })).toMatchObject({ name: 'AbortError' });
    expect(inFlight).toContain('ImageClient');
    expect(leaksIn(inFlight)).toEqual([]);
  });
});

// The response to a login may contain an identity token that was in no request, so it cannot be searched for. Therefore,
// errors quote nothing of such a response except the message of a failure.
describe('the answer to a login', () => {
  const token = `{"IdentityToken":"${planted.identityToken}","Status":"Login Succeeded"}`;
  const head = (fields: string, status = '200 OK'): string => `HTTP/1.1 ${status}\r\n${fields}\r\n\r\n`;
  const chunked = (rest: string): string => `${head('Transfer-Encoding: chunked')}${rest}`;
  const refused = (body: string, status = '401 Unauthorized'): string => answer(body, '', status);

  // what is wrong with it | the answer
  const answers: ReadonlyArray<readonly [string, string]> = [
    ['JSON that breaks off', answer(token.slice(0, -1))],
    ['text behind JSON', answer(`${token} ${token}`)],
    ['no JSON', answer(planted.identityToken)],
    ['JSON of another kind', answer(`[${token}]`)],
    ['a text in JSON', answer(JSON.stringify(planted.identityToken))],
    ['nothing but a token', planted.identityToken],
    ['a wrong chunk size', chunked(`${planted.identityToken}\r\n`)],
    ['a chunk that is too short', chunked(`5\r\n${token}\r\n0\r\n\r\n`)],
    ['a chunk extension', chunked(`5;${planted.identityToken}\u0001\r\n12345\r\n`)],
    ['a trailer without a colon', chunked(`2\r\n{}\r\n0\r\n${planted.identityToken}\r\n\r\n`)],
    ['a trailer with a control character', chunked(`2\r\n{}\r\n0\r\nX-Token: ${planted.identityToken}\u0001\r\n\r\n`)],
    ['a field without a colon', head(planted.identityToken)],
    ['a field with a bad name', head(`${planted.identityToken} x: y`)],
    ['a field whose value has a control character', head(`hunter2: ${planted.identityToken}\u0001`)],
    ['a status line with a control character', head('X: y', `200 ${planted.identityToken}\u0001`)],
    ['a status line without a status', head('X: y', planted.identityToken)],
    ['two lengths', head(`Content-Length: 5\r\nContent-Length: ${planted.identityToken}`)],
    ['a length that is not a number', head(`Content-Length: ${planted.identityToken}`)],
    ['a transfer coding of its own', head(`Transfer-Encoding: "${planted.identityToken}"`)],
    ['a content coding', head(`Content-Length: 0\r\nContent-Encoding: "${planted.identityToken}`)],
    ['a refusal in words', refused(planted.identityToken)],
    ['a refusal in a page', refused(`<html><title>${planted.identityToken}</title>`)],
    ['a refusal that quotes an answer', refused(JSON.stringify({ message: `bad answer: ${token}` }))],
    ['a refusal without a message', refused(token)],
    ['a reason phrase', refused('', `401 ${planted.identityToken}`)],
    ['an error of the server', refused(token, '500 Internal Server Error')],
    ['a refusal that breaks off', `HTTP/1.1 401 Unauthorized\r\nContent-Length: 1000\r\n\r\n${token}`],
    ['an answer that breaks off', `HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${token}`],
  ];

  describe.each(['own', 'node:http'] as const)('over the wire %s', (wire) => {
    // The planted password has the line "hunter2": it would be redacted as a part of the password, and hide a leak of the token.
    const own = { username: 'u', password: 'secretpw' };
    const check: Run = (c, o) => c.checkAuth('r.example', own, o);
    const answering = async (text: string): Promise<unknown> => {
      await start((socket) => socket.end(text, 'latin1'));
      client = new ImageClient({ host: daemon?.host, wire });
      return thrownBy(check);
    };

    it.each(answers)('is not quoted in an error: %s', async (_, text) => {
      const error = await answering(text);
      if (error !== undefined) expect(error).toBeInstanceOf(LongshoreError);
    });

    it('is quoted when it is the message of a refusal', async () => {
      const message = 'Get "https://r.example/v2/": unauthorized: incorrect username or password';
      expect(await answering(refused(JSON.stringify({ message })))).toMatchObject({ daemonMessage: message, status: 401 });
    });
  });

  it.each(['/v1.41/%61uth', '/auth?x=1', '/v1.41//auth/', '/v1.41/x/%2E%2e/./auth'])('is recognized by its path: %s', async (path) => {
    await start((socket) => socket.end(head(`${planted.identityToken} x: y`)));
    await thrownBy((c, o) => body(c.request({ ...o, method: 'POST', path })));
  });
});

describe('the table of this file', () => {
  it('contains every method of the client', () => {
    const methods = new Set([...rows.map(({ method }) => method), 'constructor', 'close', 'waitUntilReady']); // the last one sends pings
    expect([...methods].sort()).toEqual(Object.getOwnPropertyNames(ImageClient.prototype).sort());
  });

  it('contains failures that lead to each error that quotes an engine', async () => {
    const pull: Run = (c) => c.pull('a');
    const classes = new Set<unknown>();
    for (const [, fail] of failures) {
      await start((socket, request) => fail(socket, quote(request), 0));
      const error = await thrownBy(pull);
      classes.add(error instanceof ApiError ? ApiError : (error as Error).constructor);
      if (error instanceof ApiError) expect(error.daemonMessage).toContain('[redacted]');
      client.close();
      await daemon?.close();
    }
    expect([...classes]).toEqual(expect.arrayContaining([ApiError, ProtocolError, DecodeError]));
  });
});
