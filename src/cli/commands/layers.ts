// longshore layers: prints which layers the engine has, for `longshore save --without-layers-of` on another machine.

import { command } from '../command.ts';

export const layers = command({
  name: 'layers',
  summary: 'Print which layers the engine has, as JSON',
  usage: '',
  operands: [0, 0],
  options: {},
  async run({ io, print, client }) {
    await print.json(await (await client()).layers({ signal: io.signal }));
  },
});
