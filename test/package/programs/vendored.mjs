// A program that has copied src/ into itself, as it is.
import * as longshore from './vendor/longshore/index.ts';
import { smoke } from './smoke.mjs';

await smoke(longshore);
