// The main job, step by step, with any client: an image goes in, comes out as a file, and goes in again.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const REPOSITORY = 'longshore-demo/hello';
const IMAGE = `${REPOSITORY}:1`;

/** What the image is packed from: a file system of three entries. */
const entries = [
  { path: 'etc', type: 'directory' },
  { path: 'etc/motd', content: 'Packed in memory, by a client without dependencies.\n' },
  { path: 'bin/hello', mode: 0o755, content: new Uint8Array(6_000).fill(0x2e) },
];

/**
 * Runs it. `step(name, detail)` is told of each step when it is done, `progress(event)` of what the engine reports.
 * Whatever was made is removed at the end, also after a failure or an abort.
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
    step('save', `${saved.bytes} bytes to a file; the archive is whole: ${saved.entries} entries and its end`);

    const removed = await client.removeImage(IMAGE, { signal });
    step('remove', `${removed.length} names and layers are gone; exists: ${await client.exists(IMAGE, { signal })}`);

    const loading = client.loadImage({ path: file }, { signal });
    for await (const event of loading) progress(event);
    const loaded = await loading.result();
    const same = (await client.inspectImage(IMAGE, { signal })).Id === id;
    step('load', `${loaded.references.join(', ')} is back${same ? ', with the same id' : ''}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
    // No signal here: an interrupted run tidies up, too.
    await client.removeImage(IMAGE, { force: true }).catch((error) => {
      if (error.status !== 404) throw error;
    });
    step('tidy up', 'nothing of this is left');
  }
}

function short(id) {
  return id.slice(0, 'sha256:'.length + 12);
}
