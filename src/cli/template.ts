// Prints results in the template of --format. It supports the simplest templates of the docker command: fields (`{{.ID}}`), JSON
// (`{{json .}}`, `{{json .ID}}`) and text between them; `table` at the beginning makes a table with headings. The rest of Go's template
// language is an error that names --json.

import { UsageError } from './command.ts';
import type { globalOptions, Options, Values } from './command.ts';
import { membersOf } from './engine-values.ts';
import { printable } from './printable.ts';
import { checkNesting, jsonLine } from './printer.ts';
import { table } from './table.ts';

/**
 * The fields of a command's results, with the names of docker's templates. A text is the heading of the field's column; `""` stands for its
 * name in capitals. A number, a boolean, an empty list or an empty map is printed if the engine omits the field; the keys of a map are
 * fields, too. An object with members has these as its fields.
 */
export interface Fields {
  readonly [name: string]: string | number | boolean | readonly never[] | Fields;
}

/** The option `--format` of a command that has templates; `example` is one of its fields, for the help. */
export function templateOption(example: string): typeof TEMPLATE_OPTION {
  return { format: { ...TEMPLATE_OPTION.format, help: `json, table, {{json .}} or {{${example}}}` } };
}

const TEMPLATE_OPTION = {
  format: { type: 'string', value: 'TEMPLATE', suggests: ['json', 'table'], help: '' as string },
} as const satisfies Options;

/** Returns the text for the results of a command. */
type Format = (results: readonly object[]) => string;

/** Returns the format that `--format` has as a template; undefined for none, and for `json` and `table` alone. */
export function templateOf({ format = 'table', json, quiet }: Values<typeof globalOptions>, fields: Fields): Format | undefined {
  if (format === 'json' || format === 'table') return undefined;
  if (json === true || quiet === true) throw notBoth('format', json === true ? 'json' : 'quiet');
  const isTable = format.startsWith('table');
  const parts = partsOf(format.slice(isTable ? 'table'.length : 0)).map((part, at) => (at % 2 === 0 ? textPart(part) : fieldPart(part, fields)));
  if (parts.length === 1) throw new UsageError(`--format has no field: "${printable(format)}". Give fields, such as {{.${Object.keys(fields)[0]}}}, or --json`);
  const lineOf = (result: object): string => parts.map(({ show }) => show(result)).join('');
  if (!isTable) return (results) => results.map((result) => `${lineOf(result)}\n`).join('');
  const heading = parts.map((part) => part.heading).join('');
  return (results) => table([heading, ...results.map(lineOf)].flatMap((line) => line.split('\n')).map((line) => line.split('\t')));
}

/** Splits a template into text, action, text and so on. Docker also removes blanks at the ends and replaces two escapes before that. */
function partsOf(template: string): string[] {
  let text = template.replace(/^ +/, '');
  while (text.endsWith(' ')) text = text.slice(0, -1);
  const [first = '', ...others] = text.replaceAll('\\t', '\t').replaceAll('\\n', '\n').split('{{');
  return [first, ...others.flatMap((part) => {
    const end = part.indexOf('}}') + 2;
    if (end === 1) throw unsupported(`{{${part}`);
    return [`{{${part.slice(0, end)}`, part.slice(end)];
  })];
}

/** Returns the error for two options that exclude each other. */
export function notBoth(one: string, other: string): UsageError {
  return new UsageError(`give --${one} or --${other}, not both`);
}

/** A part of a template. */
interface Part {
  /** Its text in the first line of a table. */
  readonly heading: string;
  /** Returns its text for one result. */
  show(result: object): string;
}

function textPart(text: string): Part {
  return { heading: text, show: () => text };
}

function fieldPart(action: string, fields: Fields): Part {
  const [, json, path] = /^\{\{\s*(json\s+)?(\.|(?:\.\w+)+)\s*\}\}$/.exec(action) ?? [];
  if (path === undefined || (path === '.' && json === undefined)) throw unsupported(action);
  const { heading, missing, steps } = fieldAt(path.split('.').filter(Boolean), fields);
  return {
    heading,
    show(result) {
      const value = steps.reduce<unknown>(memberOf, result);
      if (json !== undefined) return jsonLine(value ?? (missing === NO_VALUE || isEmpty(missing) ? null : missing) ?? null).trimEnd();
      checkNesting(value);
      return printable(goText(value ?? missing));
    },
  };
}

function unsupported(action: string): UsageError {
  return new UsageError(`--format supports fields and {{json .}} only, not ${printable(action)}: use --json, and a program such as jq`);
}

/** A step to a member. The name of a key must be exact; in the names of fields, the JSON of engines has other capitals than docker. */
interface Step {
  readonly name: string;
  readonly isKey: boolean;
}

interface Field {
  readonly steps: readonly Step[];
  readonly heading: string;
  /** The value to print if the engine omits it. */
  readonly missing: unknown;
}

/** What Go prints for a key that a map does not have. */
const NO_VALUE = '<no value>';

/** Finds the field with that path. Throws a `UsageError` if there is none. */
function fieldAt(names: readonly string[], fields: Fields): Field {
  let field: Fields[string] = fields;
  const steps: Step[] = [];
  for (const [index, name] of names.entries()) {
    const isKey: boolean = steps.at(-1)?.isKey === true || (isEmpty(field) && !Array.isArray(field));
    const known: string | undefined = isKey ? undefined : nameIn(field, name);
    if (!isKey && known === undefined) throw unknownField(names.slice(0, index), name, field);
    if (known !== undefined) field = (field as Fields)[known] ?? '';
    steps.push({ name, isKey });
  }
  const name = names.at(-1) ?? '';
  if (steps.at(-1)?.isKey === true) return { steps, heading: name.toUpperCase(), missing: NO_VALUE };
  if (typeof field === 'string') return { steps, heading: field || headingOf(name), missing: '' };
  return { steps, heading: headingOf(name), missing: typeof field === 'object' && !isEmpty(field) ? undefined : field };
}

function unknownField(above: readonly string[], name: string, fields: unknown): UsageError {
  const path = above.map((each) => `.${each}`).join('');
  const names = membersOf(fields).map(([each]) => `.${each}`);
  const known = names.length === 0 ? `${path} has no fields` : `the fields${path && ` of ${path}`} are ${names.join(', ')}`;
  return new UsageError(`--format: unknown field "${path}.${name}": ${known}`);
}

/** Returns `REPO TAGS` for `RepoTags`. */
function headingOf(name: string): string {
  return name.replace(/([a-z])(?=[A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$2 ').toUpperCase();
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** Returns the name of a member, as the object has it. */
function nameIn(object: unknown, name: string): string | undefined {
  const names = membersOf(object).map(([each]) => each);
  return names.find((each) => each === name) ?? names.find((each) => each.toLowerCase() === name.toLowerCase());
}

function memberOf(value: unknown, { name, isKey }: Step): unknown {
  const found = isKey ? name : nameIn(value, name);
  return membersOf(value).find(([each]) => each === found)?.[1];
}

/** Formats a value as Go does: `[a b]` for a list, `map[a:1 b:2]` for an object. */
function goText(value: unknown): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  const members = [...membersOf(value)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => `${name}:${goText(member)}`);
  return `map[${members.join(' ')}]`;
}
