import { describe, expect, it } from 'vitest';
import { endpoints } from '../../src/api/endpoints.ts';
import type { Endpoint } from '../../src/api/parameters.ts';
import { redactedTarget } from '../../src/api/redaction.ts';

describe('redactedTarget', () => {
  // target | redacted target
  it.each([
    ['/_ping', '/_ping'],
    ['/v1.41/images/h:5000/a:1/json', '/v1.41/images/h:5000/a:1/json'],
    ['/v1.41/images/create?fromImage=a&tag=sha256%3A00', '/v1.41/images/create?fromImage=a&tag=sha256%3A00'],
    ['/x?fromSrc=https%3A%2F%2Fu%3Ahunter2%40h%2Fx&repo=a', '/x?fromSrc=[redacted]&repo=a'],
    ['/x?fromSrc=-&changes=ENV+T%3Dhunter2&changes=CMD+x', '/x?fromSrc=-&changes=[redacted]&changes=[redacted]'],
    // parameters that only `request` sends
    ['/build?buildargs=%7B%22T%22%3A%22hunter2%22%7D&t=a', '/build?buildargs=[redacted]&t=[redacted]'],
    ['/x?a=hunter2=hunter2&b', '/x?a=[redacted]&b'],
    ['/x?=hunter2', '/x?=[redacted]'],
    ['/x?a=hunter2?repo=hunter2', '/x?a=[redacted]'],
    // user information anywhere; a password may contain "@", "/" and ":"
    ['/x/https://u:hunter2@h/y', '/x/https://[redacted]@h/y'],
    ['/x/https://u:hunter2@hunter2/@h/y?all=1', '/x/https://[redacted]@h/y?all=1'],
    ['/images/search?term=https%3A%2F%2Fu%3Ahunter2%40h&limit=1', '/images/search?term=https%3A%2F%2F[redacted]%40h&limit=1'],
    ['/images/search?term=https%3a%2f%2fhunter2%40h', '/images/search?term=https%3a%2f%2f[redacted]%40h'],
    ['/v1.41/images/h/a@sha256:00/json', '/v1.41/images/h/a@sha256:00/json'],
  ])('shows %s as %s', (target, shown) => {
    expect(redactedTarget(target)).toBe(shown);
  });

  it('shows the values of all parameters in the endpoint table, except a URL to fetch and changes', () => {
    const parameters = Object.values<Endpoint>(endpoints).flatMap((row) => Object.values(row.parameters));
    const wires = parameters.map(({ wire }) => wire);
    const hidden = [...new Set(wires)].filter((wire) => redactedTarget(`/x?${wire}=value`) !== `/x?${wire}=value`);
    expect(hidden).toEqual(['fromSrc', 'changes']);
  });
});
