// longshore, used as its README shows. Archives are verified while they pass, which is the default, unless `verify`
// changes it.
import { createReadStream, readFileSync } from 'node:fs';
import { ImageClient } from '../../../dist/index.js';
import { memoryStream } from '../source.mjs';

const clientOf = ({ host, socket, tls, anew }) =>
  new ImageClient({ host: host ?? `unix://${socket}`, tls, version: '1.41', maxIdle: anew ? 0 : undefined });
const inspect = async (client) => (await client.inspectImage('bench:1')).Id;

export async function connect(run) {
  const client = clientOf(run);
  const archive = (image) => client.getImage(image, run.verify === undefined ? {} : { verify: run.verify });
  return {
    saveToSink: ({ image, see }) => archive(image).each(see),
    saveToFile: ({ image, file }) => archive(image).toFile(file),
    async saveIterated({ image, see }) {
      for await (const chunk of archive(image)) see(chunk);
    },
    loadFile: ({ file }) => client.loadImage({ path: file }),
    async prepareBuffer({ file }) {
      const bytes = readFileSync(file);
      return () => client.loadImage(bytes);
    },
    async prepareStream({ file }) {
      const stream = memoryStream(file);
      return () => client.loadImage(stream);
    },
    loadReadStream: ({ file }) => client.loadImage(createReadStream(file)),
    call: () => inspect(client),
    async callAnew() {
      const own = clientOf(run);
      const id = await inspect(own);
      own.close();
      return id;
    },
    async progress({ lines }) {
      let count = 0;
      for await (const _ of client.pull(`bench:${lines}`)) count++;
      return count;
    },
    close: () => client.close(),
  };
}
