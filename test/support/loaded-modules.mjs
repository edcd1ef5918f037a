// Imports the library, pulls an image, and prints the modules that the process has loaded, as JSON: after the import, and
// after the pull (test/rooms.test.ts). V8 itself lists them, through the inspector, so that no loader hook is needed.
//   loaded-modules.mjs LIBRARY_URL HOST

import { Session } from 'node:inspector';

const [library, host] = process.argv.slice(2);
const loaded = new Set();
const session = new Session();
session.connect();
session.on('Debugger.scriptParsed', ({ params: { url } }) => void (url.startsWith('file:') && loaded.add(url)));
session.post('Debugger.enable');

const { ImageClient } = await import(library);
const imported = [...loaded];
const client = new ImageClient({ host });
await client.pull('a:1');
client.close();
console.log(JSON.stringify({ imported, pulled: [...loaded] }));
