// Patterns of paths as .dockerignore has them: what of a folder is left out when it is packed.

import { escapeText } from './bytes.ts';
import { ArgumentError } from './errors.ts';

/**
 * Whether a path, relative and with slashes, is meant by one of the patterns. A pattern is one of the whole path: `*` and
 * `?` stand for anything but a slash, `**` for any number of folders, `[a-c]` for one of these letters. A folder that is
 * meant takes all in it along. Lines that take back what others said (`!keep`) are refused.
 */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  if (!Array.isArray(patterns) || patterns.some((pattern) => typeof pattern !== 'string')) {
    throw new ArgumentError('exclude must be a list of patterns');
  }
  const expressions = patterns.map(expressionOf);
  return (path) => expressions.some((expression) => expression.test(path));
}

function expressionOf(pattern: string): RegExp {
  const path = pattern.replace(/^(?:\.?\/)+|\/+$/g, '');
  if (path === '' || path === '.') throw refusal(pattern, 'means everything or nothing');
  if (pattern.startsWith('!')) throw refusal(pattern, 'would take back another, which these do not');
  const tokens = path.match(/\*\*\/|\*\*|\*|\?|\[\^?[^\]]+\]|[^]/gu) ?? [];
  try {
    return new RegExp(`^${tokens.map(piece).join('')}$`, 'su');
  } catch {
    throw refusal(pattern, 'has letters in brackets that are no range'); // [z-a]
  }
}

function piece(token: string): string {
  if (token === '**/') return '(?:.*/)?';
  if (token === '**') return '.*';
  if (token === '*') return '[^/]*';
  if (token === '?') return '[^/]';
  if (/^\[.+\]$/s.test(token)) return token.replace(/\\/g, '\\\\').replace(/(?!^)\[/g, '\\[');
  return token.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function refusal(pattern: string, why: string): ArgumentError {
  return new ArgumentError(`the pattern "${escapeText(pattern)}" ${why}`);
}
