// A program that uses what is installed by its name, as a CommonJS module.
const longshore = require('longshore');
const { parseTape } = require('longshore/testing');

if (typeof parseTape !== 'function') throw new Error('a subpath is wrong');
import('./smoke.mjs').then(({ smoke }) => smoke(longshore));
