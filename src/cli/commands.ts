// The command table: all commands in the order of the help. The parser, the help and the completion scripts read it.

import type { Command } from './command.ts';
import { attestations } from './commands/attestations.ts';
import { completion } from './commands/completion.ts';
import { context } from './commands/context.ts';
import { copy } from './commands/copy.ts';
import { df } from './commands/df.ts';
import { distribution } from './commands/distribution.ts';
import { events } from './commands/events.ts';
import { history } from './commands/history.ts';
import { import_ } from './commands/import.ts';
import { inspect } from './commands/inspect.ts';
import { layers } from './commands/layers.ts';
import { load } from './commands/load.ts';
import { ls } from './commands/ls.ts';
import { outdated } from './commands/outdated.ts';
import { prune } from './commands/prune.ts';
import { pull } from './commands/pull.ts';
import { push } from './commands/push.ts';
import { record } from './commands/record.ts';
import { rm } from './commands/rm.ts';
import { save } from './commands/save.ts';
import { search } from './commands/search.ts';
import { tag } from './commands/tag.ts';
import { version } from './commands/version.ts';

export const commands: readonly Command[] = [
  ls, inspect, history, outdated, pull, push, copy, save, load, layers, import_, tag, rm, prune, search, distribution, attestations, context,
  events, df, version, record, completion,
];
