// dockerode, the most used client.
import { createWriteStream, readFileSync } from 'node:fs';
import http from 'node:http';
import { pipeline } from 'node:stream/promises';
import Docker from 'dockerode';
import { memoryStream } from '../source.mjs';

const drained = (stream) => new Promise((resolve, reject) => stream.resume().on('end', resolve).on('error', reject));

export async function connect(run) {
  const docker = new Docker({ socketPath: run.socket });
  const save = (image) => docker.getImage(image).get();
  return {
    async saveToSink({ image, see }) {
      const body = await save(image);
      await new Promise((resolve, reject) => body.on('data', see).on('end', resolve).on('error', reject));
    },
    saveToFile: async ({ image, file }) => pipeline(await save(image), createWriteStream(file)),
    async saveIterated({ image, see }) {
      for await (const chunk of await save(image)) see(chunk);
    },
    loadFile: async ({ file }) => drained(await docker.loadImage(file)),
    async prepareBuffer({ file }) {
      const bytes = readFileSync(file);
      return async () => drained(await docker.loadImage(bytes));
    },
    async prepareStream({ file }) {
      const stream = memoryStream(file);
      return async () => drained(await docker.loadImage(stream));
    },
    call: async () => (await docker.getImage('bench:1').inspect()).Id,
    callAnew: async () =>
      (await new Docker({ socketPath: run.socket, agent: new http.Agent() }).getImage('bench:1').inspect()).Id,
    async progress({ lines }) {
      let count = 0;
      const body = await docker.pull(`bench:${lines}`);
      await new Promise((resolve, reject) =>
        docker.modem.followProgress(
          body,
          (e) => (e ? reject(e) : resolve()),
          () => count++,
        ),
      );
      return count;
    },
    close: () => {},
  };
}
