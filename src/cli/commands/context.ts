// longshore context: which engine is meant, and why.

import { command } from '../command.ts';
import { engineReport } from '../engine-report.ts';

export const context = command({
  name: 'context',
  summary: 'Tell which engine the commands talk to, why, and what else there is',
  usage: '',
  operands: [0, 0],
  options: {},
  async run({ values, engine, io, print }) {
    const report = await io.explain(engine);
    return values.json === true ? print.json(report) : print.text(engineReport(report));
  },
});
