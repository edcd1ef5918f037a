// longshore pull: pulls images from registries.

import type { PullOptions } from '../../index.ts';
import { command } from '../command.ts';
import { credentialOptions } from '../credentials.ts';
import { follow } from '../follow.ts';
import { forEachOperand } from '../operands.ts';
import { line } from '../printer.ts';
import { retryOption, retrying } from '../retries.ts';
import { platformOption } from '../shared-options.ts';

export const pull = command({
  name: 'pull',
  summary: 'Pull images from registries',
  usage: 'REF...',
  operands: [1, Infinity],
  completes: 'image',
  fleet: true,
  options: {
    'all-tags': { type: 'boolean', short: 'a', help: 'Pull all tags of the repository' },
    ...platformOption,
    policy: { type: 'string', value: 'POLICY', choices: ['always', 'missing', 'never'], help: 'When to pull: always (default), missing, never' },
    ...retryOption,
    ...credentialOptions,
  },
  async run(call) {
    const { values, print, credentials } = call;
    const options = { allTags: values['all-tags'], platform: values.platform, policy: values.policy as PullOptions['policy'], credentials };
    const repeated = retrying('pull', call);
    await forEachOperand(call, async (client, reference, signal) => {
      const result = await repeated(reference, signal, () => follow(client.pull(reference, { ...options, signal }), call));
      if (values.json !== true) await print.text(line(result.reference));
    });
  },
});
