// longshore copy: copies images to other engines, and sends only the layers that they lack.

import type { CopiedImage, CopyResult } from '../../index.ts';
import { command, UsageError } from '../command.ts';
import type { Call } from '../command.ts';
import { follow } from '../follow.ts';
import { shortId } from '../listing.ts';
import { forEachOperand } from '../operands.ts';
import { printable } from '../printable.ts';
import { line } from '../printer.ts';
import { retryOption, retrying } from '../retries.ts';
import { platformOption } from '../shared-options.ts';
import { humanSize } from '../table.ts';

export const copy = command({
  name: 'copy',
  summary: 'Copy images to other engines, without the layers that they have',
  usage: 'IMAGE... --to TARGET',
  operands: [1, Infinity],
  completes: 'image',
  options: {
    to: { type: 'string', multiple: true, value: 'TARGET', help: 'To this host (with ://) or context; repeatable' },
    ...platformOption,
    ...retryOption,
    'dry-run': { type: 'boolean', help: 'Show what would be sent, and send nothing' },
    full: { type: 'boolean', help: 'Send all layers' },
  },
  targets({ to = [] }) {
    if (to.length === 0) throw new UsageError('missing target: give --to HOST or --to CONTEXT');
    const twice = to.find((each, index) => to.indexOf(each) !== index);
    if (twice !== undefined) throw new UsageError(`--to ${printable(twice)} is given twice`);
    const wrong = to.find((each) => !each.includes('://') && !/^[\w.+-]+$/.test(each));
    if (wrong !== undefined) throw new UsageError(`--to "${printable(wrong)}" is neither a host, such as tcp://HOST:PORT, nor the name of a context`);
    return to.map((each) => (each.includes('://') ? { host: each } : { context: each }));
  },
  async run(call) {
    const { values, print, engine } = call;
    const target = await call.target();
    const options = { to: target, platform: values.platform, full: values.full, dryRun: values['dry-run'] };
    const repeated = retrying('copy', call);
    await forEachOperand(call, async (client, image, signal) => {
      const result = await repeated(image, signal, () => follow(client.copyImage(image, { ...options, signal }), call));
      const lines = result.images.map((each) => line(whatWasCopied(image, engine, each, result, options)));
      if (values.json !== true) await print.text(lines.join(''));
    });
  },
});

/**
 * Returns the line for one image, with the target: `team/app:2 -> ssh://prod: sent 1 of 6 layers, 10.4 MB of 512 MB`. Both sizes are those of
 * layers.
 */
function whatWasCopied(
  image: string,
  { host, context }: Call['engine'], // the target
  { layers, replaced }: CopiedImage,
  { bytesTotal, resent }: CopyResult,
  { dryRun = false }: { readonly dryRun: boolean | undefined },
): string {
  const sent = layers.filter((layer) => layer.sent);
  const bytes = sent.reduce<number | undefined>((sum, { size }) => (sum === undefined || size === undefined ? undefined : sum + size), 0);
  const notes = [
    resent ? '; the target lacked a layer, so all were sent again' : '',
    ...replaced.map(({ reference, id }) => `; ${reference} ${dryRun ? 'replaces' : 'replaced'} ${shortId(id)}`),
  ];
  const amount = bytes === undefined ? `; the image has ${spaced(bytesTotal)}` : `, ${spaced(bytes)} of ${spaced(bytesTotal)}`;
  return `${image} -> ${host ?? context}: ${dryRun ? 'would send' : 'sent'} ${sent.length} of ${layers.length} layers${amount}${notes.join('')}`;
}

/** A size with a space before its unit. */
function spaced(bytes: number): string {
  return humanSize(bytes, 3).replace(/(?=[a-zA-Z])/, ' ');
}
