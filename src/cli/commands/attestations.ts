// longshore attestations: lists the attestations of an image.

import { command } from '../command.ts';
import { objectsOf } from '../engine-values.ts';
import { fittedTable } from '../fitted-table.ts';
import type { Column } from '../fitted-table.ts';
import { noTruncOption, platformOption } from '../shared-options.ts';
import { humanSize } from '../table.ts';

export const attestations = command({
  name: 'attestations',
  summary: 'List the attestations of an image, such as provenance and SBOM',
  usage: 'IMAGE',
  operands: [1, 1],
  completes: 'image',
  options: {
    ...noTruncOption,
    ...platformOption,
    statement: { type: 'boolean', help: 'Print the statements as JSON' },
    type: { type: 'string', multiple: true, value: 'URI', help: 'Only this predicate type; repeatable' },
  },
  async run({ operands: [image = ''], values, io, print, client }) {
    const { platform, statement, type } = values;
    const found = await (await client()).imageAttestations(image, { platform, statement, type, signal: io.signal });
    if (values.json === true || statement === true) return print.json(found);
    const rows = objectsOf(found).map(({ PredicateType, Descriptor }) => [PredicateType, Descriptor?.digest, humanSize(Descriptor?.size, 3)]);
    return print.text(fittedTable(COLUMNS, rows, values['no-trunc'] === true ? Infinity : print.columns));
  },
});

const COLUMNS: readonly Column[] = [
  { title: 'PREDICATE TYPE', least: 20, keep: 'end' },
  { title: 'DIGEST', least: 19 },
  { title: 'SIZE', align: 'right', spare: 1 },
];
