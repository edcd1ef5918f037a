// Formats the output of `longshore context`: the chosen engine, the value of each rule, and the stored contexts.

import type { EngineReport, EngineTls } from '../index.ts';
import { table } from './table.ts';

/** Returns tables as text. The table of contexts is omitted if there are none. */
export function engineReport(report: EngineReport): string {
  const rules = report.considered.map(({ rule, what = '', state, detail = '' }) => [rule, state, what, detail]);
  const contexts = report.contexts.map(({ name, host = '', description = '', problem = description }) => [name, host, problem]);
  const parts = [table(settingRows(report)), table([['RULE', 'STATE', 'SAYS', ''], ...rules])];
  if (contexts.length > 0) parts.push(table([['CONTEXT', 'HOST', 'DESCRIPTION'], ...contexts]));
  return parts.join('\n');
}

function settingRows({ host, source, context, tls, version, platform, headers, warnings }: EngineReport): string[][] {
  const rows: Array<[string, string | undefined]> = [
    ['Engine', host],
    ['  by', source],
    ['  context', context],
    ['  TLS', tls && tlsText(tls)],
    ['  API', version],
    ['  platform', platform],
    ['  headers', headers.length > 0 ? headers.join(', ') : undefined],
    ...warnings.map((warning): [string, string] => ['  warning', warning]),
  ];
  return rows.flatMap(([label, value]) => (value === undefined ? [] : [[label, value]]));
}

function tlsText({ ca, cert, verify }: EngineTls): string {
  const trust = verify ? `verified by ${ca ?? 'the CAs of the system'}` : 'not verified';
  return cert === undefined ? trust : `${trust}, with ${cert}`;
}
