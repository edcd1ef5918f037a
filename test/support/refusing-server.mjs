// Refuses every upload in its middle and closes hard, as dockerd does with a bad parameter. A process of its own: within
// one process the writes and the refusal would take turns so orderly that nothing is ever lost.
import { createServer } from 'node:net';

const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', () => {
    socket.pause();
    const body = '{"message":"no thanks"}';
    socket.write(`HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`, () =>
      socket.destroy(),
    );
  });
});
server.listen(process.argv[2] === 'tcp' ? { host: '127.0.0.1', port: 0 } : process.argv[2], () => {
  const address = server.address();
  console.log(typeof address === 'string' ? address : address.port);
});
process.stdin.on('end', () => process.exit()).resume();
