import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';
import { leaveNothingBehind } from './support/left-behind.mjs';

leaveNothingBehind();

// Node itself loads the code under test, so V8's own coverage is exact to the line. Tests are written against ../src/*.ts.
//   default          They run against build/*.js, the output of tsc. Some also run against dist/*.js, which is published.
//   TEST_TARGET=src  The TypeScript is loaded as it is (Node >= 22.18, type stripping).
const native = process.env['TEST_TARGET'] === 'src';
const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

// The last lines of the run: why tests were skipped, and "N passed, N failed, N skipped".
const closing: Reporter = {
  onTestRunEnd(modules) {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const reasons = new Map<string, number>();
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        count[test.result().state]++;
        const why = /\((skipped: .*?)\)/.exec(test.fullName)?.[1]; // `titled` in support/installed.ts
        if (why !== undefined) reasons.set(why, (reasons.get(why) ?? 0) + 1);
      }
      count.failed += module.errors().length; // a file that cannot be loaded has no tests to fail
    }
    process.on('exit', () => {
      for (const [why, tests] of reasons) console.log(`${why} (${tests})`);
      console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
    });
  },
};

const build = { find: /^(\.{1,2}\/(?:.*\/)?)src\/(.+)\.ts$/, replacement: '$1build/$2.js' };
/** What the package exports comes from dist/. `errors.ts` has no entry of its own; `index.js` exports its classes. */
const published = [
  { find: /^(\.{1,2}\/(?:.*\/)?)src\/(index|testing|http\/[^/]+|tar\/[^/]+)\.ts$/, replacement: '$1dist/$2.js' },
  { find: /^(\.{1,2}\/(?:.*\/)?)src\/errors\.ts$/, replacement: '$1dist/index.js' },
  build,
];

export const shared = {
  resolve: { alias: native ? [] : [build] },
  test: {
    testTimeout: 60_000, // for what hangs: a machine may be slow
    pool: 'threads' as const, // forked workers are killed before V8 writes their coverage
    // Two files at a time on each core: many tests wait for a program or a timer.
    maxWorkers: 2 * availableParallelism(),
    execArgv: ['--enable-source-maps'],
    server: { deps: { external: [new RegExp(`^(?:file://)?${root}(?:src|build|dist)/`)] } },
    setupFiles: [fileURLToPath(new URL('support/secret-watch.ts', import.meta.url))],
    reporters: ['default' as const, closing],
  },
};

const all = {
  ...shared,
  test: { ...shared.test, name: 'all', include: ['test/**/*.test.ts'], exclude: ['test/live/**', 'test/bench/**', '**/node_modules/**'] },
};
/** The tests of what the package exports, a second time, against the published bundle. */
const bundle = {
  resolve: { alias: published },
  test: {
    ...shared.test,
    name: 'bundle',
    include: ['test/tapes/*.test.ts', 'test/http/wire-cases.test.ts', 'test/package.test.ts'],
    env: { TEST_TARGET: 'dist' },
  },
};

export default defineConfig({ ...shared, test: { ...shared.test, projects: native ? [all] : [all, bundle] } });
