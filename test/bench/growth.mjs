// Measures how time and memory grow with the size of an image, concurrent calls, lines of progress and entries of a tar.
import { makeArchive } from './archive.mjs';
import { commandOf, isHere, runCommand } from './contenders.mjs';

const MIB = 1024 * 1024;

/** The charts, each with `[x, y]` points for every contender; the `flat` ones should be constant. */
export async function growth({ folder, native, socket }) {
  const sizes = [64, 256, 1024, 4096, 8192];
  for (const mib of sizes) (await makeArchive(mib)).writeParts(folder);
  const measure = (contender, scenario, told) =>
    runCommand(commandOf(contender, scenario, { socket, operation: scenario.operation, ...told }, native));
  const warmUp = { image: 'bench:64' }; // as in contender.mjs
  const plans = [
    {
      what: 'an image, MiB',
      points: sizes,
      contenders: ['longshore', 'node-http', 'curl'],
      scenario: { operation: 'saveToSink' },
      told: (mib) => ({ image: `bench:${mib}`, warmUp }),
    },
    {
      what: '10,000 calls, so many at once',
      points: [1, 4, 16, 64, 256, 1000],
      contenders: ['longshore', 'node-http'],
      scenario: { operation: 'call' },
      told: (atOnce) => ({ calls: 10_000, atOnce }),
    },
    {
      what: 'lines of progress',
      points: [1e3, 1e4, 1e5, 1e6, 1e7],
      contenders: ['longshore', 'node-http'],
      scenario: { operation: 'progress' },
      told: (lines) => ({ lines }),
    },
    {
      what: 'entries of a tar',
      points: [1, 10, 100, 1e3, 1e4, 1e5, 1e6],
      contenders: ['longshore', 'tar-stream'],
      scenario: { program: 'pack' },
      told: (entries) => ({ entries }),
    },
  ];
  const charts = [];
  for (const { what, points, contenders, scenario, told } of plans) {
    const [time, memory] = [[], []];
    for (const name of contenders.filter((contender) => isHere(contender, native))) {
      const results = [];
      for (const point of points) results.push([point, await measure(name, scenario, told(point))]);
      time.push({ name, points: results.map(([point, { wall }]) => [point, wall]) });
      memory.push({ name, points: results.map(([point, { rss }]) => [point, rss / MIB]) });
    }
    charts.push({ title: `Seconds for ${what}`, series: time }, { title: `Peak MiB for ${what}`, series: memory, flat: true });
  }
  for (const { title, series } of charts) {
    for (const { name, points } of series)
      console.log(`  ${title}: ${name}  ${points.map(([x, y]) => `${x}: ${y.toPrecision(3)}`).join('  ')}`);
  }
  return charts;
}
