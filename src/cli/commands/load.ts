// longshore load: loads images from archives.

import { ConnectError, NotFoundError, UploadError, formatReference, parseReference } from '../../index.ts';
import type { ImageClient, ProgressEvent, ReplacedImage } from '../../index.ts';
import { command, UsageError } from '../command.ts';
import type { Call } from '../command.ts';
import { textsOf } from '../engine-values.ts';
import { follow } from '../follow.ts';
import { shortId } from '../listing.ts';
import { checkFile, forEachOperand, standardInput } from '../operands.ts';
import { line } from '../printer.ts';
import { platformsOption } from '../shared-options.ts';

export const load = command({
  name: 'load',
  summary: 'Load images from archives: files or standard input',
  usage: '[FILE...]',
  operands: [0, Infinity],
  completes: 'file',
  fleet: true,
  options: {
    input: { type: 'string', short: 'i', value: 'FILE', help: 'Archive to read; default and -: standard input' },
    ...platformsOption,
  },
  async run(call) {
    const { values, print } = call;
    const { platform } = values;
    if (values.input !== undefined && call.operands.length > 0) throw new UsageError('give either FILE or -i FILE');
    const paths = values.input === undefined ? call.operands : [values.input];
    const operands = paths.length === 0 ? ['-'] : paths;
    if (new Set(operands).size < operands.length) throw new UsageError('give each archive only once');
    // If standard input is a terminal, this throws before an engine is contacted.
    const input = operands.includes('-') ? standardInput(call, 'give FILE') : undefined;
    if (!(await areArchives(operands, call))) return;
    await forEachOperand({ ...call, operands }, async (client, path, signal) => {
      // The call that only checks arguments must not read standard input.
      const data = path === '-' && input !== undefined && !signal.aborted ? input : { path };
      const loading = client.loadImage(data, { platform, signal });
      const isReported = values.quiet !== true || values.json === true;
      const before = isReported ? await holders(client, signal) : undefined;
      const { references, ids, replaced } = await follow(loading, call, repeatsResult, async (result) => {
        return { ...result, replaced: before && (await replacedBy(result.references, before, client, signal)) };
      });
      for (const name of [...references, ...ids]) await assertLayers(client, name, signal);
      if (values.json === true) return;
      for (const { reference, id } of replaced ?? []) await call.io.stderr.write(line(`${reference} was the name of another image before: ${shortId(id)}`));
      await print.text([...references, ...ids].map(line).join(''));
    });
  },
});

/** The IDs of all images by their names; undefined if the engine does not list them, which must not fail a load. */
async function holders(client: ImageClient, signal: AbortSignal): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    const images = await client.images({ signal });
    return new Map(images.flatMap(({ Id, RepoTags }) => textsOf(RepoTags).map((name) => [name, Id])));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ConnectError) throw error;
    return undefined;
  }
}

/** The images that had the loaded names before, and do not have them any more. */
async function replacedBy(names: readonly string[], before: ReadonlyMap<string, string>, client: ImageClient, signal: AbortSignal): Promise<ReplacedImage[]> {
  const held = names.flatMap((reference) => ({ reference, id: before.get(reference) ?? '' })).filter(({ id }) => id !== '');
  const after = held.length === 0 ? undefined : await holders(client, signal);
  return held.filter(({ reference, id }) => (after?.get(reference) ?? id) !== id);
}

/**
 * Throws if the engine does not find an image, or has none of its layers. A containerd store loads an archive that lacks layers without an
 * error, if it has the same layers from other blobs. It loads names without docker.io/, but does not find them.
 */
async function assertLayers(client: ImageClient, name: string, signal: AbortSignal): Promise<void> {
  if (!(await client.supports('inspectImage.manifests', { signal }))) return;
  const { Manifests: all = [] } = await client.inspectImage(name, { manifests: true, signal }).catch((error: unknown) => {
    if (!(error instanceof NotFoundError)) throw error;
    const complete = formatReference(parseReference(name));
    throw new UploadError(`the engine has loaded ${name}, but it only finds complete names: write the archive with the name ${complete}, or tag the image by its ID`);
  });
  const manifests = all.filter(({ Kind }) => Kind === 'image'); // an attestation may be there without the layers
  if (manifests.length === 0 || manifests.some((manifest) => manifest.Available)) return;
  const advice = 'Save it with all layers, or make the inventory of this engine again: longshore layers';
  throw new UploadError(`the engine says that it has loaded ${name}, but layers of it are missing: the archive does not have them. ${advice}`);
}

/** Whether all operands are readable files. Reports each one that is not; nothing is loaded in that case. */
async function areArchives(operands: readonly string[], { io, failed }: Pick<Call, 'io' | 'failed'>): Promise<boolean> {
  let areAll = true;
  for (const path of operands.filter((each) => each !== '-')) {
    await checkFile(path, io, ', or use longshore import').catch((error: unknown) => {
      areAll = false;
      failed(error);
    });
  }
  return areAll;
}

/** Whether an event only repeats what the command prints: names and IDs, and which image had a name before. */
function repeatsResult(event: ProgressEvent): boolean {
  return event.type === 'stream' && /^(?:Loaded image|The image .* already exists, renaming the old one)/.test(event.text);
}
