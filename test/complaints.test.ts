// Complaints of users of other clients, and differences between the documents of the Engine API and the engines. Each has a test
// in complaints/, by theme, or is covered by a test elsewhere, or is left out for a reason.
//
// `py` numbers the complaints about docker-py, `js` those about the clients in JavaScript, and `api` the differences.

import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allCovered } from './support/covers.ts';

const folder = new URL('complaints/', import.meta.url);
const texts = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'));
const idsOf = (pattern: RegExp): string[] => texts.flatMap((text) => [...text.matchAll(pattern)].map(([, id = '']) => id));
const points = idsOf(/\bpoint\('((?:py|js|api)-\d+)/g);
/** The ids that the tests in complaints/ carry. An id that is declared with `it` may have several tests, or add to a point. */
const tested = [...points, ...new Set(idsOf(/\bit\([`']((?:py|js|api)-\d+)/g).filter((id) => !points.includes(id)))];

/** A complaint that a test in another file covers. */
interface Covered {
  readonly id: string;
  readonly claim: string;
  /** Below test/. */
  readonly file: string;
}

const coveredElsewhere: readonly Covered[] = [
  { id: 'py-1', claim: 'A pull that fails in its stream rejects, also when it is awaited.', file: 'client/progress-stream.test.ts' },
  { id: 'py-7', claim: 'What the engine told before its error is given first, so that a caller sees how far it came.',
    file: 'client/progress-stream.test.ts' },
  { id: 'py-8', claim: 'A save is given as it comes, and the engine waits for a slow reader.', file: 'client/archive-stream.test.ts' },
  { id: 'py-9', claim: 'The chunks of a save have exactly the size asked for, but for the last.', file: 'client/archive-stream.test.ts' },
  { id: 'py-12', claim: 'A save by id is one without names, where the engine\'s store drops them.', file: 'live/archives.test.ts' },
  { id: 'py-16', claim: 'A load asks for progress unless it is told to be quiet.', file: 'client/image-client.test.ts' },
  { id: 'py-21', claim: 'A pull without a tag is one of "latest".', file: 'client/image-client.test.ts' },
  { id: 'py-22', claim: 'A push without a tag is one of "latest".', file: 'client/image-client.test.ts' },
  { id: 'py-23', claim: 'Of a tag and a digest in one reference the digest is pulled.', file: 'client/image-client.test.ts' },
  { id: 'py-27', claim: 'Progress can be iterated, and the result asked for afterwards.', file: 'client/progress-stream.test.ts' },
  { id: 'py-28', claim: 'A list by name is a filter by reference.', file: 'client/image-client.test.ts' },
  { id: 'py-29', claim: 'The filters that a caller gave are left alone, and a name joins them.', file: 'client/image-client.test.ts' },
  { id: 'py-32', claim: 'Credentials go in the alphabet and with the padding that engines read.', file: 'api/credentials.test.ts' },
  { id: 'py-34', claim: 'A missing helper breaks no client, and of its calls those alone for which it would be asked.',
    file: 'client/docker-credentials.test.ts' },
  { id: 'py-35', claim: 'A key of config.json counts in any spelling, for its own repositories, the most specific first.',
    file: 'config/stored-credentials.test.ts' },
  { id: 'py-37', claim: 'A broken entry of config.json is an error for its own registry alone.',
    file: 'config/stored-credentials.test.ts' },
  { id: 'py-38', claim: 'The files that real logins wrote are read as the programs that wrote them do.',
    file: 'config/stored-credentials.test.ts' },
  { id: 'py-43', claim: 'Nothing that is installed along can break it: nothing is.', file: 'package.test.ts' },
  { id: 'py-44', claim: 'A context that is not there is an error, and never the default socket.', file: 'system/find-engine.test.ts' },
  { id: 'py-45', claim: 'The version is asked of the engine once, by the first call.', file: 'client/engine.test.ts' },
  { id: 'py-47', claim: 'A method gives a promise, or what can be awaited and iterated.', file: 'client/progress-stream.test.ts' },
  { id: 'py-48', claim: 'An error body of any form becomes an error with the words in it.', file: 'api/api-error.test.ts' },
  { id: 'py-49', claim: 'Values are told apart by their own syntax, however lines and characters are cut by reads.',
    file: 'api/progress/json-stream.test.ts' },
  { id: 'py-50', claim: 'A look at a registry is refused on Podman, which has no such thing.', file: 'client/progress-operations.test.ts' },

  { id: 'js-2', claim: 'An error in the stream rejects in every way in which the stream can be read.',
    file: 'client/progress-stream.test.ts' },
  { id: 'js-3', claim: 'A load resolves to the references and ids that it loaded.', file: 'client/progress-stream.test.ts' },
  { id: 'js-4', claim: 'A load of bytes that are not an image rejects, although the status is 200.', file: 'live/archives.test.ts' },
  { id: 'js-8', claim: 'No parser of others can change beneath it.', file: 'package.test.ts' },
  { id: 'js-11', claim: 'A tag succeeds with 201 alone, because engines answer 200 where they have tagged nothing.',
    file: 'live/faults.test.ts' },
  { id: 'js-13', claim: 'An option by another name, as other clients have it for credentials, is refused.',
    file: 'client/image-client.test.ts' },
  { id: 'js-15', claim: 'The manual shows how to give credentials for every kind of registry.', file: 'documentation.test.ts' },
  { id: 'js-16', claim: 'Who is logged in by the docker command need not log in again.', file: 'live/credentials.test.ts' },
  { id: 'js-17', claim: 'A credential helper is asked by its own protocol.', file: 'system/programs/credential-helper.test.ts' },
  { id: 'js-18', claim: 'A push without credentials sends the header that old engines want.', file: 'client/engine.test.ts' },
  { id: 'js-19', claim: 'The header has its padding and its alphabet for JSON of every length.', file: 'api/credentials.test.ts' },
  { id: 'js-22', claim: 'A password given as a secret shows itself in no log, message or JSON.', file: 'api/credentials.test.ts' },
  { id: 'js-23', claim: 'A helper without credentials is not a failure; a helper that fails is an error.',
    file: 'client/docker-credentials.test.ts' },
  { id: 'js-24', claim: 'A helper is asked for the key that docker has for the registry, whatever address it answers with.',
    file: 'client/docker-credentials.test.ts' },
  { id: 'js-25', claim: 'A signal ends a call in its middle with its own reason.', file: 'client/progress-stream.test.ts' },
  { id: 'js-27', claim: 'An upload that an engine refuses stops, and the refusal is what the caller sees.',
    file: 'connection/early-response.test.ts' },
  { id: 'js-28', claim: 'Files pass through without being held in memory, both ways.', file: 'live/faults.test.ts' },
  { id: 'js-29', claim: 'Silence in the middle of an answer has a limit of its own, where one is given.',
    file: 'connection/connection-pool.test.ts' },
  { id: 'js-31', claim: 'A connection that is free carries the next call.', file: 'connection/connection-pool.test.ts' },
  { id: 'js-32', claim: 'There is one option for where the engine is, and two answers to that question are refused.',
    file: 'client/image-client.test.ts' },
  { id: 'js-33', claim: 'Which engine is meant is found as the docker command finds it, contexts and their TLS included.',
    file: 'system/find-engine.test.ts' },
  { id: 'js-34', claim: 'DOCKER_CONFIG names a folder.', file: 'system/find-engine.test.ts' },
  { id: 'js-35', claim: 'Certificates are PEM or paths, and an error names the file that is at fault.',
    file: 'system/tls/tls-material.test.ts' },
  { id: 'js-41', claim: "ssh is the system's own, with its configuration and its agents.", file: 'system/programs/ssh-dialer.test.ts' },
  { id: 'js-42', claim: 'No ssh outlives its client.', file: 'system/programs/ssh-dialer.test.ts' },
  { id: 'js-36', claim: 'An engine whose oldest version is newer than ours is an error that has both ranges.',
    file: 'client/engine.test.ts' },
  { id: 'js-37', claim: 'Filters are an object of plain values; callers do not need to know their form on the wire.',
    file: 'api/filters.test.ts' },
  { id: 'js-43', claim: 'Nothing is compiled and nothing runs at installation.', file: 'package.test.ts' },
  { id: 'js-45', claim: 'What would be published can be installed and loaded, by import and by require.', file: 'package/tarball.test.ts' },
  { id: 'js-47', claim: 'No package of others comes with it that could need an update.', file: 'package.test.ts' },
  { id: 'js-49', claim: 'It reaches Unix sockets by sockets of its own, and uses no fetch.', file: 'architecture.test.ts' },

  { id: 'api-1', claim: 'A load always sends the parameter `quiet`, because its default is true.',
    file: 'live/archives.test.ts' },
  { id: 'api-3', claim: 'A push always has the credentials header; without credentials its value is an empty object.',
    file: 'client/engine.test.ts' },
  { id: 'api-8', claim: 'The engine rejects a filter that it does not know, and the error contains its message.',
    file: 'live/images.test.ts' },
  { id: 'api-10', claim: 'Every failure status becomes an error of the matching class.', file: 'api/api-error.test.ts' },
  { id: 'api-13', claim: 'A save of an empty list of images is rejected.', file: 'client/image-client.test.ts' },
  { id: 'api-14', claim: 'If an engine sends null for a list, the result is an empty list.', file: 'client/image-client.test.ts' },
  { id: 'api-15', claim: 'Wrong credentials have the reason "auth", also if the engine sends status 500.',
    file: 'api/api-error.test.ts' },
  { id: 'api-16', claim: 'If a registry requires credentials, the reason is "auth", whatever the status.', file: 'live/registry.test.ts' },
  { id: 'api-19', claim: 'Disk usage is the same, whether the engine sums it up or sends the lists that it came from.',
    file: 'api/normalize.test.ts' },
];

const BUILD = 'It is about building images, which this client does not do.';

/** The complaints without a test, and why. */
const leftOut: ReadonlyArray<{ readonly id: string; readonly reason: string }> = [
  { id: 'py-42', reason: 'It is about named pipes, which need Windows, and about containers.' },
  { id: 'js-20', reason: 'It is about X-Registry-Config, which only builds send.' },
  { id: 'js-21', reason: BUILD },
  { id: 'js-46', reason: 'test/package/tarball.test.ts limits the size of the package; js-43 and js-47 cover the cause.' },
  { id: 'js-48', reason: 'test/matrix/matrix.mjs runs Bun and Deno; js-49 covers what they need.' },
  { id: 'api-5', reason: BUILD },
  { id: 'api-17', reason: 'It is about the cache of builds, which this client leaves alone.' },
];

it('each complaint that another file covers is covered there, by one test', () => {
  expect(allCovered('complaint')).toEqual(coveredElsewhere.map(({ id, file }) => `${file}: complaint ${id} 1`).sort());
});

describe('the complaints', () => {
  it('are all listed, each once', () => {
    const all = [...tested, ...[...coveredElsewhere, ...leftOut].map(({ id }) => id)];
    const counted = (list: string, length: number): string[] => Array.from({ length }, (_, n) => `${list}-${n + 1}`);
    const due = [...counted('py', 50), ...counted('js', 51), ...counted('api', 20)];
    expect(all.sort()).toEqual(due.sort());
  });

  it('without a test have a reason', () => {
    for (const { id, reason } of leftOut) expect(reason, id).toMatch(/^\S.{20,}\.$/);
  });
});
