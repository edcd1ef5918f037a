// longshore search: searches the repositories of a registry.

import type { SearchResult } from '../../index.ts';
import { command, UsageError } from '../command.ts';
import { credentialOptions } from '../credentials.ts';
import { numberOf, textOf } from '../engine-values.ts';
import { fittedTable } from '../fitted-table.ts';
import type { Column } from '../fitted-table.ts';
import { fit } from '../printable.ts';
import { printOnly } from '../printer.ts';
import { filterOption, noTruncOption, parseFilters } from '../shared-options.ts';
import { templateOf, templateOption } from '../template.ts';

export const search = command({
  name: 'search',
  summary: 'Search the Docker Hub, or the registry that the term begins with',
  usage: 'TERM',
  operands: [1, 1],
  options: {
    ...filterOption,
    limit: { type: 'string', value: 'NUMBER', help: 'Maximum number of results; default: 25' },
    ...noTruncOption,
    ...templateOption('.Name'),
    ...credentialOptions,
    quiet: { type: 'boolean', short: 'q', help: 'Print names only' },
  },
  async run({ operands: [term = ''], values, credentials, io, print, client }) {
    const template = templateOf(values, FIELDS);
    const options = { limit: limitOf(values.limit), filters: parseFilters(values.filter), credentials, signal: io.signal };
    const found = await (await client()).search(term, options);
    if (values.quiet === true) return printOnly(found.map(({ name }) => textOf(name)), print, values.json);
    if (values.json === true) return print.json(found);
    const isComplete = values['no-trunc'] === true;
    if (template !== undefined) return print.text(template(found.map((each) => fieldsOf(each, isComplete))));
    return print.text(fittedTable(COLUMNS, found.map((each) => cellsOf(each, isComplete)), isComplete ? Infinity : print.columns));
  },
});

function limitOf(text: string | undefined): number | undefined {
  if (text === undefined || /^\d{1,4}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new UsageError(`--limit must be a number, not "${text}"`);
}

/** The width of the column with descriptions; the docker command uses the same. */
const DESCRIPTION_COLUMNS = 45;

const COLUMNS: readonly Column[] = [
  { title: 'NAME', least: 16, keep: 'end' },
  { title: 'DESCRIPTION', least: 10, spare: 2 },
  { title: 'STARS', align: 'right' },
  { title: 'OFFICIAL', spare: 1 },
];

const FIELDS = { Name: '', Description: '', StarCount: 'STARS', IsOfficial: 'OFFICIAL', IsAutomated: 'AUTOMATED' } as const;

/** Returns the fields of a result as the docker command prints them: `[OK]` in text, and `true` in `{{json .}}`. */
function fieldsOf(result: SearchResult, isComplete: boolean): object {
  const [Name, Description, stars] = cellsOf(result, isComplete).map(textOf);
  const flags = { IsOfficial: result.is_official === true, IsAutomated: result.is_automated === true };
  const fields = (textOfFlag: (flag: boolean) => string): object => ({
    Name, Description, StarCount: stars,
    IsOfficial: textOfFlag(flags.IsOfficial),
    IsAutomated: textOfFlag(flags.IsAutomated),
  });
  return { ...fields((flag) => (flag ? '[OK]' : '')), toJSON: () => fields(String) };
}

function cellsOf({ name, description, star_count: stars, is_official: isOfficial }: SearchResult, isComplete: boolean): unknown[] {
  const text = textOf(description).replace(/\s+/g, ' ').trim();
  return [name, isComplete ? text : fit(text, DESCRIPTION_COLUMNS), numberOf(stars) ?? '', isOfficial === true ? '[OK]' : ''];
}
