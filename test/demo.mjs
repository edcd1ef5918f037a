// The demo, for any client: imports an image, lists it, saves it to a file, removes it, and loads it back.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const REPOSITORY = 'longshore-demo/hello';
const IMAGE = `${REPOSITORY}:1`;

/** The file system of the image: three entries. */
const entries = [
  { path: 'etc', type: 'directory' },
  { path: 'etc/motd', content: 'Packed in memory, by a client without dependencies.\n' },
  { path: 'bin/hello', mode: 0o755, content: new Uint8Array(6_000).fill(0x2e) },
];

/**
 * Runs the demo. Calls `step(name, detail)` after each step, and `progress(event)` for each event of the engine. Removes
 * everything that it made, also after a failure or an abort.
 */
export async function demo(client, { step, progress, signal }) {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-demo-'));
  const file = join(folder, 'hello.tar');
  try {
    const { server } = await client.ping({ signal });
    step('negotiate', `API ${await client.apiVersion()} with ${server}`);

    const options = { repository: REPOSITORY, tag: '1', changes: ['CMD ["/bin/hello"]'], message: 'longshore demo' };
    const { id } = await client.importImageFromData(entries, { ...options, signal });
    step('import', `${IMAGE} is ${short(id)}`);

    const listed = await client.images({ name: REPOSITORY, signal });
    step('list', listed.map((image) => `${image.RepoTags.join(', ')}  ${image.Size} bytes`).join('; '));

    const saved = await client.getImage(IMAGE, { signal }).toFile(file);
    step('save', `${saved.bytes} bytes to a file; the archive is complete: ${saved.entries} entries and the end marker`);

    const removed = await client.removeImage(IMAGE, { signal });
    step('remove', `${removed.length} names and layers removed; exists: ${await client.exists(IMAGE, { signal })}`);

    const loading = client.loadImage({ path: file }, { signal });
    for await (const event of loading) progress(event);
    const loaded = await loading.result();
    const same = (await client.inspectImage(IMAGE, { signal })).Id === id;
    step('load', `${loaded.references.join(', ')} is loaded again${same ? ', with the same id' : ''}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
    // Without the signal: an interrupted run cleans up, too.
    await client.removeImage(IMAGE, { force: true }).catch((error) => {
      if (error.status !== 404) throw error;
    });
    step('tidy up', 'everything that the demo made is removed');
  }
}

function short(id) {
  return id.slice(0, 'sha256:'.length + 12);
}
