// An engine that sends odd values everywhere: wrong types, nulls, huge numbers, deep nesting, missing members. Every
// command must end with exit code 0 or 1, and with a message of ours where it fails.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packTar } from '../../src/index.ts';
import { cannedDaemon } from './canned-daemon.ts';
import type { Answer, CannedDaemon } from './canned-daemon.ts';
import { longshore } from './fake-io.ts';

const ID = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** A placeholder in a template: its member is left out. */
const MISSING = Symbol('missing');
/** A placeholder that is replaced in the text: JSON.stringify cannot write a value that is nested so deeply. */
const DEEP = '\u0000deep';
const DEEP_TEXT = '['.repeat(20_000) + ']'.repeat(20_000);

const ODD: readonly unknown[] = [MISSING, null, 5, 1e300, 'text\x1b[2J', [null], { toString: 5 }, DEEP];

/** The value itself and every variant of it in which one node, the root included, is odd. */
function* variants(value: unknown): Generator<unknown> {
  yield* ODD;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    for (const odd of variants(member)) yield withMember(value, key, odd);
  }
}

function withMember(value: object, key: string, member: unknown): unknown {
  if (Array.isArray(value)) return value.flatMap((each, index) => (String(index) === key ? (member === MISSING ? [] : [member]) : [each]));
  const others = Object.entries(value).filter(([name]) => name !== key);
  return Object.fromEntries(member === MISSING ? others : [...others, [key, member]]);
}

function jsonOf(value: unknown): string {
  return value === MISSING ? '' : JSON.stringify(value).replaceAll(JSON.stringify(DEEP), DEEP_TEXT);
}

const image = {
  Id: ID, ParentId: '', RepoTags: ['a:1'], RepoDigests: [`a@${ID}`], Created: 1, Size: 5, SharedSize: 1, Containers: 1, Labels: null,
};
const variant = { ID, Available: true, Size: { Content: 1, Total: 5 }, Kind: 'image', ImageData: { Platform: { os: 'linux', architecture: 'arm64' } } };
const version = {
  Version: '20.10', ApiVersion: '1.41', MinAPIVersion: '1.12', Os: 'linux', Arch: 'amd64', KernelVersion: '6', Platform: { Name: 'x' },
  Components: [{ Name: 'runc', Version: '1' }],
};
const found = { name: 'a', description: 'b', star_count: 1, is_official: true, is_automated: false };
const foundOnPodman = { Index: 'docker.io', Name: 'docker.io/library/a', Description: 'b', Stars: 1, Official: '[OK]' };
const event = { Type: 'image', Action: 'tag', Actor: { ID, Attributes: { name: 'a:1' } }, time: 1, timeNano: 1e9, status: 'tag', id: ID };
const distribution = { Descriptor: { mediaType: 'x', digest: ID, size: 5 }, Platforms: [{ os: 'linux', architecture: 'arm64', variant: 'v8' }] };
const attestation = { PredicateType: 'https://slsa.dev/provenance/v1', Descriptor: { mediaType: 'x', digest: ID, size: 5 } };
const usage = { ImageUsage: { TotalSize: 5, Reclaimable: 1, TotalCount: 1, ActiveCount: 1, Items: [image] } };

/** Arguments, the request with the odd response, and the real response of engines. */
const values: ReadonlyArray<readonly [argv: string, request: string, answer: unknown]> = [
  ['ls', 'GET /images/json', [image]],
  ['ls -q', 'GET /images/json', [image]],
  ['ls --names', 'GET /images/json', [image]],
  ['ls --json', 'GET /images/json', [image]],
  ['ls --no-trunc', 'GET /images/json', [image]],
  ['ls --digests --platforms --sort name', 'GET /images/json', [{ ...image, Manifests: [variant, variant] }]],
  ['ls --sort created --format {{.CreatedAt}}{{.Digest}}', 'GET /images/json', [image]],
  ['inspect a', 'GET /images/a/json', { ...image, Architecture: 'amd64', Os: 'linux', Config: null, RootFS: { Type: 'layers', Layers: [ID] } }],
  ['history a', 'GET /images/a/history', [{ Id: ID, Created: 1, CreatedBy: 'RUN x', Size: 5, Comment: '', Tags: null }]],
  ['history --no-trunc a', 'GET /images/a/history', [{ Id: ID, Created: 1, CreatedBy: 'RUN x', Size: 5, Comment: '', Tags: null }]],
  ['history --format table{{.CreatedAt}}{{.CreatedBy}} a', 'GET /images/a/history', [{ Id: ID, Created: 1, CreatedBy: 'RUN x', Size: 5, Comment: '', Tags: null }]],
  ['history -q a', 'GET /images/a/history', [{ Id: ID, Created: 1, CreatedBy: 'RUN x', Size: 5, Comment: '', Tags: null }]],
  ['history --json a', 'GET /images/a/history', [{ Id: ID, Created: 1, CreatedBy: 'RUN x', Size: 5, Comment: '', Tags: null }]],
  ['inspect --format {{.ID}}{{.RepoTags}}{{.Config.Env}} a', 'GET /images/a/json', { ...image, Config: { Env: ['a=b'] } }],
  ['rm a', 'DELETE /images/a', [{ Untagged: 'a:1' }, { Deleted: ID }]],
  ['rm --json a', 'DELETE /images/a', [{ Untagged: 'a:1' }, { Deleted: ID }]],
  ['prune -f', 'POST /images/prune', { ImagesDeleted: [{ Untagged: 'a:1' }, { Deleted: ID }], SpaceReclaimed: 5 }],
  ['prune -f --json', 'POST /images/prune', { ImagesDeleted: [{ Deleted: ID }], SpaceReclaimed: 5 }],
  ['search a', 'GET /images/search', [found]],
  ['search a', 'GET /images/search', [foundOnPodman]],
  ['search --format {{.IsOfficial}}{{.Description}} a', 'GET /images/search', [found]],
  ['search -q a', 'GET /images/search', [found]],
  ['search --json a', 'GET /images/search', [found]],
  ['distribution a:1', 'GET /distribution/docker.io/library/a:1/json', distribution],
  ['distribution -q a:1', 'GET /distribution/docker.io/library/a:1/json', distribution],
  ['distribution --json a:1', 'GET /distribution/docker.io/library/a:1/json', distribution],
  ['outdated x:1', 'GET /images/docker.io/library/x:1/json', { ...image, RepoDigests: [`x@${ID}`] }],
  ['outdated --json', 'GET /images/json', [image]],
  ['attestations a', 'GET /images/a/attestations', [attestation]],
  ['attestations --json a', 'GET /images/a/attestations', [attestation]],
  ['df -v', 'GET /system/df', { LayersSize: 5, Images: [image] }],
  ['df -v', 'GET /system/df', usage],
  ['df', 'GET /system/df', usage],
  ['df --format {{.Size}}{{.Reclaimable}}', 'GET /system/df', usage],
  ['df --json', 'GET /system/df', { LayersSize: 5, Images: [image] }],
  ['version', 'GET /version', version],
  ['version --format {{.Server.Version}}{{.Server.Components}}', 'GET /version', version],
  ['version --json', 'GET /version', version],
  ['tag a b', 'POST /images/a/tag', {}],
];

/** The same for streams: the values of the stream, each of which is odd in turn. */
const streams: typeof values = [
  ['pull x:1', 'POST /images/create', [
    { status: 'Pulling from library/x', id: '1' },
    { status: 'Downloading', progressDetail: { current: 1, total: 2, units: 's' }, id: 'ca7c512ed85c' },
    { status: `Digest: ${ID}` },
    { status: 'Status: Image is up to date for x:1' },
  ]],
  ['push h:1/x:1', 'POST /images/h:1/x:1/push', [
    { status: 'Pushed', progressDetail: {}, id: 'ca7c512ed85c' },
    { progressDetail: {}, aux: { Tag: '1', Digest: ID, Size: 527 } },
  ]],
  ['load FOLDER/x.tar', 'POST /images/load', [
    { status: 'Loading layer', progressDetail: { current: 1, total: 2 }, id: 'ca7c512ed85c' },
    { stream: 'Loaded image: a:1\n' },
  ]],
  ['import FOLDER/x.tar a:1', 'POST /images/create', [{ status: ID }]],
  ['events', 'GET /events', [event]],
  ['pull x:1', 'POST /images/create', [{ errorDetail: { code: 1, message: 'x' }, error: 'x' }]],
];

/** Error responses with odd messages. */
const failures: typeof values = [
  ['ls', 'GET /images/json', { message: 'x' }],
  ['rm a', 'DELETE /images/a', { cause: 'x', message: 'x', response: 409 }],
  ['pull x:1', 'POST /images/create', { message: 'x' }],
  ['save -o FOLDER/out.tar a', 'GET /images/get', { message: 'x' }],
];

let daemon: CannedDaemon;
/** The response to the request; all other requests get the real ones. */
let odd: { readonly request: string; readonly status: number; readonly text: string };
beforeAll(async () => {
  const answer: Answer = (response, request) => {
    request.resume().on('end', () => {
      const target = (request.url ?? '').replace(/^\/v1\.\d+/, '').replace(/\?.*$/, '');
      const isMeant = odd.request === `${request.method} ${target}`;
      const isTag = target.endsWith('/tag');
      response.writeHead(isMeant ? odd.status : isTag ? 201 : 200, { 'Content-Type': 'application/json' });
      response.end(isMeant ? odd.text : jsonOf(target.endsWith('/json') && target !== '/images/json' ? image : []));
    });
  };
  const all = [...values, ...streams, ...failures].map(([, request]) => [request, answer] as const);
  daemon = await cannedDaemon({ ...Object.fromEntries(all), 'GET /images/docker.io/library/x:1/json': answer }, '1.55');
  const blocks: Uint8Array[] = [];
  for await (const block of packTar({ a: 'b' })) blocks.push(block);
  writeFileSync(join(daemon.folder, 'x.tar'), Buffer.concat(blocks));
});
afterAll(() => daemon.close());

/** The fault of a run, if there is one. */
async function complaint(argv: string, terminals: ReadonlyArray<'stdout' | 'stderr'>): Promise<string | undefined> {
  const words = argv.split(' ').map((word) => word.replace('FOLDER', daemon.folder));
  const { code, stdout, stderr } = await longshore(daemon.host, words, { terminals });
  const told = `${argv} of ${odd.status} ${odd.text.slice(0, 300)}: ${code}\n${stdout.slice(0, 500)}\n${stderr.slice(0, 500)}`;
  if (code !== 0 && code !== 1) return `exit code: ${told}`;
  if (stderr.includes('This should not happen')) return `program error: ${told}`;
  if (code === 1 && !new RegExp(`^longshore ${words[0]}: \\S`, 'm').test(stderr.replace(/\x1b\[[?\d]*[A-Za-z]/g, ''))) return `no message: ${told}`;
  const isText = !words.includes('--json') && words[0] !== 'inspect';
  if (isText && /undefined|NaN|Infinity|\[object/.test(stdout)) return `shown as it is: ${told}`;
  if (/[\x1b]/.test(terminals.length === 0 ? stdout + stderr : '')) return `steers the terminal: ${told}`;
  return undefined;
}

/** The first few faults of all runs with the odd texts. */
async function complaintsOf(argv: string, request: string, texts: Iterable<string>, status = 200): Promise<string> {
  const all = new Set<string>();
  for (const text of texts) {
    odd = { request, status, text };
    const terminals = ['ls', 'history a', 'df -v', 'pull x:1'].includes(argv) ? (['stdout', 'stderr'] as const) : [];
    const one = await complaint(argv, terminals);
    if (one !== undefined) all.add(one);
  }
  return [...all].slice(0, 3).join('\n\n');
}

function* mapped<From, To>(from: Iterable<From>, to: (each: From) => To): Generator<To> {
  for (const each of from) yield to(each);
}

describe('an engine with odd answers', () => {
  it.each(values)('longshore %s ends with 0 or 1, and a message of ours: %s', async (argv, request, answer) => {
    const statusOfSuccess = argv.startsWith('tag') ? 201 : 200;
    expect(await complaintsOf(argv, request, mapped(variants(answer), jsonOf), statusOfSuccess)).toBe('');
  });

  it.each(streams)('longshore %s with an odd value in its stream ends in the same way: %s', async (argv, request, lines) => {
    const texts = (lines as object[]).flatMap((line, index) => {
      return [...variants(line)].map((each) => (lines as object[]).map((other, at) => jsonOf(at === index ? each : other)).join('\r\n'));
    });
    expect(await complaintsOf(argv, request, texts)).toBe('');
    const asJson = argv === 'events' ? 'events --json' : `${argv} --json`;
    expect(await complaintsOf(asJson, request, texts)).toBe('');
  });

  it.each(failures)('longshore %s with an odd error ends in the same way', async (argv, request, answer) => {
    for (const status of [400, 404, 500]) {
      expect(await complaintsOf(argv, request, mapped(variants(answer), jsonOf), status)).toBe('');
    }
  });
});
