// longshore ls: lists the images of the engine.

import { command } from '../command.ts';
import { textOf, textsOf } from '../engine-values.ts';
import { imageTable, isReference, shortId } from '../listing.ts';
import { line } from '../printer.ts';
import { filterOption, noTruncOption, parseFilters } from '../shared-options.ts';

export const ls = command({
  name: 'ls',
  alias: 'images',
  summary: 'List the images of the engine',
  usage: '[NAME]',
  operands: [0, 1],
  completes: 'image',
  options: {
    all: { type: 'boolean', short: 'a', help: 'Also list untagged parent images' },
    ...filterOption,
    ...noTruncOption,
    names: { type: 'boolean', help: 'Print valid image names only' },
    quiet: { type: 'boolean', short: 'q', help: 'Print IDs only' },
  },
  async run({ operands: [name], values, io, print, client }) {
    const filters = parseFilters(values.filter);
    const images = await (await client()).images({ name, all: values.all, filters, signal: io.signal });
    const ids = values['no-trunc'] === true ? 'full' : 'short';
    const only = (texts: readonly string[]): Promise<void> => {
      return values.json === true ? print.json(texts) : print.text(texts.map(line).join(''));
    };
    const names = images.flatMap(({ RepoTags }) => textsOf(RepoTags)).filter(isReference);
    if (values.names === true) return only(names);
    if (values.quiet === true) return only(images.map(({ Id }) => (ids === 'full' ? textOf(Id) : shortId(Id))));
    if (values.json === true) return print.json(images);
    return print.text(imageTable(images, { ids, nowMs: io.now(), room: print.columns }));
  },
});
