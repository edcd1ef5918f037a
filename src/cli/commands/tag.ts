// longshore tag: adds names to an image.

import { command } from '../command.ts';
import { forEachOperand } from '../operands.ts';

export const tag = command({
  name: 'tag',
  summary: 'Add names to an image',
  usage: 'IMAGE NAME...',
  operands: [2, Infinity],
  completes: 'image',
  options: {},
  async run(call) {
    const { operands: [image = '', ...names], values, print } = call;
    const given: string[] = [];
    await forEachOperand({ ...call, operands: names }, async (client, name, signal) => {
      await client.tag(image, name, { signal });
      given.push(name);
    });
    if (values.json === true) await print.json({ image, names: given });
  },
});
