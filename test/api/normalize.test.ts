import { describe, expect, it } from 'vitest';
import { imageDiskUsage, normalizeNames, readEvent, readHistory, readRemoveItems, readSearchResults } from '../../src/api/normalize.ts';

const hex = 'a'.repeat(64);

describe('the responses of all engines have one form', () => {
  // how each engine writes that an image has no name
  it.each([
    ['Docker below API 1.43', ['<none>:<none>'], ['<none>@<none>']],
    ['Docker from API 1.43', [], []],
    ['Podman 4', null, null],
  ])('of an image without a name: %s', (_, RepoTags, RepoDigests) => {
    const image = { Id: 'x', RepoTags, RepoDigests } as unknown as { Id: string; RepoTags: string[]; RepoDigests: string[] };
    expect(normalizeNames(image)).toEqual({ Id: 'x', RepoTags: [], RepoDigests: [] });
  });

  it('of the items of a removal', () => {
    expect(readRemoveItems([{ Deleted: hex }])).toEqual([{ Deleted: `sha256:${hex}` }]);
    expect(readRemoveItems([{ Deleted: `sha256:${hex}` }])).toEqual([{ Deleted: `sha256:${hex}` }]);
    expect(readRemoveItems([{ Untagged: 'a:1' }])).toEqual([{ Untagged: 'a:1' }]);
  });

  it('of a history item, and of an event', () => {
    const step = { Created: 1, CreatedBy: '', Size: 0, Comment: '' };
    expect(readHistory([{ ...step, Id: hex, Tags: null }])).toEqual([{ ...step, Id: `sha256:${hex}`, Tags: [] }]);
    expect(readHistory([{ ...step, Id: '<missing>', Tags: ['a'] }])).toEqual([{ ...step, Id: '<missing>', Tags: ['a'] }]);
    const event = { Type: 'image', Action: 'tag', time: 1, timeNano: 1 } as const;
    expect(readEvent({ ...event, Actor: { ID: hex, Attributes: null } })).toMatchObject({
      Actor: { ID: `sha256:${hex}`, Attributes: {} },
    });
    expect(readEvent({ ...event, id: hex, Actor: { ID: 'a:1', Attributes: {} } })).toMatchObject({
      id: `sha256:${hex}`,
      Actor: { ID: 'a:1' },
    });
  });

  it('of the results of a search', () => {
    const docker = { name: 'a', description: 'd', star_count: 3, is_official: true, is_automated: false };
    const podman = { Index: 'i', Name: 'a', Description: 'd', Stars: 3, Official: '[OK]', Automated: '', Tag: '' };
    expect(readSearchResults([docker])).toEqual([docker]);
    expect(readSearchResults([podman])).toEqual([docker]);
  });

  it.each([
    ['docker.io/library/alpine', 'alpine'],
    ['docker.io/longshore/tape', 'longshore/tape'],
    ['127.0.0.1:5009/longshore/tape', '127.0.0.1:5009/longshore/tape'],
  ])('of the name %s in a search result of Podman', (Name, name) => {
    expect(readSearchResults([{ Index: 'i', Name, Stars: 0 }])).toMatchObject([{ name }]);
  });

  // The response of Podman 6.1.1 for one image with two names.
  it('of the disk usage of an image with several names', () => {
    const image = { Containers: 0, Created: 1, Id: hex, Labels: {}, ParentId: '', RepoDigests: null, SharedSize: 0, Size: 3251 };
    const answer = { LayersSize: 0, Images: [{ ...image, RepoTags: ['2'] }, { ...image, RepoTags: ['1'] }] };
    const usage = imageDiskUsage(answer, true);
    expect(usage).toMatchObject({ totalCount: 1, totalSize: 3251, reclaimable: 3251 });
    expect(usage.images).toMatchObject([{ Id: `sha256:${hex}`, RepoTags: ['2', '1'] }]);
  });

  // who computes the sums, the response
  const summed = { totalSize: 100, reclaimable: 60, totalCount: 2, activeCount: 1 };
  // covers: complaint api-19
  it.each([
    ['the engine, from API 1.52', { ImageUsage: { TotalSize: 100, Reclaimable: 60, TotalCount: 2, ActiveCount: 1 } }],
    ['we, from the list', { LayersSize: 100, Images: [{ Id: 'a', Size: 50, SharedSize: 10, Containers: 1 }, { Id: 'b', Size: 60, SharedSize: 10, Containers: 0 }] }],
    ['we, if LayersSize is 0 (Podman 4)', { LayersSize: 0, Images: [{ Id: 'a', Size: 40, SharedSize: 0, Containers: 1 }, { Id: 'b', Size: 60, SharedSize: 0, Containers: 0 }] }],
  ])('of the disk usage, computed by %s', (_, answer) => {
    expect(imageDiskUsage(answer)).toEqual(summed);
  });

  // moby's api/docs/v1.52.yaml: Items of ImageUsage; below, Images
  it.each([
    ['API 1.52', { ImageUsage: { TotalCount: 1, TotalSize: 5, Items: [{ Id: 'a', RepoTags: null, Containers: 0, Size: 5 }] }, Images: [] }],
    ['API 1.51', { LayersSize: 5, Images: [{ Id: 'a', RepoTags: null, Containers: 0, Size: 5 }] }],
  ])('of each image in it, if `verbose` is set: %s', (_, answer) => {
    const images = [{ Id: 'a', RepoTags: [], RepoDigests: [], Containers: 0, Size: 5 }];
    expect(imageDiskUsage(answer, true)).toMatchObject({ totalSize: 5, totalCount: 1, images });
    expect(imageDiskUsage(answer).images).toBeUndefined();
  });

  it('of the disk usage of no images', () => {
    expect(imageDiskUsage({ LayersSize: 0, Images: null })).toEqual({ totalSize: 0, reclaimable: 0, totalCount: 0, activeCount: 0 });
  });
});
