// longshore context: shows which engine the commands use, and why.

import { command } from '../command.ts';
import { engineReport } from '../engine-report.ts';

export const context = command({
  name: 'context',
  summary: 'Show which engine the commands use, why, and the alternatives',
  usage: '',
  operands: [0, 0],
  options: {},
  async run({ values, engine, io, print }) {
    const report = await io.explain(engine);
    return values.json === true ? print.json(report) : print.text(engineReport(report));
  },
});
