// `npm start`: runs the demo against your engine, or against a recorded one if there is none. `npm start -- pull alpine` runs
// that command of the CLI instead.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { demo } from './demo.mjs';
import { ImageClient, LongshoreError, VERSION } from '../build/index.js';
import { parseAddress } from '../build/config/engine-address.js';
import { dialerFor } from '../build/system/net/dialer.js';
import { parseTape, replayDialer } from '../build/testing.js';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const dim = (text) => (colour ? styleText('dim', text) : text);
const bold = (text) => (colour ? styleText('bold', text) : text);

/** Wraps a dialer: `tell` receives each block of bytes with its direction. */
function watched(dialer, tell) {
  return {
    address: dialer.address,
    async dial(options) {
      const channel = await dialer.dial(options);
      const write = channel.write.bind(channel);
      channel.write = (blocks) => {
        for (const block of blocks) tell('→', block);
        return write(blocks);
      };
      let owner = channel.owner;
      Object.defineProperty(channel, 'owner', {
        get: () => owner,
        set: (wanted) => {
          owner = {
            memory: () => wanted.memory(),
            onData: (bytes) => (tell('←', bytes), wanted.onData(bytes)),
            onEnd: () => wanted.onEnd(),
            onError: (error) => wanted.onError(error),
          };
        },
      });
      return channel;
    },
  };
}

/** Prints the first line of each request and response, and how many bytes followed it. */
function wirePrinter() {
  let bytes = 0;
  const sum = () => {
    if (bytes > 0) console.log(dim(`      ${bytes} bytes`));
    bytes = 0;
  };
  const tell = (direction, block) => {
    const text = Buffer.from(block).toString('latin1');
    const head = /^(?:[A-Z]+ \/|HTTP\/1\.)[^\r]*\r\n[^]*?\r\n\r\n/.exec(text)?.[0];
    if (head === undefined) return void (bytes += block.length);
    sum();
    const [line, ...fields] = head.trimEnd().split('\r\n');
    const framing = fields.filter((field) => /^(content-length|transfer-encoding):/i.test(field)).join(', ');
    console.log(dim(`    ${direction} ${decodeURIComponent(line)}${framing && `   ${framing}`}`));
    bytes = block.length - head.length;
  };
  return { tell, sum };
}

async function engineInReach() {
  const { host, tls } = await ImageClient.explain();
  const dialer = dialerFor(parseAddress(host), { tls });
  const client = new ImageClient({ dialer, timeouts: { connectMs: 3000, headMs: 5000 } });
  await client.ping();
  client.close();
  return dialer;
}

async function chooseDialer() {
  try {
    return await engineInReach();
  } catch (error) {
    if (!(error instanceof LongshoreError)) throw error;
    console.log(`No engine found (${error.message}).`);
    console.log('The demo runs against a recorded Docker 20.10 instead. Set DOCKER_HOST to use an engine.\n');
    return replayDialer(parseTape(readFileSync(at('../fixtures/tapes/docker-20.10/demo.tape'))));
  }
}

async function runDemo() {
  const dialer = await chooseDialer();
  console.log(`${bold(`longshore ${VERSION}`)} with ${dialer.address}\n`);
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => interrupt.abort(new Error(`stopped by ${name}`)));
  process.stdout.on('error', (error) => interrupt.abort(error)); // `npm start | head`: clean up all the same
  const wire = wirePrinter();
  const client = new ImageClient({ dialer: watched(dialer, wire.tell) });
  let count = 0;
  const step = (name, detail) => {
    wire.sum();
    console.log(`${bold(`${++count} ${name}`)}: ${detail}\n`);
  };
  const progress = (event) => {
    if (event.type !== 'layer') return;
    const of = event.total === undefined ? '' : ` of ${event.total} bytes`;
    console.log(`      ${event.id} ${event.status} ${event.current ?? 0}${of}`);
  };
  try {
    await demo(client, { step, progress, signal: interrupt.signal });
  } catch (error) {
    console.error(`longshore: ${error.message}`);
    process.exitCode = interrupt.signal.aborted ? 130 : 1;
  } finally {
    client.close();
  }
}

if (process.argv.length > 2) {
  const command = spawn(process.execPath, [at('../dist/cli/main.js'), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => {}); // the command receives the signal, too
  command.on('exit', (code, signal) => (process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143)));
} else {
  await runDemo();
}
