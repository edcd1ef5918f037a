// Information from the engine: version and info, login, events and disk usage.

import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { parseAddress } from '../../src/config/engine-address.ts';
import { ApiError, ArgumentError, ImageClient, UnauthorizedError, VersionError } from '../../src/index.ts';
import type { Channel, Dialer, ImageEvent } from '../../src/index.ts';
import { dialerFor } from '../../src/system/net/dialer.ts';
import {
  ENGINE,
  HOST,
  LABEL,
  LOGIN,
  REGISTRY_AUTH,
  cleanUp,
  connect,
  failure,
  makeImage,
  repository,
  shown,
} from './support.ts';

const docker = connect();
afterAll(() => cleanUp(docker));

describe('info', () => {
  it('tells of the engine what version tells, and more', async () => {
    const info = await docker.info();
    expect(info).toMatchObject({ ServerVersion: ENGINE.version, OSType: 'linux', Driver: expect.any(String) });
    expect(info.Images).toBeGreaterThanOrEqual(0);
    expect(info.DriverStatus?.every((pair) => pair.length === 2)).toBe(true);
  });
});

describe('checkAuth', () => {
  // Podman takes a registry's word in plain text only from "localhost", whatever its configuration says.
  const registry = ENGINE.isPodman ? REGISTRY_AUTH.replace(/^127\.0\.0\.1(?=:|$)/, 'localhost') : REGISTRY_AUTH;

  it('succeeds with the right password', async () => {
    expect(await docker.checkAuth(registry, LOGIN)).toMatchObject({ Status: 'Login Succeeded' });
  });

  it('is an UnauthorizedError with a wrong one, which it does not repeat', async () => {
    const wrong = { username: LOGIN.username, password: `${LOGIN.password}x` };
    const error = await failure(docker.checkAuth(registry, wrong));
    expect(error).toBeInstanceOf(UnauthorizedError);
    expect(error).toMatchObject({ reason: 'auth', inStream: false });
    expect(String(error)).not.toContain(wrong.password);
  });

  it('has the reason "network" if the connection is refused', async () => {
    expect(await failure(docker.checkAuth('127.0.0.1:1', LOGIN))).toMatchObject({ reason: 'network' });
  });
});

describe('events', () => {
  const seconds = (): number => Date.now() / 1000;
  /** Now, and no millisecond before: engines count in less. The containerd store tells of a removal a moment after it. */
  const end = (): Date => new Date(Date.now() + (ENGINE.isContainerd ? 1000 : 1));

  /** Events until one is as wanted; the test's own time limit is that of the wait. */
  async function until(
    events: AsyncIterable<ImageEvent>,
    wanted: (event: ImageEvent) => boolean,
  ): Promise<ImageEvent[]> {
    const seen: ImageEvent[] = [];
    for await (const event of events) {
      seen.push(event);
      if (wanted(event)) break;
    }
    return seen;
  }

  /** What happens to an image in its life, and its id; the images of others have other ids. */
  async function live(what: string): Promise<string> {
    const { name, id } = await makeImage(docker, what);
    await docker.tag(name, `${repository(what)}:v2`);
    await docker.removeImage(`${repository(what)}:v2`);
    await docker.removeImage(name);
    return id;
  }

  // Podman tells of an import only that the image got a name.
  const life = new Set(ENGINE.isPodman ? ['tag', 'untag', 'delete'] : ['import', 'tag', 'untag', 'delete']);

  it('are seen as they happen', async () => {
    const controller = new AbortController();
    const seen: ImageEvent[] = [];
    const events = docker.events({ signal: controller.signal });
    const listen = async (): Promise<void> => {
      for await (const event of events) seen.push(event);
    };
    await events.ready; // from here on, none is missed
    const listening = failure(listen());
    const id = await live('events-live');
    const ofIt = (): ImageEvent[] => seen.filter((event) => event.Actor.ID === id);
    // Both names come and go; and an import and the end of it, or on Podman an end for each name.
    while (ofIt().length < 6) await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort(new Error('heard enough'));
    expect(await listening).toBe(controller.signal.reason);
    expect(new Set(ofIt().map((event) => event.Action))).toEqual(life);
    for (const event of ofIt()) {
      expect(event).toMatchObject({ Type: 'image', Actor: { ID: id } });
      expect(Math.abs(event.time - seconds())).toBeLessThan(60);
      expect(Math.floor(event.timeNano / 1e9)).toBe(event.time);
    }
  });

  it('of the past come in order on Docker, and end', async () => {
    const since = Math.floor(seconds());
    const id = await live('events-past');
    const seen: ImageEvent[] = [];
    for await (const event of docker.events({ since, until: end() })) seen.push(event);
    const ofIt = seen.filter((event) => event.Actor.ID === id);
    expect(new Set(ofIt.map((event) => event.Action))).toEqual(life);
    expect(ofIt[0]?.Action).toBe('tag');
    if (ENGINE.isPodman) return; // its log is not sorted: an event gets its time before it is written, and others may be written in between
    const times = seen.map((event) => event.time);
    expect(times).toEqual([...times].sort((one, other) => one - other));
  });

  it('are filtered, and only of images', async () => {
    const since = Math.floor(seconds());
    const id = await live('events-filter');
    for (const wanted of [['tag', 'untag'], ['delete']]) {
      const actions = new Set<string>();
      for await (const event of docker.events({ since, until: end(), filters: { event: wanted } })) {
        expect(event.Type).toBe('image');
        if (event.Actor.ID === id) actions.add(event.Action);
      }
      expect(actions).toEqual(new Set(wanted));
    }
  });

  it('name the image, or its id', async () => {
    const since = Math.floor(seconds());
    const { name, id } = await makeImage(docker, 'events-name');
    const seen = await until(docker.events({ since }), (event) => event.Actor.ID === id && event.Action === 'tag');
    expect(seen.at(-1)?.Actor.Attributes).toMatchObject({ name: shown(name) });
  });

  it('end with the reason of their signal', async () => {
    const controller = new AbortController();
    const reason = new Error('heard enough');
    const listening = failure(until(docker.events({ signal: controller.signal }), () => false));
    await docker.ping();
    controller.abort(reason);
    expect(await listening).toBe(reason);
  });

  it('end when their loop is left, and the engine has no listener more', async () => {
    const listeners = async (): Promise<number> => Number((await docker.info())['NEventsListener'] ?? 0);
    const before = await listeners();
    const { id } = await makeImage(docker, 'events-break');
    const since = Math.floor(seconds()) - 60;
    const seen = await until(docker.events({ since }), (event) => event.Actor.ID === id);
    expect(seen.length).toBeGreaterThan(0);
    // Podman does not count them.
    while (!ENGINE.isPodman && (await listeners()) > before) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('go on after a lost connection, with those of the time without one, and none twice', async () => {
    const { name, id } = await makeImage(docker, 'events-lost');
    const { address, dial } = dialerFor(parseAddress(HOST));
    const channels: Channel[] = [];
    const dialer: Dialer = { address, dial: async (options) => {
      const channel = await dial(options);
      channels.push(channel);
      return channel;
    } };
    const client = new ImageClient({ dialer });
    const tagged = (tag: string): Promise<void> => docker.tag(name, `${repository('events-lost')}:${tag}`);
    const events = client.events({ reconnect: true });
    await events.ready;
    await tagged('before');
    const seen: string[] = [];
    for await (const event of events) {
      if (event.type === 'reconnected') seen.push(`complete: ${event.complete}`);
      else if (event.Action === 'tag' && event.Actor.ID === id) seen.push(event.Actor.Attributes?.['name']?.replace(/.*:/, '') ?? '');
      else continue;
      if (seen.at(-1) === 'before') {
        for (const { owner } of channels) owner.onError(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
        await tagged('meanwhile');
      }
      if (seen.at(-1) === 'meanwhile') await tagged('end');
      if (seen.at(-1) === 'end') break;
    }
    client.close();
    expect(seen).toEqual(['before', 'complete: true', 'meanwhile', 'end']);
  });

  it('since a time that is none are refused before anything is sent', () => {
    expect(() => docker.events({ since: NaN })).toThrow(ArgumentError);
  });
});

describe('diskUsage', () => {
  it('counts an image, and all that it takes', async () => {
    const { images, ...before } = await docker.diskUsage();
    expect(images).toBeUndefined();
    for (const sum of Object.values(before)) expect(sum).toBeGreaterThanOrEqual(0);
    const files = { random: randomBytes(2_000_000) };
    await docker.importImageFromData(files, { repository: repository('usage'), changes: [`LABEL ${LABEL}`] });
    const after = await docker.diskUsage();
    expect(after.totalSize).toBeGreaterThan(2_000_000);
    expect(after.totalCount).toBeGreaterThan(0);
    expect(after.reclaimable).toBeGreaterThan(2_000_000);
    expect(after.reclaimable).toBeLessThanOrEqual(after.totalSize);
    expect(after.activeCount).toBeLessThanOrEqual(after.totalCount);
  });
});

describe('images with sharedSize', () => {
  it('tells what images share from API 1.42 on, and is a VersionError before, and on Podman', async () => {
    const files = { random: randomBytes(100_000) };
    const name = repository('shared');
    const options = { changes: [`LABEL ${LABEL}`] };
    await docker.importImageFromData(files, { ...options, repository: `${name}:v1` });
    const listing = docker.images({ name, sharedSize: true });
    if (!(await docker.supports('images.sharedSize'))) {
      expect(await failure(listing)).toMatchObject({ subject: 'images.sharedSize', needed: expect.stringMatching(/^(?:1\.42|Docker)$/) });
      return;
    }
    expect((await listing).map((image) => image.SharedSize)).toEqual([0]);
    // The same file system with another configuration.
    await docker.importImageFromData(files, { ...options, repository: `${name}:v2`, message: 'another' });
    const shared = (await docker.images({ name, sharedSize: true })).map((image) => image.SharedSize);
    expect(shared).toHaveLength(2);
    for (const size of shared) expect(size).toBeGreaterThanOrEqual(100_000);
  });
});

describe('imageAttestations', () => {
  it('gives what was attested from API 1.55 on, and is a VersionError before', async () => {
    const { name } = await makeImage(docker, 'attestations');
    const call = docker.imageAttestations(name);
    if (await docker.supports('imageAttestations')) return void expect(await call).toEqual([]);
    const error = await failure(call);
    expect(error).toBeInstanceOf(VersionError);
    expect(error).toMatchObject({ subject: 'imageAttestations', needed: ENGINE.isPodman ? 'Docker' : '1.55' });
  });
});

describe('supports', () => {
  it('tells what every engine has, and what only some have', async () => {
    for (const subject of ['images', 'push', 'images.filters', 'pull.platform', 'removeImage.force']) {
      expect(await docker.supports(subject), subject).toBe(true);
    }
    expect(await docker.supports('inspectDistribution')).toBe(!ENGINE.isPodman);
    const minor = Number((await docker.apiVersion()).split('.')[1]);
    const late = { 'images.sharedSize': 42, 'inspectImage.platform': 49, 'removeImage.platforms': 50 };
    for (const [subject, since] of Object.entries(late)) {
      expect(await docker.supports(subject), subject).toBe(!ENGINE.isPodman && minor >= since);
    }
    expect(await docker.supports('images.manifests')).toBe(ENGINE.isContainerd);
  });

  it('asks the containerd store before it says that manifests are heeded', async () => {
    expect(await docker.supports('inspectImage.manifests')).toBe(ENGINE.isContainerd);
  });

  it('is an ArgumentError for a word that means nothing', async () => {
    expect(await failure(docker.supports('images.longshore'))).toBeInstanceOf(ArgumentError);
    expect(await failure(docker.supports('longshore'))).not.toBeInstanceOf(ApiError);
  });
});
