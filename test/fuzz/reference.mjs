// Image references, against the grammar of github.com/distribution/reference as that project writes it: its expressions
// (regexp.go) and its steps (normalize.go, reference.go), read by JavaScript's own engine.

import { errors, reference } from './library.mjs';
import { demand, demandSame, mutate } from './random.mjs';

export const name = 'reference';

const HEX = '0123456789abcdef';
const parts = [
  'a', 'library', 'docker.io', 'index.docker.io', 'localhost', 'example.com', 'a.b', 'LOCAL', '[::1]', 'host:5000',
  'my_host.com', 'a--b', 'a__b', 'a.b_c', '0', 'x'.repeat(60),
];
const dictionary = [
  '/', ':', '@', '.', '..', '-', '_', '___', 'A', 'é', ' ', '%2e', '\\', '?', '#', '[', ']', 'sha256:', '\n', '\0', ':5000',
  'a'.repeat(130),
];

export function make(random) {
  const hex = (length) => random.text(HEX, length, length);
  const digest = () =>
    random.pick([
      `sha256:${hex(64)}`, `sha512:${hex(128)}`, `sha384:${hex(96)}`, `sha256:${hex(63)}`, `md5:${hex(32)}`,
      `sha256:${hex(64).toUpperCase()}`,
    ]);
  const path = random.once(20) ? hex(64) : random.list(1, 4, () => random.pick(parts)).join('/');
  const tag = random.once(2) ? `:${random.pick(['latest', '1.0', '_x', '-x', '5000', 'a'.repeat(128), 'a'.repeat(129)])}` : '';
  const text = `${path}${tag}${random.once(4) ? `@${digest()}` : ''}`;
  if (random.once(2)) return { text };
  return {
    text: mutate(
      random,
      Buffer.from(text, 'latin1'),
      dictionary.map((word) => word),
    ).toString('latin1'),
  };
}

export function check({ text }) {
  const expected = text.length > 1024 ? undefined : parseNormalizedNamed(text);
  let parsed;
  try {
    parsed = reference.parseReference(text);
  } catch (error) {
    demand(error instanceof errors.InvalidReferenceError, `an error of ours, not ${error?.stack}`);
    demand(!/[\p{Cc}\p{Cs}]/u.test(error.message), `a message that can be shown, not ${JSON.stringify(error.message)}`);
  }
  demandSame(
    parsed && [parsed.domain, parsed.path, parsed.tag, parsed.digest],
    expected,
    'it is read as distribution/reference reads it',
  );
  let taken = true;
  try {
    reference.parseImage(text);
  } catch {
    taken = false;
  }
  const isId = /^(?:sha256:)?[0-9a-f]{64}$/.test(text);
  demandSame(taken, parsed !== undefined || isId, 'an image is a reference or an ID, and nothing else');
  if (parsed === undefined) return 'refused';
  demandSame(reference.parseReference(reference.formatReference(parsed)), parsed, 'the canonical text is the same reference');
  demandSame(reference.parseReference(reference.familiarReference(parsed)), parsed, 'the familiar text is the same reference');
  demand(/^[A-Za-z0-9._:@\-[\]%]+(\/[A-Za-z0-9._:@\-[\]%]+)*$/.test(reference.encodePath(text)), 'a path that is one');
  return 'read';
}

const alphanumeric = '[a-z0-9]+';
const separator = '(?:[._]|__|[-]+)';
const domainNameComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domainName = `${domainNameComponent}(?:\\.${domainNameComponent})*`;
const domainAndPort = `(?:${domainName}|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?`;
const pathComponent = `${alphanumeric}(?:${separator}${alphanumeric})*`;
const remoteName = `${pathComponent}(?:/${pathComponent})*`;
const namePattern = `(?:${domainAndPort}/)?${remoteName}`;
const digestPattern = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*[:][0-9a-fA-F]{32,}';
const referenceExpression = new RegExp(`^(${namePattern})(?::([\\w][\\w.-]{0,127}))?(?:@(${digestPattern}))?$`);
const nameExpression = new RegExp(`^(?:(${domainAndPort})/)?(${remoteName})$`);

/** ParseNormalizedNamed, as [domain, path, tag, digest], or undefined. */
function parseNormalizedNamed(text) {
  if (/^[a-f0-9]{64}$/.test(text)) return undefined;
  const [domain, remainder] = splitDockerDomain(text);
  const remote = remainder.split(':')[0];
  if (remote.toLowerCase() !== remote) return undefined;
  const matches = referenceExpression.exec(`${domain}${domain && '/'}${remainder}`);
  if (!matches) return undefined;
  const named = nameExpression.exec(matches[1]);
  const path = named ? named[2] : matches[1];
  if (path.length > 255) return undefined;
  // go-digest's Validate: one of its algorithms, and as many hexadecimal digits, in lower case, as that one has.
  if (matches[3] !== undefined && !/^(sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/.test(matches[3]))
    return undefined;
  return [named?.[1] ?? '', path, matches[2], matches[3]];
}

function splitDockerDomain(text) {
  const slash = text.indexOf('/');
  if (slash === -1) return ['docker.io', `library/${text}`];
  let [domain, remote] = [text.slice(0, slash), text.slice(slash + 1)];
  if (domain === 'index.docker.io') domain = 'docker.io';
  else if (domain !== 'localhost' && !/[.:]/.test(domain) && domain.toLowerCase() === domain)
    [domain, remote] = ['docker.io', text];
  return [domain, domain === 'docker.io' && !remote.includes('/') ? `library/${remote}` : remote];
}

export const show = ({ text }) => JSON.stringify(text);

export function* shrink({ text }) {
  for (let at = 0; at < text.length; at++) yield { text: text.slice(0, at) + text.slice(at + 1) };
}
