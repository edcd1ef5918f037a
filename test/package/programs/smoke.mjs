// The demo of `npm start`, by whichever runtime starts this and with whichever longshore it is given, against the engine
// in DOCKER_HOST. It prints the names of the steps.
import { demo } from './demo.mjs';

/** Rejects where anything is not as it should be. */
export async function smoke({ ImageClient, LongshoreError, NotFoundError, packTar, parseReference }) {
  if (parseReference('alpine').path !== 'library/alpine') throw new Error('a reference is parsed wrongly');
  let bytes = 0;
  for await (const block of packTar({ 'a/b': 'c' })) bytes += block.length;
  if (bytes % 512 !== 0 || bytes === 0) throw new Error(`an archive has ${bytes} bytes`);
  if (!(NotFoundError.prototype instanceof LongshoreError)) throw new Error('an error is none of ours');

  const client = await ImageClient.fromEnvironment();
  const steps = [];
  await demo(client, { step: (name) => steps.push(name), progress() {} });
  client.close();
  console.log(steps.join(' '));
}
