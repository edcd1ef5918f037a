// Uses the installed package as a CommonJS module.
const longshore = require('longshore');
const { parseTape } = require('longshore/testing');

if (typeof parseTape !== 'function') throw new Error('a subpath exports the wrong names');
import('./smoke.mjs').then(({ smoke }) => smoke(longshore));
