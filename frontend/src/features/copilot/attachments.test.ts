import { describe, expect, it } from 'vitest';

import { attach, ATTACHED_BYTES_MAX, isRatherAttached, readQuestion, textOf } from './attachments';

const names = (held: { name: string }[]) => held.map(({ name }) => name);

describe('what is attached', () => {
  it('has names that tell it apart, each on one line', () => {
    const { attached, refused } = attach([], [
      { name: 'app.log', text: 'one' },
      { name: 'app.log', text: 'two' },
      { name: 'app.log', text: 'three' },
      { name: 'report, last\nweek', text: 'four' },
      { name: ' ', text: 'five' },
    ]);
    expect(names(attached)).toEqual(['app.log', 'app-2.log', 'app-3.log', 'report,last week', 'attached.txt']);
    expect(refused).toEqual([]);
  });

  it('has names of at most 200 bytes, cut between letters and told apart after that', () => {
    const name = `${'ä'.repeat(150)}.log`;
    const { attached } = attach([], [{ name, text: 'one' }, { name, text: 'two' }]);
    expect(names(attached)).toEqual([`${'ä'.repeat(98)}.log`, `${'ä'.repeat(97)}-2.log`]);
  });

  it('is counted in bytes as the server counts them', () => {
    const half = 'ä'.repeat(ATTACHED_BYTES_MAX / 4);
    const { attached, refused } = attach([], [{ name: 'a', text: half }, { name: 'b', text: half }, { name: 'c', text: 'x' }]);
    expect(attached.map(({ bytes }) => bytes)).toEqual([524_288, 524_288]);
    expect(refused).toEqual(['c has 1 B: all together may have 1.05 MB.']);
    expect(attach([], [{ name: 'big', text: 'x'.repeat(2_000_000) }]).refused).toEqual(['big has 2.00 MB: at most 1.05 MB.']);
  });

  it('is at most ten texts, none of them empty', () => {
    const texts = Array.from({ length: 11 }, (_, index) => ({ name: `${index}.txt`, text: 'x' }));
    const { attached, refused } = attach([], [{ name: 'none.txt', text: '\n' }, ...texts]);
    expect(attached).toHaveLength(10);
    expect(attach(attached, [{ name: 'more.txt', text: 'x' }], 5).refused).toEqual(['6 texts left out: at most 10 can be attached.']);
    expect(refused).toEqual(['none.txt is empty.', '1 text left out: at most 10 can be attached.']);
  });
});

it('reads files as text in the encodings that commands write, and nothing else', () => {
  expect(textOf(new TextEncoder().encode('Reason: Überlauf'))).toBe('Reason: Überlauf');
  expect(textOf(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))).toBe('a');
  expect(textOf(new Uint8Array([0xff, 0xfe, 0x61, 0, 0x62, 0]))).toBe('ab');
  expect(textOf(new Uint8Array([0xfe, 0xff, 0, 0x61]))).toBe('a');
  expect(textOf(new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 0]))).toBeUndefined();
});

it('offers to attach what is long, not a question of a few lines', () => {
  expect(isRatherAttached('why?\n'.repeat(20))).toBe(false);
  expect(isRatherAttached('why?\n'.repeat(21))).toBe(true);
  expect(isRatherAttached('x'.repeat(2000))).toBe(false);
  expect(isRatherAttached('x'.repeat(2001))).toBe(true);
});

it('finds what came with a question in its kept words', () => {
  expect(readQuestion('why did web-1 die?\nAttached: describe.txt, app.log')).toEqual({ words: 'why did web-1 die?', names: ['describe.txt', 'app.log'] });
  expect(readQuestion('what is\nAttached: a?\nAttached: b')).toEqual({ words: 'what is\nAttached: a?', names: ['b'] });
  expect(readQuestion('Attached: what?')).toEqual({ words: 'Attached: what?', names: [] });
});
