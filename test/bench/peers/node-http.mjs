// Node's own client, with only the code that a careful user would write.
import { createReadStream, createWriteStream, readFileSync, statSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { memoryStream } from '../source.mjs';

export async function connect(run) {
  const { request: send, Agent } = run.tls ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const place = run.port ? { host: '127.0.0.1', port: run.port, ca: run.tls?.ca } : { socketPath: run.socket };
  const request = (method, path, { headers, body, agent: own = agent } = {}) =>
    new Promise((resolve, reject) => {
      const asked = send({ ...place, method, path: `/v1.41${path}`, agent: own, headers }, resolve);
      asked.on('error', reject);
      if (body === undefined) asked.end();
      else if (body instanceof Uint8Array) asked.end(body);
      else pipeline(body, asked).catch(reject);
    });
  const textOf = async (answer) => {
    const chunks = [];
    for await (const chunk of answer) chunks.push(chunk);
    if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
    return Buffer.concat(chunks).toString();
  };
  const save = (image) => request('GET', `/images/get?names=${image}`);
  const load = async (body, length) => {
    const headers = { 'Content-Type': 'application/x-tar', ...(length === undefined ? {} : { 'Content-Length': length }) };
    return textOf(await request('POST', '/images/load?quiet=0', { headers, body }));
  };
  const inspect = async (options) => JSON.parse(await textOf(await request('GET', '/images/bench:1/json', options))).Id;
  return {
    async saveToSink({ image, see }) {
      const answer = await save(image);
      await new Promise((resolve, reject) => answer.on('data', see).on('end', resolve).on('error', reject));
    },
    saveToFile: async ({ image, file }) => pipeline(await save(image), createWriteStream(file)),
    async saveIterated({ image, see }) {
      for await (const chunk of await save(image)) see(chunk);
    },
    loadFile: ({ file }) => load(createReadStream(file), statSync(file).size),
    async prepareBuffer({ file }) {
      const bytes = readFileSync(file);
      return () => load(bytes, bytes.length);
    },
    async prepareStream({ file }) {
      const stream = memoryStream(file);
      return () => load(stream);
    },
    call: () => inspect(),
    callAnew: () => inspect({ agent: new Agent({ keepAlive: false }) }),
    async progress({ lines }) {
      let count = 0;
      const answer = await request('POST', `/images/create?fromImage=bench&tag=${lines}`);
      for await (const line of createInterface({ input: answer, crlfDelay: Infinity })) {
        const event = JSON.parse(line);
        if (event.error) throw new Error(event.error);
        count++;
      }
      return count;
    },
    close: () => agent.destroy(),
  };
}
