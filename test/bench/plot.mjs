// Draws plots as SVG, without a library: bars for the ratios of speed, and lines for growth.
import { writeFileSync } from 'node:fs';

const COLOURS = {
  'node-http': '#4477aa',
  undici: '#66ccee',
  dockerode: '#228833',
  'docker-node-sdk': '#ccbb44',
  curl: '#ee6677',
  docker: '#aa3377',
  'docker-py': '#888888',
  longshore: '#000000',
};
const escaped = (text) => text.replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character]);
const text = (x, y, words, more = '') => `<text x="${x}" y="${y}" ${more}>${escaped(words)}</text>`;
const line = (x1, y1, x2, y2, colour) => `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${colour}"/>`;
const document = (width, height, parts) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
  `font-family="sans-serif" font-size="12">\n` +
  `<rect width="100%" height="100%" fill="#fff"/>\n${parts.join('\n')}\n</svg>\n`;

/** A group of bars for each scenario; logarithmic, so that "twice as fast" and "half as fast" have equal lengths. */
export function writeSpeedPlot({ scenarios, machine, date, scale }, path) {
  const [left, width, bar, gap] = [290, 860, 12, 12];
  const groups = scenarios.map(({ title, contenders }) => ({
    title,
    bars: contenders.filter(({ contender }) => contender in COLOURS && contender !== 'longshore'),
  }));
  const most = Math.max(2, ...groups.flatMap(({ bars }) => bars.map(({ faster }) => faster)));
  const least = Math.min(0.5, ...groups.flatMap(({ bars }) => bars.map(({ faster }) => faster)));
  const x = (ratio) => left + ((Math.log(ratio) - Math.log(least)) / (Math.log(most) - Math.log(least))) * (width - left - 60);
  const parts = [
    text(
      16,
      24,
      'How many times as fast as each peer longshore is (right of the line: faster)',
      'font-size="15" font-weight="bold"',
    ),
    text(16, 42, `${machine}; ${date.slice(0, 10)}; medians of ${scale.rounds} rounds, ${scale.mib} MiB`, 'fill="#555"'),
  ];
  let y = 62;
  for (const { title, bars } of groups.filter((group) => group.bars.length > 0)) {
    parts.push(text(16, y + 10, title.length > 44 ? `${title.slice(0, 43)}…` : title));
    for (const { contender, faster } of bars) {
      const [from, to] = [Math.min(x(1), x(faster)), Math.max(x(1), x(faster))];
      parts.push(
        `<rect x="${from.toFixed(1)}" y="${y}" width="${Math.max(1, to - from).toFixed(1)}" height="${bar - 2}" ` +
          `fill="${COLOURS[contender]}"/>`,
      );
      parts.push(text(to + 4, y + 9, `${faster.toFixed(faster < 10 ? 2 : 0)} ${contender}`, 'font-size="9"'));
      y += bar;
    }
    y += gap;
  }
  parts.push(line(x(1), 52, x(1), y - gap, '#000'));
  writeFileSync(path, document(width + 60, y + 8, parts));
}

/** Charts side by side, both axes logarithmic: proportional growth is a straight line at 45 degrees. */
export function writeGrowthPlot({ growth, machine, date }, path) {
  const [width, height, margin] = [400, 250, 56];
  const parts = [text(16, 24, `How it grows: ${machine}; ${date.slice(0, 10)}`, 'font-size="15" font-weight="bold"')];
  growth.forEach((chart, index) => {
    const [originX, originY] = [(index % 2) * (width + 30) + margin, Math.floor(index / 2) * (height + 66) + 60];
    const points = chart.series.flatMap(({ points: all }) => all);
    const range = (axis) => [Math.min(...points.map((point) => point[axis])), Math.max(...points.map((point) => point[axis]))];
    const place = ([least, most], value) => (most > least ? Math.log(value / least) / Math.log(most / least) : 0.5);
    const [xs, ys] = [range(0), range(1)];
    if (chart.flat) ys[0] = 1;
    const at = ([x, y]) => [originX + place(xs, x) * (width - margin), originY + (1 - place(ys, y)) * (height - margin)];
    parts.push(text(originX, originY - 8, chart.title, 'font-weight="bold"'));
    parts.push(
      line(originX, originY, originX, originY + height - margin, '#999'),
      line(originX, originY + height - margin, originX + width - margin, originY + height - margin, '#999'),
    );
    for (const value of xs)
      parts.push(
        text(at([value, ys[0]])[0], originY + height - margin + 14, String(value), 'font-size="10" text-anchor="middle"'),
      );
    for (const value of ys)
      parts.push(text(originX - 4, at([xs[0], value])[1] + 4, value.toPrecision(3), 'font-size="10" text-anchor="end"'));
    chart.series.forEach(({ name, points: own }, row) => {
      const path = own
        .map((point) =>
          at(point)
            .map((number) => number.toFixed(1))
            .join(','),
        )
        .join(' ');
      parts.push(`<polyline points="${path}" fill="none" stroke="${COLOURS[name] ?? '#000'}" stroke-width="2"/>`);
      parts.push(text(originX + 6, originY + 12 + row * 12, name, `font-size="10" fill="${COLOURS[name] ?? '#000'}"`));
    });
  });
  writeFileSync(path, document(2 * (width + 60), Math.ceil(growth.length / 2) * (height + 66) + 50, parts));
}
