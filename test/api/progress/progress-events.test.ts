import { describe, expect, it } from 'vitest';
import { progressEvent } from '../../../src/api/progress/progress-events.ts';

describe('progressEvent', () => {
  // the value as an engine sends it, the event
  it.each<[object, object | undefined]>([
    [{ status: 'Pulling from library/x', id: 'latest' }, { type: 'headline', id: 'latest', status: 'Pulling from library/x' }],
    [{ status: 'Waiting', progressDetail: {}, id: 'ab' }, { type: 'layer', id: 'ab', status: 'Waiting', current: undefined, total: undefined, units: undefined }],
    [{ status: 'Downloading', progressDetail: { current: 5, total: 10 }, progress: '[=> ]', id: 'ab' }, { type: 'layer', id: 'ab', status: 'Downloading', current: 5, total: 10, units: undefined }],
    [{ status: 'Extracting', progressDetail: { current: 3, units: 's' }, id: 'ab' }, { type: 'layer', id: 'ab', status: 'Extracting', current: 3, total: undefined, units: 's' }],
    [{ status: 'Pushing', progressDetail: { current: 1, total: -1 }, id: 'ab' }, { type: 'layer', id: 'ab', status: 'Pushing', current: 1, total: undefined, units: undefined }],
    [{ stream: 'Loaded image: x:1\n' }, { type: 'stream', text: 'Loaded image: x:1\n' }],
    [{ progressDetail: {}, aux: { Tag: '1', Digest: 'sha256:0', Size: 1 } }, { type: 'aux', id: undefined, aux: { Tag: '1', Digest: 'sha256:0', Size: 1 } }],
    [{ status: 'WARNING: old schema' }, { type: 'warning', text: 'WARNING: old schema' }],
    [{ status: 'Image docker.io/library/x:1 uses outdated schema1 manifest format. Please upgrade' }, { type: 'warning', text: 'Image docker.io/library/x:1 uses outdated schema1 manifest format. Please upgrade' }],
    [{ status: ' Warning: old' }, { type: 'warning', text: ' Warning: old' }],
    [{ status: '[WARNING] old' }, { type: 'warning', text: '[WARNING] old' }],
    [{ status: 'WARN: old' }, { type: 'warning', text: 'WARN: old' }],
    [{ status: 'DEPRECATED: old' }, { type: 'warning', text: 'DEPRECATED: old' }],
    [{ status: '[DEPRECATION NOTICE] old' }, { type: 'warning', text: '[DEPRECATION NOTICE] old' }],
    [{ status: 'WARNING: old', progressDetail: {}, id: 'ab' }, { type: 'warning', text: 'WARNING: old' }],
    [{ status: 'Warning up', id: 'ab' }, { type: 'headline', id: 'ab', status: 'Warning up' }],
    [{ status: 'Image is up to date' }, { type: 'headline', id: undefined, status: 'Image is up to date' }],
    [{ status: 'Digest: sha256:0' }, { type: 'headline', id: undefined, status: 'Digest: sha256:0' }],
    [{}, undefined],
    [{ status: 7 }, undefined],
  ])('reads %j by its members', (value, event) => {
    expect(progressEvent(value as Record<string, unknown>)).toEqual(event);
  });
});
