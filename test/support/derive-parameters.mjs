// Derives fixtures/api/parameters.json from the folder of the Engine API's documents; fixtures/api/README.md says how.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const FIRST = 24;
const LAST = 56;

/** The paths that an image client needs; `/build`, `/commit` and containers are not among them. */
const OURS = /^\/(images\/.*|distribution\/.*|_ping|version|info|auth|events|system\/df)$/;

/** A line of `paths:` by its indentation; a text block is indented more, so it never matches. */
const YAML = {
  section: /^(\w+):/,
  path: /^ {2}(\/\S*):$/,
  method: /^ {4}(get|head|post|put|delete):$/,
  part: /^ {6}(\w+):/,
  key: /^ {8}(?:- | {2})(\w+): "?([^"]*)"?$/,
  filter: /^ {12}\s*- `([\w-]+)/,
};

/** Every operation of a YAML document (1.25 and later), each with its parameters: name, in, type, filter keys. */
function* readYaml(text) {
  let section, path, operation, part, parameter;
  for (const line of text.split('\n')) {
    let match;
    if ((match = YAML.section.exec(line))) section = match[1];
    if (section !== 'paths') continue;
    if ((match = YAML.path.exec(line))) {
      path = match[1];
    } else if ((match = YAML.method.exec(line))) {
      if (operation) yield operation;
      operation = { method: match[1].toUpperCase(), path, parameters: [] };
    } else if ((match = YAML.part.exec(line))) {
      part = match[1];
    } else if (part === 'parameters' && (match = YAML.key.exec(line))) {
      if (line.startsWith('        - ')) operation.parameters.push((parameter = { keys: [] }));
      parameter[match[1]] = match[2];
    } else if (part === 'parameters' && parameter?.name === 'filters' && (match = YAML.filter.exec(line))) {
      parameter.keys.push(match[1]);
    }
  }
  if (operation) yield operation;
}

const MARKDOWN = {
  operation: /^`(GET|HEAD|POST|PUT|DELETE) (\/[^`?]*)`$/,
  example: /^ {4}[A-Z]+ \/v1\.\d+\/\S*?\?(\S+)/,
  part: /^\*\*(Query parameters|Request headers)?.*\*\*/i,
  item: /^-\s+\*\*([\w-]+)\*\* [–-]/,
  filter: /^\s{2,}-\s+`([\w-]+)[=`]/,
};

/** The same for the Markdown document (1.24). It has no types, and some parameters only in example requests. */
function* readMarkdown(text) {
  let operation, part;
  for (const line of text.split('\n')) {
    let match;
    if ((match = MARKDOWN.operation.exec(line))) {
      if (operation) yield operation;
      operation = { method: match[1], path: match[2].replace('(name)', '{name}'), parameters: [] };
    } else if (line.startsWith('#') && operation) {
      yield operation;
      operation = undefined;
    } else if (operation && (match = MARKDOWN.example.exec(line))) {
      const names = [...new URLSearchParams(match[1]).keys()];
      operation.parameters.push(...names.map((name) => ({ name, in: 'query', keys: [] })));
    } else if ((match = MARKDOWN.part.exec(line))) {
      part = match[1]?.toLowerCase();
    } else if (part && operation && (match = MARKDOWN.item.exec(line))) {
      operation.parameters.push({ name: match[1], in: part === 'request headers' ? 'header' : 'query', keys: [] });
    } else if (part && (match = MARKDOWN.filter.exec(line))) {
      operation?.parameters.at(-1).keys.push(match[1]);
    }
  }
  if (operation) yield operation;
}

/** Notes that a document lists a name. Throws if it was listed before, then missing, and is listed again. */
function note(record, name, version) {
  const entry = (record[name] ??= { first: version });
  const minorOf = (text) => Number(text.slice('1.'.length));
  if (minorOf(version) - minorOf(entry.last ?? version) > 1) throw new Error(`${name} has a gap before ${version}`);
  entry.last = version;
  return entry;
}

/** `{ "GET /images/json": { first, last, query: { all: { first, last, types } }, headers: {} } }`. */
function derive(folder) {
  const operations = {};
  for (let minor = FIRST; minor <= LAST; minor++) {
    const version = `1.${minor}`;
    const file = join(folder, `v${version}`);
    const isYaml = existsSync(`${file}.yaml`);
    const text = readFileSync(isYaml ? `${file}.yaml` : `${file}.md`, 'utf8');
    for (const { method, path, parameters } of isYaml ? readYaml(text) : readMarkdown(text)) {
      if (!OURS.test(path)) continue;
      const operation = note(operations, `${method} ${path}`, version);
      operation.query ??= {};
      for (const { name, in: place, type, keys } of parameters) {
        if (place === 'header') note((operation.headers ??= {}), name, version);
        if (place !== 'query') continue;
        const parameter = note(operation.query, name, version);
        if (type !== undefined && type !== Object.values(parameter.types ?? {}).at(-1)) {
          (parameter.types ??= {})[version] = type;
        }
        for (const key of keys) note((parameter.keys ??= {}), key, version);
      }
    }
  }
  return { documents: { first: `1.${FIRST}`, last: `1.${LAST}` }, operations };
}

/** JSON with one parameter, or one key of its filters, per line. */
function format(value, indent = '\n') {
  const isShort = indent.length > 8 && value.keys === undefined && value.first !== undefined;
  if (isShort || typeof value !== 'object') return JSON.stringify(value).replace(/(?<=":|",|},)(?=["{])/g, ' ');
  const deeper = `${indent}  `;
  const lines = Object.entries(value).map(([name, item]) => `${deeper}"${name}": ${format(item, deeper)}`);
  return lines.length === 0 ? '{}' : `{${lines.join(',')}${indent}}`;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('which folder holds the documents?');
process.stdout.write(`${format(derive(folder))}\n`);
