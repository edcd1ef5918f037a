// config.json with any content: a registry gets only the credentials of its own entry, and no error shows any.

import { encodeRegistryAuth, errors, findCredentials, parseDockerConfig } from './library.mjs';
import { demand, demandSame } from './random.mjs';

export const name = 'config';

const SECRET = 'hunter2-of-the-fuzzer';
const HOSTS = ['a.example', 'b.example:5000', 'localhost:5000', '[::1]:5000'];
const spellings = [
  (host) => host, (host) => `https://${host}`, (host) => `http://${host}/`, (host) => `https://${host}/v2/`,
  (host) => `${host}/v1/`, (host) => `${host}/team`, (host) => `${host}/team/app`, (host) => host.toUpperCase(),
  (host) => `${host}//`, (host) => `https://${host}/team`,
];
const base64 = (text) => Buffer.from(text).toString('base64');
const entries = [
  () => ({ auth: base64(`user:${SECRET}`) }), () => ({ auth: base64(`user:${SECRET}:more\0\0`) }), () => ({}), () => null,
  () => ({ auth: base64(SECRET) }), () => ({ auth: `${base64(SECRET)}!` }), () => ({ auth: 7 }), () => SECRET, () => [SECRET],
  () => ({ auth: base64(`:${SECRET}`) }), () => ({ identitytoken: SECRET }), () => ({ registrytoken: SECRET, auth: 'x' }),
  () => ({ username: 'user', password: SECRET }), () => ({ password: SECRET }), () => ({ AUTH: base64(`u:${SECRET}`), auth: '' }),
];

export function make(random) {
  const auths = {};
  for (let count = random.integer(0, 5); count > 0; count--) {
    const key = random.pick(spellings)(random.pick(HOSTS));
    Object.defineProperty(auths, key, { value: random.pick(entries)(), enumerable: true, configurable: true });
  }
  const config = { [random.pick(['auths', 'Auths'])]: random.once(20) ? random.pick([SECRET, [SECRET], null, 5]) : auths };
  if (random.once(4)) config.credsStore = random.pick(['pass', '', '../x', 7, null]);
  if (random.once(4)) config.credHelpers = { [random.pick(HOSTS)]: random.pick(['own', '', 'a/b', SECRET.length]) };
  const bytes = Buffer.from(JSON.stringify(config));
  for (let changes = random.once(3) ? random.integer(1, 3) : 0; changes > 0; changes--) {
    bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
  }
  const repository = random.pick([undefined, 'team', 'team/app', 'team/app/deep', 'other']);
  return { bytes, registry: random.pick(HOSTS), repository };
}

export function check({ bytes, registry, repository }) {
  const found = outcome(bytes, { registry, repository });
  const shown = JSON.stringify(found.error) ?? '';
  demand(!shown.includes(SECRET) && !shown.includes(base64(SECRET).slice(0, 12)), `no secret in ${shown}`);
  // Removing the entries of other hosts must not change the result.
  const others = withoutOthers(bytes, registry);
  if (others !== undefined) demandSame(outcome(others, { registry, repository }), found, 'the same without the others');
  return found.kind;
}

function outcome(bytes, scope) {
  try {
    const place = findCredentials(scope, { file: parseDockerConfig(bytes, '/config.json') });
    if ('helper' in place) return { kind: 'helper', helper: place.helper };
    if (place.credentials === undefined) return { kind: 'none' };
    return { kind: 'credentials', encoded: encodeRegistryAuth(place.credentials, scope.registry) };
  } catch (error) {
    demand(error instanceof errors.ConfigError, `an error of ours, not ${error?.stack}`);
    return { kind: 'refused', error: error.message };
  }
}

/** The file without the entries whose keys do not contain the host's name; undefined if it is not a valid file. */
function withoutOthers(bytes, registry) {
  let config;
  try {
    config = JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
  const name = Object.keys(config ?? {}).find((key) => key.toLowerCase() === 'auths');
  const auths = name === undefined ? undefined : config[name];
  if (typeof auths !== 'object' || auths === null || Array.isArray(auths) || !bytes.equals(Buffer.from(bytes.toString()))) return undefined;
  const own = Object.entries(auths).filter(([key]) => key.toLowerCase().includes(registry));
  return Buffer.from(JSON.stringify({ ...config, [name]: Object.fromEntries(own) }));
}

export const show = ({ bytes, registry, repository }) => `${registry} ${repository} in ${JSON.stringify(bytes.toString('latin1'))}`;

export function* shrink({ bytes, ...rest }) {
  let config;
  try {
    config = JSON.parse(bytes.toString());
  } catch {
    return;
  }
  for (const key of Object.keys(config?.auths ?? {})) {
    const { [key]: _, ...auths } = config.auths;
    yield { ...rest, bytes: Buffer.from(JSON.stringify({ ...config, auths })) };
  }
}
