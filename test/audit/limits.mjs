// Every limit and default of the library, out of its sources: each is a named constant, a number, and the comment above
// it says why it is as it is. The command's constants are columns and frames of its own, and not listed.

const comment = String.raw`/\*\*(?<comment>(?:(?!\*/)[^])*?)\*/\n`;
/** Digits, and what they are multiplied and raised with. */
const number = String.raw`(?<value>[\d_][\d_ *+()-]*)`;
const constant = new RegExp(String.raw`^(?:${comment})?(?:export )?const (?<name>[A-Z][A-Z\d_]*)(?:: number)? = ${number};`, 'gm');
const table = new RegExp(String.raw`^${comment}export const (?<name>[A-Z][A-Z\d_]*) = \{\n(?<members>(?: +(?:/\*\*|\w+: [\d_]+,).*\n)+)\} as const;`, 'gm');
const member = new RegExp(String.raw`^ +${comment} +(?<name>\w+): ${number},`, 'gm');

/** The comment as running text. */
const prose = (text) => text.replace(/\s*\n\s*\*? ?/g, ' ').trim();

/** The number, by plain arithmetic: only digits and operators come here. */
const valueOf = (text) => new Function(`return ${text.replaceAll('_', '')}`)();

/** All numeric constants of one source, those of tables by `TABLE.member`; `comment` is undefined where there is none. */
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

/** In what the others count, whose names do not say it. */
const units = {
  CHUNKS_PER_TURN: 'chunks',
  GROUP_CHUNKS: 'chunks',
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
  TEXT_COST: 'characters',
  LONGEST_WARNING: 'characters',
  LARGEST_ID: 'ids',
  JSON_ITEMS_LIMIT: 'items',
  COMPACT_FROM: 'items',
  DOCUMENT_LIMIT: 'bytes',
  MEMORY_LIMIT: 'bytes',
  ENTRY_COST: 'bytes',
  LINK_LIMIT: 'links',
  NESTING_LIMIT: 'levels',
  SIZE_GUESS: 'bytes',
  SMALL_SIZE: 'bytes',
  MOST_LAYERS: 'layers',
  LONGEST_TEXT: 'characters',
  WORDS_LIMIT: 'characters',
  SHORT_ID_LENGTH: 'characters',
  ALMOST: 'percent',
  JSON_VALUE_LIMIT: 'bytes',
  PATH_LIMIT: 'characters',
  REFERENCE_LIMIT: 'characters',
  SHORTEST_SECRET: 'characters',
  ERROR_BODY_LIMIT: 'bytes',
  JSON_ANSWER_LIMIT: 'bytes',
  'RESPONSE_LIMITS.statusLine': 'bytes',
  'RESPONSE_LIMITS.head': 'bytes',
  'RESPONSE_LIMITS.fieldLines': 'lines',
  'RESPONSE_LIMITS.interim': 'answers',
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

/** In what a limit counts; undefined where nobody has said so yet. */
export function unitOf(name) {
  return suffixes[/_([A-Z]+)$/.exec(name)?.[1]] ?? units[name];
}

/** The limits and defaults of the library, in the order of its files. */
export function limitsOf(sources) {
  const library = sources.filter(({ path }) => !path.startsWith('src/cli/'));
  return library.flatMap(constantsOf).map((each) => ({ ...each, unit: unitOf(each.name) }));
}

/** What a client and its methods may be given: each option, and what its comment says, defaults included. */
export function optionsOf(sources) {
  const { text } = sources.find(({ path }) => path === 'src/client/options.ts');
  const option = new RegExp(String.raw`^ +${comment} +readonly (?<name>\w+)\?: `, 'gm');
  const interfaces = [...text.matchAll(/^export interface (\w+)[^{]*\{\n([^]*?)^\}/gm)];
  return interfaces.flatMap(([, owner, members]) =>
    [...members.matchAll(option)].map(({ groups }) => ({ owner, name: groups.name, comment: prose(groups.comment) })),
  );
}
