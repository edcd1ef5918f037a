import { describe, expect, it } from 'vitest';
import { endpoints } from '../../src/api/endpoints.ts';
import type { Endpoint } from '../../src/api/parameters.ts';
import { redactedTarget } from '../../src/api/redacted-target.ts';

describe('a target as errors show it', () => {
  // as it is sent | as it is shown
  it.each([
    ['/_ping', '/_ping'],
    ['/v1.41/images/h:5000/a:1/json', '/v1.41/images/h:5000/a:1/json'],
    ['/v1.41/images/create?fromImage=a&tag=sha256%3A00', '/v1.41/images/create?fromImage=a&tag=sha256%3A00'],
    ['/x?fromSrc=https%3A%2F%2Fu%3Ahunter2%40h%2Fx&repo=a', '/x?fromSrc=[redacted]&repo=a'],
    ['/x?fromSrc=-&changes=ENV+T%3Dhunter2&changes=CMD+x', '/x?fromSrc=-&changes=[redacted]&changes=[redacted]'],
    // what `request` sends and no method does
    ['/build?buildargs=%7B%22T%22%3A%22hunter2%22%7D&t=a', '/build?buildargs=[redacted]&t=[redacted]'],
    ['/x?a=hunter2=hunter2&b', '/x?a=[redacted]&b'],
    ['/x?=hunter2', '/x?=[redacted]'],
    ['/x?a=hunter2?repo=hunter2', '/x?a=[redacted]'],
    // user information wherever it stands; a password may hold "@", "/" and ":"
    ['/x/https://u:hunter2@h/y', '/x/https://[redacted]@h/y'],
    ['/x/https://u:hunter2@hunter2/@h/y?all=1', '/x/https://[redacted]@h/y?all=1'],
    ['/images/search?term=https%3A%2F%2Fu%3Ahunter2%40h&limit=1', '/images/search?term=https%3A%2F%2F[redacted]%40h&limit=1'],
    ['/images/search?term=https%3a%2f%2fhunter2%40h', '/images/search?term=https%3a%2f%2f[redacted]%40h'],
    ['/v1.41/images/h/a@sha256:00/json', '/v1.41/images/h/a@sha256:00/json'],
  ])('%s is %s', (target, shown) => {
    expect(redactedTarget(target)).toBe(shown);
  });

  it('has every value of the table but those of a URL to fetch and of changes', () => {
    const parameters = Object.values<Endpoint>(endpoints).flatMap((row) => Object.values(row.parameters));
    const wires = parameters.map(({ wire }) => wire);
    const hidden = [...new Set(wires)].filter((wire) => redactedTarget(`/x?${wire}=value`) !== `/x?${wire}=value`);
    expect(hidden).toEqual(['fromSrc', 'changes']);
  });
});
