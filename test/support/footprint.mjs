// Uses the library, and prints as JSON how the process differs from before (test/footprint.test.ts).
//   footprint.mjs LIBRARY HOST FILE [close]

import { setImmediate } from 'node:timers/promises';

const [library, host, file, close] = process.argv.slice(2);

/** Every property of an object and of its prototype, by name: what it is, and how it may be changed. */
function* propertiesOf(name, object) {
  if ((typeof object !== 'object' && typeof object !== 'function') || object === null) return;
  for (const key of Reflect.ownKeys(object)) yield [`${name}.${String(key)}`, Object.getOwnPropertyDescriptor(object, key)];
}

/** Everything that a program shares with its libraries. */
async function shared() {
  const found = new Map();
  const take = (name, object) => {
    for (const [property, descriptor] of propertiesOf(name, object)) found.set(property, descriptor);
  };
  take('globalThis', globalThis);
  for (const [name, { value }] of propertiesOf('globalThis', globalThis)) {
    if (value === globalThis) continue;
    take(name, value);
    take(`${name}.prototype`, value?.prototype);
  }
  for (const name of ['buffer', 'events', 'fs', 'net', 'os', 'path', 'stream', 'util']) {
    const { default: module } = await import(`node:${name}`);
    take(name, module);
    for (const [key, value] of Object.entries(module)) {
      take(`${name}.${key}`, value);
      take(`${name}.${key}.prototype`, value?.prototype);
    }
  }
  for (const [name, value] of Object.entries(process.env)) found.set(`process.env.${name}`, { value });
  for (const name of process.eventNames()) found.set(`process.on(${String(name)})`, { value: process.listenerCount(name) });
  found.set('process.cwd()', { value: process.cwd() });
  return found;
}

const attributes = ['value', 'get', 'set', 'writable', 'enumerable', 'configurable'];
const isSame = (a, b) => a !== undefined && b !== undefined && attributes.every((key) => Object.is(a[key], b[key]));

// Node creates many globals when they are first read, which changes them; the storages write to disk.
for (const name of Object.getOwnPropertyNames(globalThis)) if (!/storage/i.test(name)) void globalThis[name];
const before = await shared();
const resourcesBefore = process.getActiveResourcesInfo();

const { ImageClient } = await import(library);
const client = new ImageClient({ host, timeouts: { connectMs: 60_000, headMs: 60_000, idleMs: 60_000 } });
await Promise.all([client.images(), client.version(), client.inspectImage('a')]);
for await (const event of client.pull('a:1')) if (event.type === 'layer') break; // left early, or to its end
await client.getImage('a').toFile(file);
await client.loadImage({ path: file });
await client.images({ signal: AbortSignal.abort('enough') }).catch((reason) => {
  if (reason !== 'enough') throw reason;
});
if (close === 'close') client.close();
for (let turn = 0; turn < 10; turn++) await setImmediate(); // sockets close in a later turn of the event loop

const after = await shared();
const names = [...new Set([...before.keys(), ...after.keys()])];
const changed = names.filter((name) => !isSame(before.get(name), after.get(name)));
const left = close === 'close' ? process.getActiveResourcesInfo() : [];
for (const kind of resourcesBefore) if (left.includes(kind)) left.splice(left.indexOf(kind), 1);
console.log(JSON.stringify({ looked: names.length, changed, left }));
