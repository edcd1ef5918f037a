// A small program, as yours may be: brings images up to date, and says what has changed. It knows dockerode, and nothing
// of longshore.  node refresh.js IMAGE...

import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';

/** Pulls each image; resolves with `"new"`, `"updated"` or `"unchanged"` for each. */
export async function refresh(docker, images, onProgress = () => {}) {
  const outcomes = {};
  for (const image of images) {
    const before = await idOf(docker, image);
    await pull(docker, image, onProgress);
    const after = await idOf(docker, image);
    outcomes[image] = before === undefined ? 'new' : before === after ? 'unchanged' : 'updated';
  }
  return outcomes;
}

async function idOf(docker, image) {
  const found = await docker.getImage(image).inspect().catch((error) => {
    if (error.statusCode !== 404) throw error;
  });
  return found?.Id;
}

async function pull(docker, image, onProgress) {
  const stream = await docker.pull(image);
  const events = await new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error, all) => (error ? reject(error) : resolve(all)), onProgress);
  });
  // What fails on the way comes as one more event, and dockerode calls it a success.
  const failed = events.find(({ error }) => error !== undefined);
  if (failed !== undefined) throw new Error(failed.error);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outcomes = await refresh(new Docker(), process.argv.slice(2), ({ id, status }) => {
    if (id !== undefined) console.error(`${id}: ${status}`);
  });
  for (const [image, outcome] of Object.entries(outcomes)) console.log(`${image}: ${outcome}`);
}
