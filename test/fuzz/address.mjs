// Addresses of engines, as in DOCKER_HOST: the canonical text of an accepted address parses to the same address, Node's URL
// has the same host and port, and the error of a rejected address does not show a password.

import { errors, parseAddress } from './library.mjs';
import { demand, demandSame, mutate } from './random.mjs';

export const name = 'address';

const dictionary = [
  '://', '/', ':', '@', '%', '%0a', '..', '-', '[', ']', ' ', '\n', '?', '#', '\\', ';', '$', '0', '99999', '\xe9',
  'unix://', 'ssh://', '-oProxyCommand=x',
];
const PASSWORD = 'hunter2';

export function make(random) {
  const scheme = random.pick(['unix', 'tcp', 'ssh', 'npipe', 'http', 'https', 'fd', '', 'UNIX']);
  const host = random.pick([
    'localhost', '127.0.0.1', 'engine.example', '[::1]', '[fe80::1]', 'a-b', 'a_b', 'x'.repeat(200), '',
  ]);
  const user = random.once(3) ? random.pick(['u@', `u:${PASSWORD}@`, `${PASSWORD}@`]) : '';
  const port = random.once(2) ? random.pick([':2375', ':1', ':65535', ':65536', ':0', ':', ':x']) : '';
  const path = random.pick([
    '', '', '/', '/var/run/docker.sock', '/a b', '/a/../b', `/${'p'.repeat(random.integer(90, 120))}`,
    '//./pipe/docker_engine',
  ]);
  const text =
    scheme === 'unix' || scheme === 'npipe' ? `${scheme}://${path}` : `${scheme}${scheme && '://'}${user}${host}${port}${path}`;
  return { text: random.once(2) ? text : mutate(random, Buffer.from(text, 'latin1'), dictionary).toString('latin1') };
}

/** Text that occurs only in the user information. */
function hasSecret(text) {
  const at = text.lastIndexOf('@');
  return text.slice(0, Math.max(at, 0)).includes(PASSWORD) && !text.slice(at).includes(PASSWORD);
}

export function check({ text }) {
  let address;
  try {
    address = parseAddress(text, 'DOCKER_HOST');
  } catch (error) {
    demand(error instanceof errors.ConfigError, `an error of ours, not ${error?.stack}`);
    demand(!/[\p{Cc}\p{Cs}]/u.test(error.message), `a message that can be shown, not ${JSON.stringify(error.message)}`);
    demand(!hasSecret(text) || !error.message.includes(PASSWORD), 'no password in an error');
    return 'refused';
  }
  demandSame(parseAddress(address.text), address, 'its text is the same address');
  if (address.scheme === 'tcp')
    demandSame([address.host.toLowerCase(), address.port], urlOf(address), "Node's URL reads the same");
  if (address.scheme === 'unix')
    demand(address.path.startsWith('/') && Buffer.byteLength(address.path) <= 107, 'a path that a socket can have');
  if (address.scheme === 'ssh')
    demand(!/^-|[\s;&|$`'"<>()]/.test(`${address.user ?? ''}${address.host}${address.path ?? ''}`), 'nothing for a shell');
  return address.scheme;
}

/** WHATWG's rules change hosts that end in a number, and shorten IPv6 addresses: the two need not agree on those. */
function urlOf({ text, host, port }) {
  if (/[:_]|(^|\.)(\d+|0x[\da-f]*)\.?$/i.test(host) || /(^|\.)xn--/i.test(host)) return [host.toLowerCase(), port];
  const url = new URL(text.replace(/^\w+/, 'ws'));
  return [url.hostname, Number(url.port || 80)];
}

export const show = ({ text }) => JSON.stringify(text);

export function* shrink({ text }) {
  for (let at = 0; at < text.length; at++) yield { text: text.slice(0, at) + text.slice(at + 1) };
}
