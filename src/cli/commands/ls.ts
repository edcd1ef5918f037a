// longshore ls: lists the images of the engine, or of an archive.

import { NotFoundError } from '../../index.ts';
import type { ImageClient, ImagesOptions, ImageSummary } from '../../index.ts';
import { archiveOption, asSummary, inspectNamed, missingParts } from '../archive-file.ts';
import { command } from '../command.ts';
import { textOf } from '../engine-values.ts';
import { IMAGE_FIELDS, ORDERS, imageFields, imageRows, imageTable, isReference, shortId, withVariants } from '../listing.ts';
import { inParallel } from '../operands.ts';
import { line, printOnly } from '../printer.ts';
import { filterOption, noTruncOption, parseFilters } from '../shared-options.ts';
import { notBoth, templateOf, templateOption } from '../template.ts';

export const ls = command({
  name: 'ls',
  alias: 'images',
  summary: 'List the images of the engine, or of an archive',
  usage: '[NAME]',
  operands: [0, 1],
  completes: 'image',
  options: {
    all: { type: 'boolean', short: 'a', help: 'Also list untagged parent images' },
    ...filterOption,
    ...noTruncOption,
    ...templateOption('.ID'),
    ...archiveOption,
    digests: { type: 'boolean', help: 'Show digests, too' },
    platforms: { type: 'boolean', help: 'Show platforms, with a line for each variant' },
    sort: { type: 'string', value: 'ORDER', choices: ['size', 'created', 'name'], help: 'Sort by size, created or name' },
    names: { type: 'boolean', help: 'Print valid image names only' },
    quiet: { type: 'boolean', short: 'q', help: 'Print IDs only' },
  },
  async run(call) {
    const { operands: [name], values, io, print, client } = call;
    const { archive, all, names, quiet, digests, sort, format = '' } = values;
    const template = templateOf(values, IMAGE_FIELDS);
    const shown = template !== undefined ? 'format' : names === true ? 'names' : quiet === true ? 'quiet' : undefined;
    const platforms = values.platforms ?? (archive !== undefined && shown === undefined);
    const detail = digests === true && template === undefined ? 'digests' : values.platforms === true ? 'platforms' : undefined;
    if (shown !== undefined && detail !== undefined) throw notBoth(shown, detail);
    if (template !== undefined && names === true) throw notBoth('format', 'names');
    const filters = parseFilters(values.filter);
    const found = archive === undefined ? await onEngine(await client(), { name, all, filters, manifests: platforms, signal: io.signal }) : await inArchive(call, archive);
    // A template with the digest, or with all fields, needs a line for each digest, as in docker.
    const rows = imageRows(found, { platforms, digests: digests ?? /\{\{\s*(json\s+)?\.(Digest)?\s*\}\}/i.test(format) });
    if (sort !== undefined) rows.sort(ORDERS[sort as keyof typeof ORDERS]);
    const images = [...new Set(rows.map(({ image }) => image))];
    const ids = values['no-trunc'] === true ? 'full' : 'short';
    if (names === true) return printOnly(rows.map(({ repository, tag }) => `${repository}:${tag}`).filter(isReference), print, values.json);
    if (quiet === true) return printOnly(images.map(({ Id }) => (ids === 'full' ? textOf(Id) : shortId(Id))), print, values.json);
    if (values.json === true) return print.json(images);
    const listing = { ids, nowMs: io.now(), room: print.columns, digests, platforms } as const;
    return print.text(template?.(rows.map((row) => imageFields(row, listing))) ?? imageTable(rows, listing));
  },
});

/** Lists images. If the engine does not list variants, each image has one: the inspection says for which platform. */
async function onEngine(client: ImageClient, options: ImagesOptions & { readonly signal: AbortSignal }): Promise<ImageSummary[]> {
  const { signal } = options;
  const isInspected = options.manifests === true && !(await client.supports('images.manifests', { signal }));
  const images = await client.images({ ...options, manifests: options.manifests === true && !isInspected });
  if (!isInspected) return images;
  const found = await inParallel(images, async (image) => {
    const details = await client.inspectImage(image.Id, { signal }).catch((error: unknown) => {
      if (!(error instanceof NotFoundError)) throw error; // removed in the meantime
    });
    return details && withVariants(image, [{ id: image.Id, size: image.Size, isComplete: true, os: details.Os, architecture: details.Architecture, variant: details.Variant }]);
  });
  return found.filter((image) => image !== undefined);
}

/** Lists the images of an archive, and reports on stderr what is missing in it. */
async function inArchive(call: Parameters<typeof inspectNamed>[0], path: string): Promise<ImageSummary[]> {
  const found = await inspectNamed(call, path, ['all', 'filter', 'digests']);
  for (const text of missingParts(path, found)) await call.io.stderr.write(`longshore ls: warning: ${line(text)}`);
  return found.images.map(asSummary);
}
