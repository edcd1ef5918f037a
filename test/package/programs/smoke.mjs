// Runs the demo of `npm start` against the engine in DOCKER_HOST, with the copy of longshore that it receives, and prints the
// names of the steps. Every supported runtime runs this file.
import { demo } from './demo.mjs';

/** Rejects if anything is wrong. */
export async function smoke({ ImageClient, LongshoreError, NotFoundError, packTar, parseReference }) {
  if (parseReference('alpine').path !== 'library/alpine') throw new Error('a reference is parsed wrongly');
  let bytes = 0;
  for await (const block of packTar({ 'a/b': 'c' })) bytes += block.length;
  if (bytes % 512 !== 0 || bytes === 0) throw new Error(`an archive has ${bytes} bytes`);
  if (!(NotFoundError.prototype instanceof LongshoreError)) throw new Error('NotFoundError is not a LongshoreError');

  const client = await ImageClient.fromEnvironment();
  const steps = [];
  await demo(client, { step: (name) => steps.push(name), progress() {} });
  client.close();
  console.log(steps.join(' '));
}
