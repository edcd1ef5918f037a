// @docker/node-sdk, Docker's own client; it uses web streams.
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import { DockerClient } from '@docker/node-sdk';
import { memoryStream } from '../source.mjs';

export async function connect(run) {
  const docker = await DockerClient.fromDockerHost(`unix:${run.socket}`);
  const load = (stream) => docker.imageLoad(Readable.toWeb(stream), { quiet: false });
  return {
    saveToSink: ({ image, see }) => docker.imageGet(image, new WritableStream({ write: see })),
    saveToFile: ({ image, file }) => docker.imageGet(image, Writable.toWeb(createWriteStream(file))),
    async saveIterated({ image, see }) {
      for await (const chunk of await docker.imageGetAll([image])) see(chunk);
    },
    loadFile: ({ file }) => load(createReadStream(file)),
    async prepareStream({ file }) {
      const stream = memoryStream(file);
      return () => load(stream);
    },
    call: async () => (await docker.imageInspect('bench:1')).Id,
    async callAnew() {
      const own = await DockerClient.fromDockerHost(`unix:${run.socket}`);
      const { Id } = await own.imageInspect('bench:1');
      await own.close();
      return Id;
    },
    async progress({ lines }) {
      let count = 0;
      for await (const _ of docker.imageCreate({ fromImage: 'bench', tag: String(lines) }).messages()) count++;
      return count;
    },
    close: () => docker.close(),
  };
}
