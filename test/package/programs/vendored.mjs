// Uses a copy of src/ in the project, unbuilt.
import * as longshore from './vendor/longshore/index.ts';
import { smoke } from './smoke.mjs';

await smoke(longshore);
