/** The pages of a list that are known so far: where each begins, and the cursor that fetches it. */
export interface PageChain {
  cursors: (string | null)[];
  /** The index of each page's first row; one more than pages once the last page was read. */
  starts: number[];
}

export const FIRST_PAGE: PageChain = { cursors: [null], starts: [0] };

/** Takes note of what the last known page turned out to hold. */
export function extendChain({ cursors, starts }: PageChain, rows: number, next: string | null): PageChain {
  const end = (starts[cursors.length - 1] ?? 0) + rows;
  return { cursors: next === null ? cursors : [...cursors, next], starts: [...starts, end] };
}

export const isComplete = ({ cursors, starts }: PageChain) => starts.length > cursors.length;

/** How many rows are known to exist. */
export const knownRows = ({ starts }: PageChain) => starts.at(-1) ?? 0;

/** The page that holds a row; rows beyond what is known belong to the last page. */
export function pageOfRow({ cursors, starts }: PageChain, row: number): number {
  let low = 0;
  let high = cursors.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}
