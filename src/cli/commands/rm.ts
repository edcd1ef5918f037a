// longshore rm: removes names, and images that have no other name.

import { command } from '../command.ts';
import { membersOf, objectsOf, textOf } from '../engine-values.ts';
import { forEachOperand } from '../operands.ts';
import { line } from '../printer.ts';
import { platformsOption } from '../shared-options.ts';
import type { RemoveItem } from '../../index.ts';

export const rm = command({
  name: 'rm',
  alias: 'rmi',
  summary: 'Remove names, and images that have no other name',
  usage: 'IMAGE...',
  operands: [1, Infinity],
  completes: 'image',
  fleet: true,
  options: {
    force: { type: 'boolean', short: 'f', help: 'Also with several names or stopped containers' },
    'no-prune': { type: 'boolean', help: 'Keep untagged parent images' },
    ...platformsOption,
  },
  async run(call) {
    const { values, print } = call;
    const removed: RemoveItem[] = [];
    await forEachOperand(call, async (client, image, signal) => {
      const { force, 'no-prune': noprune, platform: platforms } = values;
      const items = await client.removeImage(image, { force, noprune, platforms, signal });
      for (const item of items) removed.push(item);
      if (values.json !== true && values.quiet !== true) await print.text(removalLines(items));
    });
    if (values.json === true) await print.json(removed);
  },
});

/** Formats removals as the docker command does. */
export function removalLines(items: readonly RemoveItem[]): string {
  return objectsOf(items).flatMap((item) => membersOf(item).map(([what, name]) => line(`${what}: ${textOf(name)}`))).join('');
}
