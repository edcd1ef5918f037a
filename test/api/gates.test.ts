// What Podman takes and does not heed, and the API version does not tell: a VersionError before a byte of the call is sent.
// Each was seen on the engines that fixtures/engines names.

import { afterEach, describe, expect, it } from 'vitest';
import { ImageClient } from '../../src/client/image-client.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';

let engine: FakeEngine;
let client: ImageClient;
afterEach(async () => {
  client.close();
  await engine.close();
});

/** Speaks that version of the API, and names itself so. */
async function start(server: string, api: string, pinned?: string): Promise<void> {
  engine = await fakeEngine(() => ({ ImagesDeleted: [], SpaceReclaimed: 0 }), api, { Server: server });
  client = new ImageClient({ host: engine.host, version: pinned });
}

const calls = (): string[] => engine.asked.map(({ target }) => target).filter((target) => target !== '/_ping');

const PODMAN_4 = ['Libpod/4.3.1 (linux)', '1.41'] as const;
const PODMAN_6 = ['Libpod/6.1.1 (linux)', '1.44'] as const;

describe('pruneImages with several labels on Podman before 5.2, which treats them as alternatives', () => {
  it.each([
    { label: ['a', 'b'] },
    { label: 'a', 'label!': 'keep' },
    { dangling: true, label: ['a=1', 'b=2', 'c'] },
  ])('sends nothing for %j', async (filters) => {
    for (const pinned of [undefined, '1.41']) {
      await start(...PODMAN_4, pinned);
      const message = /pruneImages\.filters with a label and another filter by label needs Podman 5\.2, and this engine is Podman 4\.3\.1/;
      await expect(client.pruneImages({ filters })).rejects.toMatchObject({
        subject: 'pruneImages.filters', needed: 'Podman 5.2', message: expect.stringMatching(message),
      });
      expect(calls()).toEqual([]);
      client.close();
      await engine.close();
    }
    await start(...PODMAN_6);
    await client.pruneImages({ filters });
    expect(calls()).toHaveLength(1);
  });

  it.each([{}, { label: 'a' }, { 'label!': 'a' }, { 'label!': ['a', 'b'] }, { label: ['a', 'a'] }])('is sent for %j', async (filters) => {
    await start(...PODMAN_4);
    await client.pruneImages({ filters });
    expect(calls()).toHaveLength(1);
  });
});

describe('importImage on Podman, whose images have no field for ONBUILD', () => {
  it.each(['ONBUILD RUN true', ' onbuild USER 1'])('refuses %j', async (change) => {
    await start(...PODMAN_6);
    const importing = client.importImageFromData({ a: 'b' }, { changes: ['USER 1', change] });
    await expect(importing).rejects.toMatchObject({
      subject: 'importImage.changes', needed: 'Docker', message: expect.stringContaining('importImage.changes with ONBUILD needs Docker'),
    });
    expect(calls()).toEqual([]);
  });

  it('accepts every other instruction, also one with the word in its value', async () => {
    await start(...PODMAN_6);
    await Promise.resolve(client.importImageFromData({ a: 'b' }, { changes: ['ENV A=ONBUILD', 'LABEL ONBUILD=1'] })).catch(() => {});
    expect(calls()[0]).toContain('/images/create?');
  });
});

describe('diskUsage on Podman, which ignores the parameter type', () => {
  it('does not send the parameter', async () => {
    await start(...PODMAN_6);
    expect(await client.supports('diskUsage.type')).toBe(false);
    await client.diskUsage().catch(() => {});
    expect(calls()[0]).toBe('/v1.44/system/df');
  });
});

describe('importImage with a platform on Docker 20.10, which ignores the platform', () => {
  const DOCKER_20 = 'Docker/20.10.24+dfsg1 (linux)';
  const message = 'importImage.platform needs Docker 23.0, and this engine is Docker 20.10.24+dfsg1, which ignores it';

  it.each([undefined, '1.41'])('is refused (version pinned: %s)', async (pinned) => {
    await start(DOCKER_20, '1.41', pinned);
    const importing = client.importImageFromData({ a: 'b' }, { platform: 'linux/arm64' });
    await expect(importing).rejects.toMatchObject({ subject: 'importImage.platform', needed: 'Docker 23.0', message });
    expect(await client.supports('importImage.platform')).toBe(false);
    expect(calls()).toEqual([]);
  });

  it('does not send the platform that is only the default of the client', async () => {
    await start(DOCKER_20, '1.41');
    client = new ImageClient({ host: engine.host, defaultPlatform: 'linux/arm64' });
    await Promise.resolve(client.importImageFromData({ a: 'b' })).catch(() => {});
    expect(calls()[0]).toBe('/v1.41/images/create?fromSrc=-');
  });

  it.each([['Docker/23.0.1 (linux)', '1.42'], ['Docker/28.5.2 (linux)', '1.51'], PODMAN_4, ['nginx', '1.41']] as const)('is sent to %s', async (server, api) => {
    await start(server, api);
    await Promise.resolve(client.importImageFromData({ a: 'b' }, { platform: 'linux/arm64' })).catch(() => {});
    expect(calls()[0]).toContain('platform=linux%2Farm64');
  });
});
