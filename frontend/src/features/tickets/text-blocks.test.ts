import { describe, expect, it } from 'vitest';

import { linkPieces, textBlocks } from './text-blocks';

describe('what a ticket says', () => {
  it('is paragraphs, and lines that are kept', () => {
    expect(textBlocks('Full.\n\nEvidence:\n\n    at one\n      at two\n\nIn Tocsin: x')).toEqual([
      { kind: 'words', text: 'Full.' },
      { kind: 'words', text: 'Evidence:' },
      { kind: 'lines', text: 'at one\n  at two' },
      { kind: 'words', text: 'In Tocsin: x' },
    ]);
    expect(textBlocks('')).toEqual([]);
  });

  it('leads to the addresses in it, without the end of the sentence', () => {
    expect(linkPieces('See https://a.example/x?y=1. Then http://b.example')).toEqual(['See ', 'https://a.example/x?y=1', '. Then ', 'http://b.example', '']);
    expect(linkPieces('javascript:alert(1)')).toEqual(['javascript:alert(1)']);
  });
});
