import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ApiError, ImageClient, LongshoreError, VersionError, packTar } from '../src/index.ts';
import { parseTape, recorder, replayDialer } from '../src/testing.ts';
import type { ReplayOptions, Tape } from '../src/testing.ts';
import { integer, random } from './support/random.ts';
import { engines, recordedExchanges, tapesOf } from './support/recorded.ts';
import type { Recorded } from './support/recorded.ts';
import { cases } from './support/tape-cases.mjs';

/** What must come of a case. */
type Expectation =
  | { readonly value: unknown }
  | { readonly apiError: { status: number; daemonMessage: string; inStream?: boolean } }
  | { readonly check: (outcome: { value?: unknown; error?: unknown }) => void };

/** The answer's JSON, with `[]` where an engine says null for an empty list, or `<none>` for an absent name. */
const imagesOf = ({ json }: Recorded): unknown =>
  json().map((image: any) => ({ ...image, RepoTags: named(image.RepoTags), RepoDigests: named(image.RepoDigests) }));
const named = (list: string[] | null): string[] => (list ?? []).filter((name) => !/^<none>[:@]<none>$/.test(name));

/** An answer of 400 and more, and the message in it. */
const refused = (last: Recorded): Expectation => {
  expect(last.status).toBeGreaterThanOrEqual(400);
  return { apiError: { status: last.status, daemonMessage: last.json().message, inStream: false } };
};

/** An answer of 200 whose last line is an error. */
const failedInStream = (last: Recorded): Expectation => {
  expect(last.status).toBe(200);
  return { apiError: { status: 200, daemonMessage: last.lines().at(-1).errorDetail.message, inStream: true } };
};

const failed = (last: Recorded): Expectation => (last.status === 200 ? failedInStream(last) : refused(last));

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** What a load's archive holds: the configuration's digest is the image's id. */
function idInArchive(archive: Buffer): string {
  const size = Number.parseInt(archive.toString('latin1', 124, 135), 8); // the first entry is the configuration
  return sha256(archive.subarray(512, 512 + size));
}

const statusOf = (last: Recorded, start: string): string | undefined =>
  last.lines().map(({ status }) => status as string | undefined).find((status) => status?.startsWith(start));

/** For each case, from what is on its tape, what the client must give; `last` is the exchange that it is about. */
const expectations: Record<string, (last: Recorded, all: readonly Recorded[]) => Expectation> = {
  demo: () => ({ value: ['negotiate', 'import', 'list', 'save', 'remove', 'load', 'tidy up'] }),
  ping: ({ fields }) => ({
    value: {
      apiVersion: fields.get('api-version'),
      osType: fields.get('ostype'),
      experimental: fields.get('docker-experimental') === 'true',
      builderVersion: fields.get('builder-version'),
      server: fields.get('server'),
      isPodman: fields.has('libpod-api-version'),
    },
  }),
  negotiate: ({ fields }) => ({ value: fields.get('api-version') }),
  version: ({ json }) => ({ value: json() }),
  'version-not-spoken': ({ json }, [first]) => ({
    check({ error }) {
      expect(first?.status).toBe(400);
      expect(error).toBeInstanceOf(VersionError);
      expect(error).toMatchObject({ needed: '1.55', spoken: `${json().MinAPIVersion} to ${json().ApiVersion}` });
    },
  }),
  'request-version-not-spoken': ({ status, body }) => ({ value: { status, text: body.toString() } }),

  'images-empty': () => ({ value: [] }),
  'images-all': (last) => ({ value: imagesOf(last) }),
  'images-by-name': (last) => ({ value: imagesOf(last) }),
  'images-filters': (last) => ({ value: imagesOf(last) }),
  'images-quiet': ({ json }) => ({ value: json().map(({ Id }: { Id: string }) => Id) }),

  inspect: ({ json }) => ({ value: json() }),
  'inspect-missing': refused,
  history: ({ json }) => ({ value: json() }),
  'history-missing': refused,

  tag: ({ json }, all) => {
    expect(all.at(-2)?.status).toBe(201);
    return { value: json().RepoTags };
  },
  'tag-missing': refused,

  remove: ({ json }) => ({ value: json() }),
  'remove-missing': refused,
  'remove-conflict': refused,
  prune: ({ json }) => ({ value: json() }),
  'prune-nothing': () => ({ value: { ImagesDeleted: [], SpaceReclaimed: 0 } }),

  import: (last) => ({ value: { id: last.lines().at(-1).status } }),
  'import-changes': ({ json }) => {
    expect(json().Config).toMatchObject({ Env: ['A=b c'], Cmd: ['/bin/app', '-x'], WorkingDir: '/srv' });
    return { value: json().Config };
  },
  'import-bad-change': refused,
  'import-refused-early': refused,
  'import-garbage': failed,
  'import-url-refused': failed,

  save: ({ body }) => ({ value: body }),
  'save-many': ({ body }) => ({ value: body }),
  'save-missing': refused,

  load: ({ requestBody }) => {
    expect(requestBody.length % 512).toBe(0);
    return { value: { references: ['longshore/tape:1', 'longshore/tape-b:1'], ids: [] } };
  },
  'load-untagged': ({ requestBody }) => ({ value: { references: [], ids: [idInArchive(requestBody)] } }),
  'load-quiet': () => ({ value: { references: ['longshore/tape:1'], ids: [] } }),
  'load-garbage': failed,

  'pull-refused': failed,
  'push-missing': failed,
  'search-refused': refused,
  'distribution-refused': refused,

  push: (last) => {
    const { Digest, Size } = last.lines().find(({ aux }) => aux !== undefined).aux;
    return { value: { reference: expect.stringMatching(/\/longshore\/tape:1$/), digest: Digest, size: Size } };
  },
  pull: (last) => ({
    value: {
      reference: expect.stringMatching(/\/longshore\/tape:1$/),
      digest: statusOf(last, 'Digest: ')?.slice('Digest: '.length),
      status: 'downloaded',
      warnings: [],
    },
  }),
  'pull-up-to-date': (last) => ({
    value: {
      reference: expect.stringMatching(/\/longshore\/tape:1$/),
      digest: statusOf(last, 'Digest: ')?.slice('Digest: '.length),
      status: 'up-to-date',
      warnings: [],
    },
  }),
  'pull-missing': failed,
  distribution: ({ json }) => ({ value: json() }),
};

const ways: ReadonlyArray<NonNullable<ReplayOptions['pieces']>> = ['whole', 'bytes', 1, 2, 3, 4];

describe.each(engines())('tapes of %s', (engine) => {
  describe.each(tapesOf(engine))('%s', (name, bytes) => {
    const tape = parseTape(bytes);
    const one = cases.find((each) => each.name === name);
    const registry = /REGISTRY=(\S+)/.exec(tape.header.command)?.[1];
    const exchanges = recordedExchanges(bytes);
    const last = exchanges.at(-1);

    it.each(['eof', 'reset'] as const)('is a failure when its last answer is cut short anywhere (%s)', async (how) => {
      if (one === undefined) throw new Error('a tape without a case');
      for (const cut of cutShort(tape, how)) {
        await using docker = new ImageClient({ ...one.client, dialer: replayDialer(cut) });
        const outcome = Promise.resolve(one.run(docker, { registry, packTar }));
        await expect(outcome).rejects.toThrow(LongshoreError);
      }
    });

    it.each(ways)('gives what the engine said (%s)', async (pieces) => {
      const expected = expectations[name];
      if (one === undefined || expected === undefined || last === undefined) throw new Error('a tape without a case');
      const dialer = replayDialer(tape, { pieces });
      const again = recorder(dialer, tape.header);
      await using docker = new ImageClient({ ...one.client, dialer: again.dialer });
      const outcome: { value?: unknown; error?: unknown } = {};
      try {
        outcome.value = await one.run(docker, { registry, packTar });
      } catch (error) {
        outcome.error = error;
      }
      judge(outcome, expected(last, exchanges));
      expect(dialer.remaining()).toEqual([]);
      // Recorded while it is replayed: the answers came through as they are, up to where the client had seen enough.
      const heard = received(again.tape());
      expect(heard.equals(received(tape).subarray(0, heard.length))).toBe(true);
    });
  });

  it('are there for all cases', () => {
    expect(tapesOf(engine).map(([name]) => name).sort()).toEqual(cases.map(({ name }) => name).sort());
  });
});

it('there are tapes', () => {
  expect(engines().length).toBeGreaterThan(0);
});

/** The tape with the last answer cut at a dozen places, the first and the last byte among them. */
function cutShort({ header, records }: Tape, how: 'eof' | 'reset'): Tape[] {
  const before = records.slice(0, records.findLastIndex(({ type }) => type === 'sent') + 1);
  const answer = received({ header, records: records.slice(before.length) });
  const next = random(answer.length);
  const lengths = [0, 1, answer.length - 1, ...Array.from({ length: 9 }, () => integer(next, 0, answer.length - 1))];
  return lengths.map((length) => {
    const part = { type: 'received', connection: 1, bytes: answer.subarray(0, length) } as const;
    return { header, records: [...before, part, { type: 'over', connection: 1, how }] };
  });
}

function received({ records }: Tape): Buffer {
  return Buffer.concat(records.flatMap((record) => (record.type === 'received' ? [record.bytes] : [])));
}

function judge(outcome: { value?: unknown; error?: unknown }, expected: Expectation): void {
  if ('check' in expected) return expected.check(outcome);
  if ('apiError' in expected) {
    expect(outcome.error).toBeInstanceOf(ApiError);
    expect(outcome.error).toMatchObject(expected.apiError);
    return;
  }
  if (outcome.error !== undefined) throw outcome.error;
  expect(outcome.value).toEqual(expected.value);
}
