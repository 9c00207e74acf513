/** What a run has printed, as far as it is known here. */
export interface Output {
  text: string;
  /** How many bytes were taken in: where the next piece begins. */
  next: number;
  /** Whether the beginning was left out. */
  isCut: boolean;
}

/** A piece of it; `from` and `next` count bytes. */
export interface Piece {
  from: number;
  text: string;
  next: number;
}

export const NO_OUTPUT: Output = { text: '', next: 0, isCut: false };

/** The most characters that are kept in the page; beyond them the beginning goes. */
export const OUTPUT_MAX = 400_000;

/** Takes in a piece, each byte once; `undefined` if something before it is missing. */
export function withPiece(output: Output, piece: Piece): Output | undefined {
  if (piece.from > output.next) return undefined;
  // Already there: a stream that begins anew tells it again.
  if (piece.next <= output.next) return output;
  const isWhole = piece.from === 0;
  // A piece that begins within what is known cannot be cut by characters, since it is counted in bytes.
  if (piece.from < output.next && !isWhole) return undefined;
  const text = isWhole ? piece.text : output.text + piece.text;
  const isCut = (!isWhole && output.isCut) || text.length > OUTPUT_MAX;
  return { text: kept(text), next: piece.next, isCut };
}

/** The end of a text, from the beginning of a line on. */
function kept(text: string): string {
  if (text.length <= OUTPUT_MAX) return text;
  const end = text.slice(-OUTPUT_MAX);
  return end.slice(end.indexOf('\n') + 1);
}
