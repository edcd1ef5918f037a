// Layers, bytes and percentages computed from the events of real engines, in their order and in other orders.

import { describe, expect, it } from 'vitest';
import { progressEvent } from '../../../src/api/progress/progress-events.ts';
import type { LayerEvent, ProgressEvent } from '../../../src/api/progress/progress-events.ts';
import { ProgressTotals } from '../../../src/api/progress/progress-totals.ts';
import type { ProgressSnapshot } from '../../../src/api/progress/progress-totals.ts';
import { integer, random } from '../../support/random.ts';
import { engines, recordedExchanges, tapesOf } from '../../support/recorded.ts';

type Numbers = Partial<Pick<LayerEvent, 'current' | 'total' | 'units'>>;
const layer = (id: string, status: string, numbers: Numbers = {}): LayerEvent => {
  return { type: 'layer', id, status, current: undefined, total: undefined, units: undefined, ...numbers };
};
const headline = (status: string, id?: string): ProgressEvent => ({ type: 'headline', id, status });

/** Events in short form, separated by `;`: `ca7c Downloading 1/2`, `ca7c Extracting 1s`, `Loaded image: a`, a headline. */
function told(text: string): ProgressEvent[] {
  const lines = text.split(/;|\n/).map((line) => line.trim());
  return lines.filter(Boolean).map((line) => {
    if (line.startsWith('Loaded image')) return { type: 'stream', text: `${line}\n` };
    const [, id = '', status = '', current, total, units] =
      /^([0-9a-f]{4}) (.*?)(?: (\d+)(?:\/(\d+)|(s)))?$/.exec(line) ?? [];
    if (id === '') return headline(line);
    return layer(id, status, { current: numberOf(current), total: numberOf(total), units });
  });
}
const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

// The bodies of real responses, read with curl from the engines' sockets on 2026-11-23. IDs are shortened; of many
// events that differ only in their numbers, the first and the last are here. `pull` is an image of six layers
// of 8 to 48 MB in a registry at 127.0.0.1:5000, `all tags` two images there that share two of three layers, `retry` a
// layer of one of them through a proxy that closed the connection twice, `push` and `load` the same two images. Docker 26.1
// and 28.5 with their own store send what 20.10 sends, in other orders.
const six = 'ca7c Pulling fs layer; cf77 Pulling fs layer; 9413 Pulling fs layer; 0d99 Pulling fs layer; ' +
  '9544 Pulling fs layer; 829c Pulling fs layer';
const live = {
  'Docker 20.10, pull': `
    Pulling from cli/layers
    ${six}; 0d99 Waiting; 9544 Waiting; 829c Waiting
    9413 Downloading 262144/24007509; ca7c Downloading 98304/8002638; cf77 Downloading 163840/16005070
    ca7c Verifying Checksum; ca7c Download complete; ca7c Extracting 98304/8002638
    0d99 Downloading 342016/32009964; cf77 Downloading 14628616/16005070; 9413 Downloading 23557118/24007509
    9413 Verifying Checksum; 9413 Download complete; cf77 Verifying Checksum; cf77 Download complete
    ca7c Extracting 8002638/8002638; 9544 Downloading 407552/40012396; 829c Downloading 480256/48014830
    ca7c Pull complete; 0d99 Downloading 30532608/32009964; 0d99 Verifying Checksum; 0d99 Download complete
    cf77 Extracting 163840/16005070; cf77 Extracting 16005070/16005070; 829c Downloading 38424892/48014830
    cf77 Pull complete; 9544 Downloading 35189440/40012396; 9413 Extracting 262144/24007509
    829c Verifying Checksum; 829c Download complete; 9544 Verifying Checksum; 9544 Download complete
    9413 Extracting 24007509/24007509; 9413 Pull complete
    0d99 Extracting 327680/32009964; 0d99 Extracting 32009964/32009964; 0d99 Pull complete
    9544 Extracting 425984/40012396; 9544 Extracting 40012396/40012396; 9544 Pull complete
    829c Extracting 491520/48014830; 829c Extracting 48014830/48014830; 829c Pull complete
    Digest: sha256:29cdd2; Status: Downloaded newer image for 127.0.0.1:5000/cli/layers:1`,
  'Docker 20.10, retry': `
    Pulling from longshore-live/progress-totals
    ed86 Pulling fs layer; 96bd Pulling fs layer
    ed86 Downloading 65117/6002030; 96bd Downloading 36445/3001123; 96bd Verifying Checksum; 96bd Download complete
    ed86 Downloading 6002030/6002030; ed86 Retrying in 5 seconds; ed86 Retrying in 4 seconds
    ed86 Retrying in 3 seconds; ed86 Retrying in 2 seconds; ed86 Retrying in 1 second
    ed86 Downloading 32768/2990446; ed86 Verifying Checksum; ed86 Download complete
    ed86 Extracting 65536/6002030; ed86 Extracting 6002030/6002030; ed86 Pull complete
    96bd Extracting 32768/3001123; 96bd Extracting 3001123/3001123; 96bd Pull complete
    Digest: sha256:ba8d9c; Status: Downloaded newer image for 127.0.0.1:5055/longshore-live/progress-totals:1`,
  'Docker 28.5 with containerd, pull': `
    Pulling from cli/layers
    829c Pulling fs layer; 9413 Pulling fs layer; ca7c Pulling fs layer; cf77 Pulling fs layer
    0d99 Pulling fs layer; 9544 Pulling fs layer; 9544 Downloading 2097152/40012396
    0d99 Downloading 5242880/32009964; ca7c Downloading 2097152/8002638; cf77 Downloading 2097152/16005070
    829c Downloading 2097152/48014830; 9413 Downloading 1048576/24007509; ca7c Downloading 7340032/8002638
    ca7c Download complete; ca7c Extracting 1s; ca7c Pull complete; cf77 Downloading 13631488/16005070
    cf77 Download complete; 0d99 Downloading 25165824/32009964; cf77 Extracting 1s; 9413 Downloading 24007509/24007509
    0d99 Download complete; 9544 Downloading 33554432/40012396; cf77 Pull complete; 9413 Download complete
    9544 Download complete; 829c Downloading 45088768/48014830; 0d99 Extracting 1s; 9413 Pull complete
    829c Download complete; 0d99 Pull complete; 9544 Extracting 1s; 9544 Pull complete; 829c Extracting 1s
    829c Pull complete; Digest: sha256:29cdd2; Status: Downloaded newer image for 127.0.0.1:5000/cli/layers:1`,
  'Docker 20.10, push': `
    The push refers to repository [127.0.0.1:5000/longshore-live/progress-totals]
    324c Preparing; 81dd Preparing; 81dd Pushing 66048/6000000; 81dd Pushing 6001664/6000000
    324c Pushing 33280/3000000; 324c Pushing 3001856/3000000; 324c Pushed; 81dd Pushed
    1: digest: sha256:ba8d9c size: 739`,
  'Docker 28.5 with containerd, push': `
    The push refers to repository [127.0.0.1:5000/longshore-live/progress-totals-d28c]
    f79d Pushing 1048576/2001920; 81dd Waiting; 324c Pushing 2097152/3001856; 81dd Pushing 6001664/6001664
    324c Pushed; f79d Pushed; 81dd Pushed; 1: digest: sha256:d3b09b size: 741`,
  // An engine of our own that allows the insecure registry; the last ID is that of the image's config.
  'Podman 4.3, pull': `
    ${six}; 0d99 Download complete; cf77 Downloading 14031148/16005070; cf77 Download complete; 9413 Download complete
    9544 Downloading 36979712/40012396; 9544 Download complete; 829c Downloading 36790090/48014830
    829c Download complete; ca7c Download complete
    c75d Pulling fs layer; c75d Download complete; c75d Download complete`,
  'Podman 5.4, pull': `
    ${six}; cf77 Download complete; 9413 Download complete; 0d99 Download complete; 9544 Download complete
    829c Download complete; ca7c Download complete
    c75d Pulling fs layer; c75d Download complete; c75d Download complete`,
} as const;

const allTags = told(`
  Pulling from longshore-live/progress-totals
  ed86 Pulling fs layer; 96bd Pulling fs layer; f157 Pulling fs layer
  96bd Downloading 36445/3001123; f157 Downloading 36445/2000814; 96bd Verifying Checksum; 96bd Download complete
  f157 Downloading 2000814/2000814; f157 Verifying Checksum; f157 Download complete
  ed86 Downloading 69213/6002030; ed86 Verifying Checksum; ed86 Download complete
  ed86 Extracting 6002030/6002030; ed86 Pull complete; 96bd Extracting 3001123/3001123; 96bd Pull complete
  f157 Extracting 2000814/2000814; f157 Pull complete; Digest: sha256:9c5e30
  Pulling from longshore-live/progress-totals; ed86 Already exists; 96bd Already exists; Digest: sha256:ba8d9c
  Status: Downloaded newer image for 127.0.0.1:5000/longshore-live/progress-totals`); // Docker 26.1

/** The snapshots after each event. */
function snapshots(events: readonly ProgressEvent[]): ProgressSnapshot[] {
  const totals = new ProgressTotals();
  return events.map((event) => {
    totals.take(event);
    return totals.snapshot();
  });
}
/** The snapshot after all events and the end of the stream. */
function last(events: readonly ProgressEvent[]): ProgressSnapshot {
  const totals = new ProgressTotals();
  for (const event of events) totals.take(event);
  totals.end();
  return totals.snapshot();
}
const percentages = (events: readonly ProgressEvent[]): Array<number | undefined> => {
  return snapshots(events).map(({ percentage }) => percentage);
};

/** Everything that is wrong in the snapshots of a stream. */
function faultsIn(all: readonly ProgressSnapshot[]): string[] {
  const faults: string[] = [];
  const holds = (fact: boolean, fault: string, index: number): void => void (fact || faults.push(`${index}: ${fault}`));
  all.forEach(({ group, layers, bytes, percentage }, index) => {
    const ofBytes = layers.filter(({ units, phase }) => units === undefined && phase !== 'working');
    const known = ofBytes.reduce((sum, { total }) => sum + (total ?? 0), 0);
    holds(bytes.total >= known, 'the total is below the sum of what is known', index);
    holds(bytes.current <= bytes.total, 'more bytes than there are', index);
    for (const { current, total } of layers) {
      holds(Number.isFinite(current) && current >= 0, `${current} of a layer`, index);
      holds(total === undefined || current <= total, 'more of a layer than there is', index);
    }
    holds(percentage === undefined || (percentage >= 0 && percentage <= 100), `${percentage} %`, index);
    const before = all[index - 1];
    const least = before?.group === group ? (before.percentage ?? 0) : 0;
    holds((percentage ?? 0) >= least, `from ${least} % back to ${percentage} %`, index);
  });
  return faults;
}

/** Shuffles the events of one image's layers, but not those of one layer; headlines keep their places. */
function shuffled(events: readonly ProgressEvent[], next: () => number): ProgressEvent[] {
  const queues = grouped(events);
  const ids = [...queues.keys()];
  return events.map((event) => {
    if (event.type !== 'layer') return event;
    const open = ids.filter((id) => (queues.get(id) ?? []).length > 0);
    return queues.get(open[integer(next, 0, open.length - 1)] ?? '')?.shift() ?? event;
  });
}
function grouped(events: readonly ProgressEvent[]): Map<string, ProgressEvent[]> {
  const queues = new Map<string, ProgressEvent[]>();
  for (const event of events) {
    if (event.type === 'layer') queues.set(event.id, [...(queues.get(event.id) ?? []), event]);
  }
  return queues;
}

describe('ProgressTotals for the streams of engines', () => {
  const mb168 = { current: 168_052_407, total: 168_052_407, totalKnown: true };
  // engine and operation, the bytes at the end
  it.each<[keyof typeof live, ProgressSnapshot['bytes']]>([
    ['Docker 20.10, pull', mb168],
    ['Docker 20.10, retry', { current: 9_003_153, total: 9_003_153, totalKnown: true }],
    ['Docker 28.5 with containerd, pull', mb168],
    ['Docker 20.10, push', { current: 9_000_000, total: 9_000_000, totalKnown: true }],
    ['Docker 28.5 with containerd, push', { current: 11_005_440, total: 11_005_440, totalKnown: true }],
    // Podman 4.3 reported the size of three layers, 5.4 of none: the total is a lower bound.
    ['Podman 4.3, pull', { current: 104_032_296, total: 104_032_296, totalKnown: false }],
    ['Podman 5.4, pull', { current: 0, total: 0, totalKnown: false }],
  ])('%s: rises to 100 percent, and reaches it when the engine has finished', (name, bytes) => {
    const events = told(live[name]);
    const all = snapshots(events);
    expect(faultsIn(all)).toEqual([]);
    const finished = events.findIndex((event) => event.type === 'headline' && /^Digest|: digest:/.test(event.status));
    expect(all.findIndex(({ percentage }) => percentage === 100)).toBe(finished);
    expect(all.at(finished - 1)?.percentage).toBe(99);
    expect(last(events)).toMatchObject({ bytes, percentage: 100 });
    expect(new Set(last(events).layers.map(({ phase }) => phase))).toEqual(new Set(['done']));
  });

  it('keeps the layers in the order of their first events', () => {
    const ids = last(told(live['Docker 20.10, pull'])).layers.map(({ id }) => id);
    expect(ids).toEqual(['ca7c', 'cf77', '9413', '0d99', '9544', '829c']);
  });

  it('has a lower bound of the total until the size of each layer is known', () => {
    const all = snapshots(told(live['Docker 20.10, pull'])).map(({ bytes }) => bytes);
    const known = all.findIndex(({ totalKnown }) => totalKnown);
    expect(all.slice(known).every(({ total, totalKnown }) => totalKnown && total === mb168.total)).toBe(true);
    expect(all[known - 1]?.total).toBe(mb168.total - 48_014_830); // 829c was waiting
  });

  it('continues the count of a download after a retry (Docker reports only the rest)', () => {
    const all = snapshots(told(live['Docker 20.10, retry']));
    const ed86 = all.map(({ layers }) => layers[0]).filter((found) => found !== undefined);
    const at = ed86.findIndex(({ status }) => status === 'Retrying in 1 second');
    expect(ed86[at]).toMatchObject({ phase: 'retrying', current: 0, total: 6_002_030 });
    expect(ed86[at + 1]).toMatchObject({ phase: 'downloading', current: 3_044_352, total: 6_002_030 });
    expect(all.map(({ bytes }) => bytes.total).every((total) => total <= 9_003_153)).toBe(true);
  });

  it('makes a group for each tag of a pull of all tags, although the IDs are the same', () => {
    const all = snapshots(allTags);
    expect(faultsIn(all)).toEqual([]);
    expect(all.at(-6)).toMatchObject({ group: 1, percentage: 100, layers: { length: 3 } });
    expect(all.at(-5)).toMatchObject({ group: 2, percentage: undefined, layers: [] });
    expect(all.at(-4)).toMatchObject({ percentage: undefined, layers: [{ id: 'ed86', phase: 'existing' }] });
    expect(all.at(-1)).toMatchObject({ group: 2, percentage: 100, bytes: { current: 0, total: 0, totalKnown: true } });
  });

  it('makes a group for each tag of a push of all tags, with one headline', () => {
    const all = snapshots(
      told(`
        The push refers to repository [127.0.0.1:5000/longshore-live/progress-totals]
        324c Preparing; 324c Layer already exists; 1: digest: sha256:ba8d9c size: 739
        f79d Preparing; 324c Preparing; 324c Layer already exists; f79d Pushing 2001920/2000000; f79d Pushed
        2: digest: sha256:9c5e30 size: 950`), // Docker 20.10
    );
    expect(faultsIn(all)).toEqual([]);
    expect(all.map(({ group }) => group)).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 2, 2]);
    expect(all.at(-1)).toMatchObject({ percentage: 100, bytes: { current: 2_000_000 }, headline: all[0]?.headline });
  });

  it('gives no percentage of a load before it has finished, because its layers are reported one by one', () => {
    const all = snapshots(
      told(`
        81dd Loading layer 65536/6001664; 81dd Loading layer 6001664/6001664
        324c Loading layer 32768/3001856; 324c Loading layer 3001856/3001856; Loaded image: a:1
        f79d Loading layer 32768/2001920; f79d Loading layer 2001920/2001920; Loaded image: a:2`), // Docker 20.10
    );
    expect(all.map(({ percentage }) => percentage)).toEqual([
      ...[undefined, undefined, undefined, undefined, 100],
      ...[undefined, undefined, 100],
    ]);
    expect(all[3]).toMatchObject({ group: 1, bytes: { current: 9_003_520, total: 9_003_520, totalKnown: false } });
    expect(all.at(-1)).toMatchObject({ group: 2, bytes: { current: 2_001_920, total: 2_001_920, totalKnown: true } });
  });

  // Docker 28.5 with containerd, Podman 4.3 and 5.4; and a pull of an image that is there already, on every Docker
  it.each(['Loaded image: a:1', 'Pulling from x; Digest: sha256:29cdd2; Status: Image is up to date for x:1'])(
    'is at 100 percent without any layer after %s',
    (text) => {
      expect(snapshots(told(text)).at(-1)).toMatchObject({ layers: [], percentage: 100, bytes: { totalKnown: true } });
    },
  );

  it('is at 100 percent after the ID that ends an import, which Podman sends as a layer', () => {
    const id = `sha256:${'dc577921'.repeat(8)}`;
    for (const event of [layer(id, id), headline(id)]) {
      expect(snapshots([event]).at(-1)).toMatchObject({ layers: [], percentage: 100 });
    }
  });

  it('gives no percentage of a pull that fetches only the config, until it ends (Podman 5.4)', () => {
    const events = told('f157 Already exists; ed86 Already exists; e400 Pulling fs layer; e400 Download complete');
    expect(percentages(events)).toEqual([undefined, undefined, undefined, undefined]);
    expect(last(events).percentage).toBe(100);
  });
});

describe('recorded streams', () => {
  const tapes = engines().flatMap((engine) => {
    return tapesOf(engine).map(([name, bytes]) => [`${engine}/${name}`, bytes] as const);
  });
  const failure = /missing|refused|wrong|anonymous|garbage|bad/; // some of Podman 4.3 have no end
  const wanted = tapes.filter(([name]) => /\/(?:pull|push|load|import)/.test(name) && !failure.test(name));

  /** The bodies of responses that are progress without an error. */
  function streamsOf(tape: Buffer): string[] {
    const answers = recordedExchanges(tape).filter(({ method, target, status }) => {
      return method === 'POST' && /\/(?:create|load|push)\b/.test(target) && status === 200;
    });
    return answers.map(({ body }) => body.toString()).filter((text) => !text.includes('"errorDetail"'));
  }

  it.each(wanted)('%s ends at 100 percent', (name, tape) => {
    for (const text of streamsOf(tape)) {
      const lines = text.split('\n').filter((line) => line.trim() !== '');
      const events = lines.flatMap((line) => progressEvent(JSON.parse(line)) ?? []);
      const all = snapshots(events);
      expect(faultsIn(all)).toEqual([]);
      // Podman sends no last line of a pull: the stream just ends.
      if (!name.startsWith('podman')) expect(all.at(-1)?.percentage).toBe(100);
      expect(last(events).percentage).toBe(100);
    }
  });

  it.each(['docker-20.10/load', 'docker-20.10/pull', 'docker-20.10/push'])('are there: %s', (wantedName) => {
    expect(wanted.flatMap(([name, tape]) => (name === wantedName ? streamsOf(tape) : []))).not.toEqual([]);
  });
});

describe('a status', () => {
  const numbers: Numbers = { current: 3, total: 10 };
  const waiting = { current: 0, total: undefined };
  const measured = { current: 3, total: 10 };
  // the engine's words, the phase, and the numbers if the event has `numbers`
  it.each([
    ['Pulling fs layer', 'waiting', waiting],
    ['Preparing', 'waiting', waiting],
    ['Waiting', 'waiting', waiting],
    ['Downloading', 'downloading', measured],
    ['Verifying Checksum', 'verifying', waiting],
    ['Download complete', 'downloaded', waiting],
    ['Extracting', 'extracting', measured],
    ['Pushing', 'pushing', measured],
    ['Loading layer', 'loading', measured],
    ['Retrying in 1 second', 'retrying', waiting],
    ['Retrying in 10 seconds', 'retrying', waiting],
    ['Pull complete', 'done', waiting],
    ['Pushed', 'done', waiting],
    ['Already exists', 'existing', waiting],
    ['Layer already exists', 'existing', waiting],
    ['Mounted from library/alpine', 'existing', waiting],
    ['Skipped foreign layer', 'skipped', waiting],
    ['Unavailable', 'skipped', waiting],
    ['Something new', 'working', measured],
    ['', 'working', measured],
  ])('"%s" is %s', (status, phase, expected) => {
    const [snapshot] = snapshots([layer('a', status, numbers)]);
    expect(snapshot?.layers).toEqual([{ id: 'a', phase, status, units: undefined, ...expected }]);
  });

  it.each(['Verifying Checksum', 'Download complete', 'Pull complete', 'Pushed', 'Already exists', 'Mounted from x'])(
    '"%s" makes the layer whole, without numbers of its own',
    (status) => {
      const [, snapshot] = snapshots([layer('a', 'Downloading', { current: 7, total: 10 }), layer('a', status)]);
      expect(snapshot).toMatchObject({ layers: [{ current: 10, total: 10 }], bytes: { current: 10, total: 10 } });
    },
  );
});

describe('numbers', () => {
  it('are cut to the total: Docker 20.10 reports a push of 11 bytes as 10,240 of 11', () => {
    const [snapshot] = snapshots([layer('a', 'Pushing', { current: 10_240, total: 11 })]);
    expect(snapshot).toMatchObject({ layers: [{ current: 11, total: 11 }], bytes: { current: 11, total: 11 } });
  });

  it.each([0, -1, NaN, Infinity, 1e300])('a total of %d is ignored', (total) => {
    const [snapshot] = snapshots([layer('a', 'Downloading', { current: 5, total })]);
    expect(snapshot?.layers).toMatchObject([{ current: 5, total: undefined }]);
    expect(snapshot?.bytes).toEqual({ current: 5, total: 5, totalKnown: false });
  });

  it('keep their last values when they are left out', () => {
    const all = snapshots([
      layer('a', 'Downloading', { current: 5, total: 10 }),
      layer('a', 'Downloading'),
      layer('a', 'Downloading', { current: 7 }),
      layer('a', 'Extracting', { current: 4 }),
      layer('a', 'Extracting'),
    ]);
    expect(all.map(({ layers }) => [layers[0]?.current, layers[0]?.total])).toEqual([
      ...[[5, 10], [5, 10], [7, 10]],
      ...[[4, 10], [4, 10]],
    ]);
  });

  it('in seconds are not counted as bytes: containerd reports an extraction in seconds', () => {
    const all = snapshots([
      headline('Pulling from x'),
      layer('a', 'Downloading', { current: 5, total: 10 }),
      layer('b', 'Downloading', { current: 5, total: 10 }),
      layer('a', 'Download complete'),
      layer('a', 'Extracting', { current: 99, units: 's' }),
      layer('a', 'Pull complete'),
    ]);
    expect(all[4]?.layers[0]).toMatchObject({ phase: 'extracting', current: 99, total: undefined, units: 's' });
    expect(all[4]?.bytes).toEqual({ current: 15, total: 20, totalKnown: true });
    // 15 of 20 bytes downloaded and none of 20 extracted; at the end 10.
    expect(all.slice(3).map(({ percentage }) => percentage)).toEqual([37.5, 37.5, 62.5]);
    expect(all[5]?.layers[0]).toMatchObject({ phase: 'done', current: 10, total: 10, units: undefined });
  });
});

describe('a percentage', () => {
  const step = (id: string, status: string, current: number): LayerEvent => layer(id, status, { current, total: 100 });

  it('counts download and extraction as one half each, weighted by bytes', () => {
    const events = told(`
      Pulling from x; aaaa Pulling fs layer; bbbb Pulling fs layer; aaaa Downloading 100/100
      bbbb Downloading 150/300; bbbb Download complete; aaaa Extracting 50/100`);
    expect(percentages(events).slice(4)).toEqual([31.2, 50, 56.2]); // of 800 bytes: 250, 400, 450
  });

  it('assumes that a layer of unknown size is large, so that it does not rise too early', () => {
    const small = 'aaaa Preparing; bbbb Preparing; aaaa Pushing 1000/1000; aaaa Pushed';
    expect(percentages(told(small)).at(-1)).toBeLessThan(0.01);
    expect(percentages(told(`${small}; bbbb Pushing 3000/3000`)).at(-1)).toBe(99);
  });

  it('has one decimal', () => {
    expect(percentages([layer('a', 'Pushing', { current: 2_134_567, total: 300_603_487 })])).toEqual([0.7]);
  });

  it('is close to the real value while layers of usual but unknown size wait', () => {
    // Eight layers of 40 MB. Engines fetch three at a time; in each step, those three advance by a quarter.
    const ids = [...'abcdefgh'];
    const size = 40_000_000;
    const events = [headline('Pulling from x'), ...ids.map((id) => layer(id, 'Pulling fs layer'))];
    const totals = new ProgressTotals();
    for (const event of events) totals.take(event);
    const errors: number[] = [];
    for (const group of ['abc', 'def', 'gh']) {
      for (const quarters of [1, 2, 3, 4]) {
        for (const id of group) totals.take(layer(id, 'Downloading', { current: (quarters * size) / 4, total: size }));
        const whole = ids.indexOf(group[0] as string) + (group.length * quarters) / 4;
        errors.push((totals.snapshot().percentage ?? 0) - (50 * whole) / ids.length);
      }
    }
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(1.5);
  });

  it('does not assume the size of one large layer for each waiting layer', () => {
    const events = told('Pulling from x; aaaa Pulling fs layer; bbbb Pulling fs layer; cccc Pulling fs layer; dddd Pulling fs layer;' +
      'aaaa Downloading 500000000/1000000000; bbbb Downloading 1000000/2000000');
    // A quarter of one gigabyte. With a gigabyte assumed for each of the two others, it would be below a tenth.
    expect(percentages(events).at(-1)).toBeGreaterThan(14);
  });

  it('assumes that a layer is small if it was transferred before its size was reported', () => {
    const events = told('Pulling from x; aaaa Pulling fs layer; bbbb Downloading 1/100000000; aaaa Download complete');
    expect(percentages(events).at(-1)).toBeLessThan(1);
  });

  it('counts the download alone if there is no "Pulling from", as on Podman', () => {
    expect(percentages([step('a', 'Downloading', 25)])).toEqual([25]);
  });

  it('never falls: not for a new layer, not for a retry', () => {
    const events = [step('a', 'Pushing', 50), layer('b', 'Preparing'), step('b', 'Pushing', 1)];
    const retry = [layer('a', 'Retrying in 5 seconds'), step('a', 'Pushing', 10), step('a', 'Pushing', 99)];
    expect(percentages([...events, ...retry])).toEqual([50, 50, 50, 50, 50, 50]);
  });

  it('starts again at the next image', () => {
    const events = [headline('Pulling from x'), step('a', 'Downloading', 50), headline('Pulling from x')];
    expect(percentages([...events, step('a', 'Downloading', 20)])).toEqual([undefined, 25, undefined, 10]);
  });
});

describe('an event that is not about a layer', () => {
  it('adds no layer, although it has an ID', () => {
    expect(snapshots([headline('Pulling from x', '3.20')])).toMatchObject([
      { group: 1, layers: [], headline: { id: '3.20', status: 'Pulling from x' } },
    ]);
  });

  it.each<ProgressEvent>([
    { type: 'aux', id: 'a', aux: { Digest: 'sha256:1' } },
    { type: 'warning', text: 'WARNING: old' },
  ])('changes nothing as %o', (event) => {
    const [before, after] = snapshots([layer('a', 'Downloading', { current: 1, total: 2 }), event]);
    expect(after).toEqual(before);
  });

  it.each<ProgressEvent>([headline('Something new'), { type: 'stream', text: 'Step 1/2\n' }])(
    'ends a group as %o, which is then as far as it was',
    (event) => {
      const half = layer('a', 'Downloading', { current: 1, total: 2 });
      const [before, after, next] = snapshots([half, event, layer('b', 'Waiting')]);
      expect(after).toEqual(before);
      expect(next).toMatchObject({ group: 2, layers: [{ id: 'b' }] });
    },
  );
});

describe('a snapshot', () => {
  it('does not change with later events', () => {
    const totals = new ProgressTotals();
    totals.take(layer('a', 'Downloading', { current: 1, total: 2 }));
    const snapshot = totals.snapshot();
    const copy = structuredClone(snapshot);
    totals.take(layer('a', 'Download complete'));
    expect(snapshot).toEqual(copy);
  });

  it('is empty before the first event', () => {
    const bytes = { current: 0, total: 0, totalKnown: false };
    const nothing = { group: 0, headline: undefined, layers: [], bytes, percentage: undefined };
    expect(new ProgressTotals().snapshot()).toEqual(nothing);
  });

  it('has at most 4,096 layers', () => {
    const all = last(Array.from({ length: 5000 }, (_, index) => layer(`layer${index}`, 'Waiting')));
    expect(all.layers).toHaveLength(4096);
  });

  it('leaves out layers with an id of more than 256 characters, and cuts statuses of more than 1,024', () => {
    const [longest, longer] = ['a'.repeat(256), 'a'.repeat(257)];
    const status = 'Downloading '.padEnd(2000, 'x');
    const { layers } = last([longest, longer].map((id) => layer(id, status)));
    expect(layers.map(({ id }) => id)).toEqual([longest]);
    expect(layers[0]?.status).toBe(`${status.slice(0, 1023)}\u2026`);
  });
});

describe('events in any order', () => {
  it.each(Object.entries(live))('%s: the percentage never falls, and ends at 100 with the same bytes', (_, text) => {
    const events = told(text);
    for (let seed = 0; seed < 100; seed++) {
      const order = shuffled(events, random(seed));
      expect(faultsIn(snapshots(order))).toEqual([]);
      expect(last(order), `seed ${seed}`).toMatchObject({ percentage: 100, bytes: last(events).bytes });
    }
  });

  it('random events: the snapshot is valid and nothing throws', () => {
    for (let seed = 0; seed < 300; seed++) {
      const next = random(seed);
      expect(faultsIn(snapshots(Array.from({ length: 60 }, () => oddEvent(next))))).toEqual([]);
    }
  });
});

const statuses = [
  ...['Pulling fs layer', 'Waiting', 'Downloading', 'Verifying Checksum', 'Download complete', 'Extracting', 'Pushed'],
  ...['Pull complete', 'Pushing', 'Loading layer', 'Already exists', 'Retrying in 1 second', 'Mounted from x', ''],
];
const lines = ['Pulling from x', 'The push refers to repository [x]', 'Digest: sha256:1', 'Status: ', 'New', ''];
const numbers = [undefined, undefined, 0, -1, 1, 7, 100, 6_002_030, 2 ** 53, 1e300, Infinity, NaN, 0.5];

function oddEvent(next: () => number): ProgressEvent {
  const one = <Value>(values: readonly Value[]): Value => values[integer(next, 0, values.length - 1)] as Value;
  const kind = integer(next, 0, 40);
  if (kind === 0) return headline(one(lines), one([undefined, 'a']));
  if (kind === 1) return { type: 'stream', text: one(['Loaded image: x', 'Step 1/2', '']) };
  if (kind === 2) return { type: 'aux', id: 'a', aux: null };
  if (kind === 3) return { type: 'warning', text: '' };
  const units = one([undefined, undefined, undefined, 's', '']);
  const id = one(['a', 'b', 'c', '__proto__', 'constructor']);
  return layer(id, one(statuses), { current: one(numbers), total: one(numbers), units });
}
