// longshore inspect: prints all details of images as JSON.

import { command } from '../command.ts';
import { forEachOperand } from '../operands.ts';
import { platformOption } from '../shared-options.ts';

export const inspect = command({
  name: 'inspect',
  summary: 'Print all details of images as JSON',
  usage: 'IMAGE...',
  operands: [1, Infinity],
  completes: 'image',
  options: platformOption,
  async run(call) {
    const { values, print } = call;
    const found: object[] = [];
    await forEachOperand(call, async (client, image, signal) => {
      found.push(await client.inspectImage(image, { platform: values.platform, signal }));
    });
    await print.json(found);
  },
});
