#!/usr/bin/env node
// The entry point of the `longshore` program. It turns on Node's cache of compiled code before it loads the program, so that the
// next command starts in less time (Node 22.1 and later). If Node cannot write its folder for the cache, or if
// NODE_DISABLE_COMPILE_CACHE is set, the program runs without it.

import * as module from 'node:module';

(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
const { runProgram } = await import('./program.ts');
await runProgram();
