// The same as consumer.mts from a CommonJS module; TypeScript 5.8 and later allow that.
import longshore = require('longshore');

export const client: longshore.ImageClient = new longshore.ImageClient({ host: 'unix:///d.sock' });
// @ts-expect-error a host is a string
new longshore.ImageClient({ host: 1 });
