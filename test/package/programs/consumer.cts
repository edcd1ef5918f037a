// The same of a CommonJS module, which TypeScript allows from 5.8 on.
import longshore = require('longshore');

export const client: longshore.ImageClient = new longshore.ImageClient({ host: 'unix:///d.sock' });
// @ts-expect-error a host is text
new longshore.ImageClient({ host: 1 });
