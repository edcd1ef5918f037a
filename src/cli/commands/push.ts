// longshore push: pushes images to registries.

import { parseReference } from '../../index.ts';
import type { PushResult } from '../../index.ts';
import { command } from '../command.ts';
import { credentialOptions } from '../credentials.ts';
import { follow } from '../follow.ts';
import { forEachOperand } from '../operands.ts';
import { line } from '../printer.ts';
import { retryOption, retrying } from '../retries.ts';
import { platformOption } from '../shared-options.ts';

export const push = command({
  name: 'push',
  summary: 'Push images to registries and print their digests',
  usage: 'REF...',
  operands: [1, Infinity],
  completes: 'image',
  options: {
    'all-tags': { type: 'boolean', short: 'a', help: 'Push all local tags of the repository' },
    ...platformOption,
    ...retryOption,
    ...credentialOptions,
  },
  async run(call) {
    const { values, print, credentials } = call;
    const options = { allTags: values['all-tags'], platform: values.platform, credentials };
    const repeated = retrying('push', call);
    await forEachOperand(call, async (client, reference, signal) => {
      const result = await repeated(reference, signal, () => follow(client.push(reference, { ...options, signal }), call));
      if (values.json !== true) await print.text(line(pinned(result)));
    });
  },
});

/** Returns the name with the digest, which always identifies this image. */
function pinned({ reference, digest }: PushResult): string {
  if (digest === undefined) return reference;
  const { domain, path } = parseReference(reference);
  return `${domain}/${path}@${digest}`;
}
