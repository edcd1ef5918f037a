// A program that a test stops and continues. It makes the calls that it is given, and prints how each ended.
//
//   node stopped.mjs LIBRARY HOST LIMIT_MS
import { pathToFileURL } from 'node:url';

const [library, host, limit] = process.argv.slice(2);
const { ImageClient, dockerConfig } = await import(pathToFileURL(library).href);
const limitMs = Number(limit);

const calls = {
  head: (client) => client.request({ path: '/head', versioned: false, timeouts: { headMs: limitMs } }),
  idle: async (client) => {
    const { body } = await client.request({ path: '/idle', versioned: false, timeouts: { idleMs: limitMs } });
    for await (const _ of body);
  },
  upload: (client) => client.loadImage(Buffer.alloc(8_000_000), { timeouts: { idleMs: limitMs } }),
  ping: (client) => client.ping({ timeouts: { headMs: limitMs } }),
  helper: () => dockerConfig({ helperTimeoutMs: limitMs })('registry.example', {}),
};
for (const wire of ['own', 'node:http']) {
  const client = new ImageClient({ host, wire, version: '1.41' });
  for (const [name, call] of Object.entries(calls)) {
    Promise.resolve(call(client)).then(
      () => console.log(`${name} over ${wire}: ended`),
      (error) => console.log(`${name} over ${wire}: ${error.message}`),
    );
  }
}
