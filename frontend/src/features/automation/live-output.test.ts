import { describe, expect, it } from 'vitest';

import { NO_OUTPUT, OUTPUT_MAX, withPiece, type Output, type Piece } from './live-output';

const piece = (from: number, text: string): Piece => ({ from, text, next: from + new TextEncoder().encode(text).length });
const take = (...pieces: Piece[]) => pieces.reduce<Output | undefined>((output, one) => output && withPiece(output, one), NO_OUTPUT);

describe('what a run prints', () => {
  it('is put together by bytes, each once', () => {
    expect(take(piece(0, 'größe\n'), piece(8, 'b\n'))).toEqual({ text: 'größe\nb\n', next: 10, isCut: false });
    expect(take(piece(0, 'a\n'), piece(0, 'a\n'), piece(2, 'b\n'))?.text).toBe('a\nb\n');
    expect(take(piece(0, 'a\n'), piece(2, 'b\n'), piece(0, 'a\nb\nc\n'))).toEqual({ text: 'a\nb\nc\n', next: 6, isCut: false });
  });

  it('is asked for again where something is missing', () => {
    expect(take(piece(5, 'x'))).toBeUndefined();
    expect(take(piece(0, 'abc'), piece(2, 'cd'))).toBeUndefined();
  });

  it('keeps its end when there is too much', () => {
    const line = `${'x'.repeat(99)}\n`;
    const output = take(piece(0, line.repeat(OUTPUT_MAX / 100)), piece(OUTPUT_MAX, 'last\n'));
    expect(output?.isCut).toBe(true);
    expect(output?.next).toBe(OUTPUT_MAX + 5);
    expect(output?.text.length).toBeLessThanOrEqual(OUTPUT_MAX);
    expect(output?.text.endsWith('\nlast\n')).toBe(true);
    expect(output?.text.startsWith('x')).toBe(true);
  });
});
