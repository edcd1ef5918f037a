// Makes tables of runs: medians, and ratios within each round.

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

export function median(values) {
  const sorted = values.filter((value) => value !== undefined && !Number.isNaN(value)).sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** How a rate is shown, by the unit that is counted. */
const UNITS = {
  bytes: ['GB/s', (rate) => rate / 1e9, 'CPU s/GiB', (cpu, amount) => (cpu / amount) * GIB],
  calls: ['calls/s', (rate) => rate, 'CPU us/call', (cpu, amount) => (cpu / amount) * 1e6],
  lines: ['M lines/s', (rate) => rate / 1e6, 'CPU us/line', (cpu, amount) => (cpu / amount) * 1e6],
  entries: ['k entries/s', (rate) => rate / 1e3, 'CPU us/entry', (cpu, amount) => (cpu / amount) * 1e6],
  values: ['ms', (rate) => 1e3 / rate, 'CPU ms', (cpu) => cpu * 1e3],
  answers: ['ms', (rate) => 1e3 / rate, 'CPU ms', (cpu) => cpu * 1e3],
  imports: ['ms', (rate) => 1e3 / rate, 'CPU ms', (cpu) => cpu * 1e3],
};

/** The figures of a scenario: the medians of each contender, and how much faster we are. */
export function summarise({ name, title, unit, ...required }, runs, bare) {
  const ours = runs.get('longshore');
  const contenders = [...runs].map(([contender, theirs]) => {
    const over = (figure) => median(theirs.map(figure));
    return {
      contender,
      wall: over(({ wall }) => wall),
      rate: over(({ wall, amount }) => amount / wall),
      cpuPerUnit: over(({ cpu, amount }) => UNITS[unit][3](cpu, amount)),
      rss: over(({ rss }) => rss),
      p50: over(({ p50 }) => p50),
      p99: over(({ p99 }) => p99),
      amount: theirs[0].amount,
      faster: median(theirs.map(({ wall }, round) => wall / ours[round].wall)),
      cpuRatio: median(theirs.map(({ cpu }, round) => cpu / ours[round].cpu)),
      runs: theirs,
    };
  });
  return { name, title, unit, contenders, gates: judge(contenders, required, bare) };
}

/** Each gate with its outcome. */
function judge(contenders, { gates = [], cpuGates = [], p99Gates = [], memoryGate }, bare) {
  const byName = new Map(contenders.map((one) => [one.contender, one]));
  const ours = byName.get('longshore');
  const best = (what, figure) => ([others, least]) => {
    const present = others.filter((name) => byName.has(name));
    if (present.length === 0) return [];
    const reached = Math.min(...present.map((name) => figure(byName.get(name))));
    return [{ what: `${what} to ${present.join(', ')}`, least, reached, holds: reached >= least }];
  };
  const over = ours === undefined || bare === undefined ? undefined : (ours.rss - bare) / MIB;
  const memory = { what: `MiB over a bare Node's ${(bare / MIB).toFixed(0)}`, most: memoryGate, reached: over, holds: over <= memoryGate };
  return [
    ...gates.flatMap(best('speed', ({ faster }) => faster)),
    ...cpuGates.flatMap(([name, least]) => best('processor time', ({ cpuRatio }) => cpuRatio)([[name], least])),
    ...p99Gates.flatMap(best('p99', ({ p99 }) => p99 / ours.p99)),
    ...(memoryGate === undefined || over === undefined ? [] : [memory]),
  ];
}

const fixed = (value, digits) => (value === undefined || Number.isNaN(value) ? '' : value.toFixed(digits));
const significant = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

export function formatScenario({ name, title, unit, contenders }) {
  const [rateUnit, rateOf, cpuUnit] = UNITS[unit];
  const head = ['', rateUnit, 'ours is faster', cpuUnit, 'their CPU / ours', 'peak MiB', 'p50 us', 'p99 us'];
  const rows = contenders.map(({ contender, rate, faster, cpuPerUnit, cpuRatio, rss, p50, p99 }) => [
    contender,
    significant(rateOf(rate)),
    `${fixed(faster, 2)}x`,
    significant(cpuPerUnit),
    `${fixed(cpuRatio, 2)}x`,
    fixed(rss / MIB, 0),
    fixed(p50 * 1e6, 0),
    fixed(p99 * 1e6, 0),
  ]);
  return `${title} (${name})\n${columns([head, ...rows])}\n`;
}

export function formatGates(summaries) {
  const rows = summaries.flatMap(({ name, gates }) =>
    gates.map(({ what, least, most, reached, holds }) => [
      holds ? 'holds' : 'FAILS',
      name,
      what,
      most === undefined ? `${reached.toFixed(2)}x` : reached.toFixed(1),
      most === undefined ? `of at least ${least.toFixed(2)}x` : `of at most ${most}`,
    ]),
  );
  return `Gates\n${columns(rows)}`;
}

/** Formats an aligned table; columns without figures are omitted. */
function columns(rows) {
  const used = rows[0]?.map((_, column) => rows.slice(1).some((row) => row[column] !== '')) ?? [];
  const kept = rows.map((row) => row.filter((_, column) => used[column]));
  const widths = kept[0]?.map((_, column) => Math.max(...kept.map((row) => row[column].length))) ?? [];
  return kept
    .map(
      (row) =>
        `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  ')}`,
    )
    .join('\n');
}
