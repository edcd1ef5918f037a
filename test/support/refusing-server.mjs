// Rejects every upload in the middle and resets the connection, as dockerd does with a bad parameter. It is a separate process:
// within one process, writes and the rejection would alternate, and no answer would ever be lost.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

const [, , where] = process.argv;
const read = (name) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url));
const refuse = (socket) => {
  socket.on('error', () => {});
  socket.once('data', () => {
    socket.pause();
    const body = '{"message":"no thanks"}';
    socket.write(`HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`, () =>
      socket.destroy(),
    );
  });
};
const identity = () => ({ cert: read('server.pem'), key: read('server-key.pem') });
const server = where === 'tls' ? createTlsServer(identity(), refuse) : createServer(refuse);
server.listen(where === 'tcp' || where === 'tls' ? { host: '127.0.0.1', port: 0 } : where, () => {
  const address = server.address();
  console.log(typeof address === 'string' ? address : address.port);
});
process.stdin.on('end', () => process.exit()).resume();
