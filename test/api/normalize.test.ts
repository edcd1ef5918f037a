import { describe, expect, it } from 'vitest';
import { historyItem, imageDiskUsage, imageEvent, removeItem, searchResult, withNames } from '../../src/api/normalize.ts';

const hex = 'a'.repeat(64);

describe('one shape, whatever the engine', () => {
  // as each engine says that an image has no name
  it.each([
    ['Docker below API 1.43', ['<none>:<none>'], ['<none>@<none>']],
    ['Docker from API 1.43', [], []],
    ['Podman 4', null, null],
  ])('of an image without a name: %s', (_, RepoTags, RepoDigests) => {
    const image = { Id: 'x', RepoTags, RepoDigests } as unknown as { Id: string; RepoTags: string[]; RepoDigests: string[] };
    expect(withNames(image)).toEqual({ Id: 'x', RepoTags: [], RepoDigests: [] });
  });

  it('of what a removal deleted', () => {
    expect(removeItem({ Deleted: hex })).toEqual({ Deleted: `sha256:${hex}` });
    expect(removeItem({ Deleted: `sha256:${hex}` })).toEqual({ Deleted: `sha256:${hex}` });
    expect(removeItem({ Untagged: 'a:1' })).toEqual({ Untagged: 'a:1' });
  });

  it('of a step of a history, and of an event', () => {
    const step = { Created: 1, CreatedBy: '', Size: 0, Comment: '' };
    expect(historyItem({ ...step, Id: hex, Tags: null as never })).toEqual({ ...step, Id: `sha256:${hex}`, Tags: [] });
    expect(historyItem({ ...step, Id: '<missing>', Tags: ['a'] })).toEqual({ ...step, Id: '<missing>', Tags: ['a'] });
    const event = { Type: 'image', Action: 'tag', time: 1, timeNano: 1 } as const;
    expect(imageEvent({ ...event, Actor: { ID: hex, Attributes: null as never } })).toMatchObject({
      Actor: { ID: `sha256:${hex}`, Attributes: {} },
    });
    expect(imageEvent({ ...event, id: hex, Actor: { ID: 'a:1', Attributes: {} } })).toMatchObject({
      id: `sha256:${hex}`,
      Actor: { ID: 'a:1' },
    });
  });

  it('of what a search found', () => {
    const docker = { name: 'a', description: 'd', star_count: 3, is_official: true, is_automated: false };
    const podman = { Index: 'i', Name: 'a', Description: 'd', Stars: 3, Official: '[OK]', Automated: '', Tag: '' };
    expect(searchResult(docker)).toEqual(docker);
    expect(searchResult(podman)).toEqual(docker);
  });

  it.each([
    ['docker.io/library/alpine', 'alpine'],
    ['docker.io/longshore/tape', 'longshore/tape'],
    ['127.0.0.1:5009/longshore/tape', '127.0.0.1:5009/longshore/tape'],
  ])('of the name %s that Podman found', (Name, name) => {
    expect(searchResult({ Index: 'i', Name, Stars: 0 }).name).toBe(name);
  });

  // As Podman 6.1.1 answers of one image with two names.
  it('of the disk usage of an image with several names', () => {
    const image = { Containers: 0, Created: 1, Id: hex, Labels: {}, ParentId: '', RepoDigests: null, SharedSize: 0, Size: 3251 };
    const answer = { LayersSize: 0, Images: [{ ...image, RepoTags: ['2'] }, { ...image, RepoTags: ['1'] }] };
    const usage = imageDiskUsage(answer, true);
    expect(usage).toMatchObject({ totalCount: 1, totalSize: 3251, reclaimable: 3251 });
    expect(usage.images).toMatchObject([{ Id: `sha256:${hex}`, RepoTags: ['2', '1'] }]);
  });

  // who sums up, its answer
  const summed = { totalSize: 100, reclaimable: 60, totalCount: 2, activeCount: 1 };
  // covers: complaint api-19
  it.each([
    ['the engine, from API 1.52', { ImageUsage: { TotalSize: 100, Reclaimable: 60, TotalCount: 2, ActiveCount: 1 } }],
    ['we, from the list', { LayersSize: 100, Images: [{ Id: 'a', Size: 50, SharedSize: 10, Containers: 1 }, { Id: 'b', Size: 60, SharedSize: 10, Containers: 0 }] }],
    ['we, where the layers are not summed (Podman 4)', { LayersSize: 0, Images: [{ Id: 'a', Size: 40, SharedSize: 0, Containers: 1 }, { Id: 'b', Size: 60, SharedSize: 0, Containers: 0 }] }],
  ])('of the disk usage, summed up by %s', (_, answer) => {
    expect(imageDiskUsage(answer)).toEqual(summed);
  });

  // moby's api/docs/v1.52.yaml: Items of ImageUsage; below, Images
  it.each([
    ['API 1.52', { ImageUsage: { TotalCount: 1, TotalSize: 5, Items: [{ Id: 'a', RepoTags: null, Containers: 0, Size: 5 }] }, Images: [] }],
    ['API 1.51', { LayersSize: 5, Images: [{ Id: 'a', RepoTags: null, Containers: 0, Size: 5 }] }],
  ])('of each image in it, where that is wanted: %s', (_, answer) => {
    const images = [{ Id: 'a', RepoTags: [], RepoDigests: [], Containers: 0, Size: 5 }];
    expect(imageDiskUsage(answer, true)).toMatchObject({ totalSize: 5, totalCount: 1, images });
    expect(imageDiskUsage(answer).images).toBeUndefined();
  });

  it('of the disk usage of no images', () => {
    expect(imageDiskUsage({ LayersSize: 0, Images: null })).toEqual({ totalSize: 0, reclaimable: 0, totalCount: 0, activeCount: 0 });
  });
});
