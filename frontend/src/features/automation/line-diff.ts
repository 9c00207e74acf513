import type { PreviewLine } from './diff-lines';

/** Beyond this the work grows with the square of the lines. */
const LINES_MAX = 2000;

/** What was taken out of `before` and put into `after`, line by line, with the fewest changes. */
export function lineDiff(before: string, after: string): PreviewLine[] {
  const [old, young] = [linesOf(before), linesOf(after)];
  if (old.length > LINES_MAX || young.length > LINES_MAX) return [...old.map(removed), ...young.map(added)];
  const same = commonLengths(old, young);
  const lines: PreviewLine[] = [];
  let [left, right] = [0, 0];
  while (left < old.length || right < young.length) {
    const [mine, other] = [old[left], young[right]];
    if (mine !== undefined && mine === other) {
      lines.push({ kind: 'same', text: `  ${mine}` });
      left += 1;
      right += 1;
    } else if (mine !== undefined && (other === undefined || at(same, left + 1, right) >= at(same, left, right + 1))) {
      lines.push(removed(mine));
      left += 1;
    } else {
      lines.push(added(other ?? ''));
      right += 1;
    }
  }
  return lines;
}

const linesOf = (text: string) => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));
const removed = (line: string): PreviewLine => ({ kind: 'remove', text: `- ${line}` });
const added = (line: string): PreviewLine => ({ kind: 'add', text: `+ ${line}` });
const at = (table: readonly number[][], row: number, column: number) => table[row]?.[column] ?? 0;

/** For each pair of ends, how many lines they have in common in order. */
function commonLengths(old: readonly string[], young: readonly string[]): number[][] {
  const table = Array.from({ length: old.length + 1 }, () => new Array<number>(young.length + 1).fill(0));
  for (let left = old.length - 1; left >= 0; left -= 1)
    for (let right = young.length - 1; right >= 0; right -= 1) {
      const row = table[left];
      if (row) row[right] = old[left] === young[right] ? at(table, left + 1, right + 1) + 1 : Math.max(at(table, left + 1, right), at(table, left, right + 1));
    }
  return table;
}

/** How many lines differ. */
export const changedCount = (lines: readonly PreviewLine[]) => lines.filter(({ kind }) => kind !== 'same').length;
