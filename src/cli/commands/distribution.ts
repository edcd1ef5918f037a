// longshore distribution: shows what a registry has for a name, without pulling it.

import { familiarReference, parseReference } from '../../index.ts';
import type { DistributionInspect } from '../../index.ts';
import { command } from '../command.ts';
import { credentialOptions } from '../credentials.ts';
import { objectsOf, textOf } from '../engine-values.ts';
import { platformText } from '../listing.ts';
import { forEachOperand } from '../operands.ts';
import { line } from '../printer.ts';
import { humanSize, table } from '../table.ts';

export const distribution = command({
  name: 'distribution',
  summary: 'Show the digest and the platforms that a registry has for a name',
  usage: 'REF...',
  operands: [1, Infinity],
  completes: 'image',
  options: {
    ...credentialOptions,
    quiet: { type: 'boolean', short: 'q', help: 'Print digests only' },
  },
  async run(call) {
    const { values, print, credentials } = call;
    const found: unknown[] = [];
    await forEachOperand(call, async (client, reference, signal) => {
      const response = await client.inspectDistribution(reference, { credentials, signal });
      const digest = textOf(response.Descriptor?.digest);
      found.push(values.quiet === true ? digest : response);
      if (values.json === true) return;
      if (values.quiet === true) return print.text(line(digest));
      return print.text((found.length > 1 ? '\n' : '') + description(reference, response));
    });
    if (values.json === true) await print.json(found);
  },
});

function description(reference: string, { Descriptor, Platforms }: DistributionInspect): string {
  const { digest, mediaType, size } = Descriptor ?? {};
  const [first = 'unknown', ...more] = objectsOf(Platforms).map(platformText);
  return table([
    ['Name', familiarReference(parseReference(reference))],
    ['  Digest', digest],
    ['  Type', mediaType],
    ['  Size', humanSize(size)],
    ['  Platforms', first],
    ...more.map((platform) => ['', platform]),
  ]);
}
