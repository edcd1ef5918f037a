// Tests with a real engine. The files run one after another: they share the engine, and some of them measure.

import { defineConfig } from 'vitest/config';
import { shared } from '../vitest.config.ts';

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ['test/live/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
