// Finds every limit and default of the library in its sources. Each is a named numeric constant, and the comment above it
// gives the reason. Constants of the command are not listed; they are columns and animation frames.

const comment = String.raw`/\*\*(?<comment>(?:(?!\*/)[^])*?)\*/\n`;
/** Matches digits with arithmetic operators: `64 * 1024`, `2 ** 20`. */
const number = String.raw`(?<value>[\d_][\d_ *+()-]*)`;
const constant = new RegExp(String.raw`^(?:${comment})?(?:export )?const (?<name>[A-Z][A-Z\d_]*)(?:: number)? = ${number};`, 'gm');
const table = new RegExp(String.raw`^${comment}export const (?<name>[A-Z][A-Z\d_]*) = \{\n(?<members>(?: +(?:/\*\*|\*|\w+: [\d_]+,).*\n)+)\} as const;`, 'gm');
const member = new RegExp(String.raw`^ +${comment} +(?<name>\w+): ${number},`, 'gm');

/** The text of a comment, on one line. */
const prose = (text) => text.replace(/\s*\n\s*\*? ?/g, ' ').trim();

/** The value of the expression; `number` allows only digits and operators. */
const valueOf = (text) => new Function(`return ${text.replaceAll('_', '')}`)();

/** The numeric constants of one source; members of a table are named `TABLE.member`. `comment` is undefined if there is none. */
export function constantsOf({ path, text }) {
  const found = [...text.matchAll(constant)].map(({ groups, index }) => ({ ...groups, index }));
  for (const { groups, index } of text.matchAll(table)) {
    const members = [...groups.members.matchAll(member)].map((each) => each.groups);
    for (const each of members) found.push({ ...each, name: `${groups.name}.${each.name}`, index });
  }
  found.sort((a, b) => a.index - b.index);
  return found.map(({ name, value, comment: above }) => ({
    file: path,
    name,
    value: valueOf(value),
    comment: above === undefined ? undefined : prose(above),
  }));
}

/** The units of constants whose names do not end with one. */
const units = {
  CHUNKS_PER_TURN: 'chunks',
  GROUP_CHUNKS: 'chunks',
  INSPECTED_AT_ONCE: 'images',
  LISTED_AT_MOST: 'times',
  BYTES_PER_TURN: 'bytes',
  SOCKET_PATH_LIMIT: 'bytes',
  ADDRESS_LIMIT: 'characters',
  TEXT_LIMIT: 'characters',
  PATTERN_LIMIT: 'characters',
  NAMES_LIMIT: 'names',
  SEARCHED_LIMIT: 'characters',
  READ_LIMIT: 'characters',
  LONGEST_ID: 'characters',
  LONGEST_STATUS: 'characters',
  WARNINGS_LIMIT: 'characters',
  REPORTED_LIMIT: 'characters',
  HISTORY_LIMIT: 'characters',
  TEXT_COST: 'characters',
  LONGEST_WARNING: 'characters',
  LARGEST_ID: 'ids',
  JSON_ITEMS_LIMIT: 'items',
  PEEKED_ITEMS: 'items',
  COMPACT_FROM: 'items',
  DOCUMENT_LIMIT: 'bytes',
  EXPANSION_LIMIT: 'times',
  REFERENCES_LIMIT: 'references',
  MEMORY_LIMIT: 'bytes',
  ENTRY_COST: 'bytes',
  LINK_LIMIT: 'links',
  NESTING_LIMIT: 'levels',
  SIZE_GUESS: 'bytes',
  SMALL_SIZE: 'bytes',
  MOST_LAYERS: 'layers',
  ERROR_TEXT_LIMIT: 'characters',
  SHORT_ID_LENGTH: 'characters',
  ALMOST: 'percent',
  JSON_VALUE_LIMIT: 'bytes',
  PATH_LIMIT: 'characters',
  REFERENCE_LIMIT: 'characters',
  SHORTEST_SECRET: 'characters',
  ERROR_BODY_LIMIT: 'bytes',
  JSON_RESPONSE_LIMIT: 'bytes',
  'RESPONSE_LIMITS.statusLine': 'bytes',
  'RESPONSE_LIMITS.head': 'bytes',
  'RESPONSE_LIMITS.fieldLines': 'lines',
  'RESPONSE_LIMITS.interim': 'responses',
  'RESPONSE_LIMITS.chunkLine': 'bytes',
  'RESPONSE_LIMITS.chunkOverhead': 'bytes',
  'RESPONSE_LIMITS.trailers': 'bytes',
  COMPACT_BELOW: 'bytes',
  HELPER_OUTPUT_LIMIT: 'bytes',
  CONTEXTS_LIMIT: 'contexts',
  BLOCKS: 'blocks',
  READ_BLOCKS: 'blocks',
  LEAST_ROOM: 'bytes',
  SMALL_FILE_LIMIT: 'bytes',
  EAGER_READS: 'reads',
  LINKS_LIMIT: 'links',
  NAME_ATTEMPTS: 'attempts',
  MAX_IDLE: 'connections',
  SSH_MAX_BUSY: 'calls',
  PARTS: 'parts',
  CHAIN_LIMIT: 'certificates',
  BLOCK_SIZE: 'bytes',
  SLAB_SIZE: 'bytes',
  COPY_LIMIT: 'bytes',
  PAX_LIMIT: 'bytes',
  TAIL_SIZE: 'bytes',
  HEAD_LIMIT: 'bytes',
  CHUNK_LINE_LIMIT: 'bytes',
  TAPE_LIMIT: 'bytes',
  SHOWN: 'requests',
  SHOWN_CHARACTERS: 'characters',
  REMEMBERED: 'subjects',
};
const suffixes = { MS: 'ms', S: 's', BYTES: 'bytes' };

/** The unit of a constant; undefined if it is not in the list. */
export function unitOf(name) {
  return suffixes[/_([A-Z]+)$/.exec(name)?.[1]] ?? units[name];
}

/** The limits and defaults of the library, in the order of its files. */
export function limitsOf(sources) {
  const library = sources.filter(({ path }) => !path.startsWith('src/cli/'));
  return library.flatMap(constantsOf).map((each) => ({ ...each, unit: unitOf(each.name) }));
}

/** The options of the client and its methods, each with its comment, which includes the default. */
export function optionsOf(sources) {
  const { text } = sources.find(({ path }) => path === 'src/client/options.ts');
  const option = new RegExp(String.raw`^ +${comment} +readonly (?<name>\w+)\?: `, 'gm');
  const interfaces = [...text.matchAll(/^export interface (\w+)[^{]*\{\n([^]*?)^\}/gm)];
  return interfaces.flatMap(([, owner, members]) =>
    [...members.matchAll(option)].map(({ groups }) => ({ owner, name: groups.name, comment: prose(groups.comment) })),
  );
}
