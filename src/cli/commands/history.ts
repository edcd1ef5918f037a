// longshore history: shows the build steps of an image, with the size of each as a bar.

import type { HistoryItem } from '../../index.ts';
import { barOf } from '../bars.ts';
import { command } from '../command.ts';
import { numberOf, textOf } from '../engine-values.ts';
import { fittedTable } from '../fitted-table.ts';
import type { Column } from '../fitted-table.ts';
import { shortId } from '../listing.ts';
import { fit } from '../printable.ts';
import { printOnly } from '../printer.ts';
import { noTruncOption, platformOption } from '../shared-options.ts';
import { age, humanSize, timestamp } from '../table.ts';
import { templateOf, templateOption } from '../template.ts';

export const history = command({
  name: 'history',
  summary: 'Show the build steps of an image and the size of each',
  usage: 'IMAGE',
  operands: [1, 1],
  completes: 'image',
  options: {
    ...noTruncOption,
    ...platformOption,
    ...templateOption('.ID'),
    quiet: { type: 'boolean', short: 'q', help: 'Print IDs only' },
  },
  async run({ operands: [image = ''], values, io, print, client }) {
    const template = templateOf(values, FIELDS);
    const steps = await (await client()).history(image, { platform: values.platform, signal: io.signal });
    const isComplete = values['no-trunc'] === true;
    const idOf = ({ Id }: HistoryItem): string => (isComplete ? textOf(Id) : shortId(Id));
    if (values.quiet === true) return printOnly(steps.map(idOf), print, values.json);
    if (values.json === true) return print.json(steps);
    if (template !== undefined) return print.text(template(steps.map((step) => ({ ...fieldsOf(step, isComplete, io.now()), ID: idOf(step) }))));
    const largest = steps.reduce((most, { Size }) => Math.max(most, numberOf(Size) ?? 0), 0);
    const hasComments = steps.some(({ Comment }) => textOf(Comment) !== '');
    const barColumns = print.columns < (hasComments ? 100 : 60) ? 8 : 16;
    const rows = steps.map((step) => {
      const { Created, CreatedBy, Size, Comment } = step;
      const maker = isComplete ? textOf(CreatedBy).replace(/\s/g, ' ') : shortened(textOf(CreatedBy));
      const bar = barOf((numberOf(Size) ?? 0) / largest, barColumns);
      return [idOf(step), age(Created, io.now()), maker, humanSize(Size, 3), bar, Comment];
    });
    return print.text(fittedTable(COLUMNS, rows, isComplete ? Infinity : print.columns));
  },
});

const FIELDS = { ID: 'IMAGE', CreatedSince: 'CREATED', CreatedAt: '', CreatedBy: '', Size: '', Comment: '' } as const;

/** Returns the fields of a step as the docker command prints them. */
function fieldsOf({ Created, CreatedBy, Size, Comment }: HistoryItem, isComplete: boolean, nowMs: number): object {
  const maker = textOf(CreatedBy).replace(/\s/g, ' ');
  return {
    CreatedSince: age(Created, nowMs),
    CreatedAt: timestamp(Created),
    CreatedBy: isComplete ? maker : fit(maker, MAKER_COLUMNS),
    Size: humanSize(Size, 3),
    Comment: textOf(Comment),
  };
}

const COLUMNS: readonly Column[] = [
  { title: 'IMAGE', spare: 2 },
  { title: 'CREATED', spare: 3 },
  { title: 'CREATED BY', least: 20 },
  { title: 'SIZE', align: 'right' },
  { title: '', spare: 1 },
  { title: 'COMMENT', least: 7, spare: 4 },
];

/** The width of the column; the docker command uses the same. */
const MAKER_COLUMNS = 45;

/** Returns the instruction as in the Dockerfile, without the additions of builders. */
function shortened(maker: string): string {
  const text = maker.replace(/\s+/g, ' ').replace(/ # buildkit$/, '').trim();
  const bare = text.replace(/^\/bin\/sh -c #\(nop\) */, '').replace(/^(?:RUN )?\/bin\/sh -c /, 'RUN ');
  return bare.length > MAKER_COLUMNS ? `${bare.slice(0, MAKER_COLUMNS - 1)}…` : bare;
}
