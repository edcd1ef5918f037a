// undici, which also implements `fetch`. It does not save to a file here: piping a chunked body into a file takes time in
// proportion to the square of its length (7.30.2: 16, 32, 64 MiB in 0.84, 3, 12 s).
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Client, Pool } from 'undici';
import { memoryStream } from '../source.mjs';

export async function connect(run) {
  const options = run.tls ? { connect: { ca: run.tls.ca } } : run.port ? {} : { socketPath: run.socket };
  const origin = run.port ? `${run.tls ? 'https' : 'http'}://127.0.0.1:${run.port}` : 'http://localhost';
  const limits = { headersTimeout: 0, bodyTimeout: 0 };
  const pool = new Pool(origin, { ...options, connections: 64, ...limits });
  const save = async (image) => (await pool.request({ method: 'GET', path: `/v1.41/images/get?names=${image}` })).body;
  const load = async (body, length) => {
    const headers = {
      'content-type': 'application/x-tar',
      ...(length === undefined ? {} : { 'content-length': String(length) }),
    };
    const answer = await pool.request({ method: 'POST', path: '/v1.41/images/load?quiet=0', headers, body });
    return answer.body.text();
  };
  const inspect = async (over) =>
    (await (await over.request({ method: 'GET', path: '/v1.41/images/bench:1/json' })).body.json()).Id;
  return {
    async saveToSink({ image, see }) {
      const body = await save(image);
      await new Promise((resolve, reject) => body.on('data', see).on('end', resolve).on('error', reject));
    },
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
    call: () => inspect(pool),
    async callAnew() {
      const own = new Client(origin, { ...options, ...limits });
      const id = await inspect(own);
      await own.close();
      return id;
    },
    async progress({ lines }) {
      let count = 0;
      const { body } = await pool.request({ method: 'POST', path: `/v1.41/images/create?fromImage=bench&tag=${lines}` });
      for await (const line of createInterface({ input: body, crlfDelay: Infinity })) {
        const event = JSON.parse(line);
        if (event.error) throw new Error(event.error);
        count++;
      }
      return count;
    },
    close: () => pool.destroy(),
  };
}
