import { describe, expect, it } from 'vitest';

import { previewLines } from './diff-lines';
import { changedCount, lineDiff } from './line-diff';

const kinds = (text: string, kind: Parameters<typeof previewLines>[1]) => previewLines(text, kind).map((line) => line.kind);

describe('what will happen', () => {
  it('is coloured by the signs of a plan, however deep they stand', () => {
    const text = '  # terraform_data.a will be created\n  + resource "terraform_data" "a" {\n      + id = (known)\n    }\n-/+ resource "x" "y"\n  ~ name = "a" -> "b"\n  - old = 1\nPlan: 1 to add';
    expect(kinds(text, 'plan')).toEqual(['same', 'add', 'add', 'same', 'remove', 'change', 'remove', 'same']);
  });

  it('is coloured within the hunks of a dry run only', () => {
    const text = '- hosts: web-1\n--- before: /etc/a\n+++ after: /etc/a\n@@ -1,2 +1,2 @@\n keep\n--gone\n++new\n- a list\nok: [web-1]';
    expect(kinds(text, 'dry_run')).toEqual(['same', 'place', 'place', 'place', 'same', 'remove', 'add', 'same', 'same']);
  });

  it('is not coloured where it was not tried', () => {
    expect(kinds('- one\n+ two', 'described')).toEqual(['same', 'same']);
    expect(previewLines('', 'dry_run')).toEqual([]);
  });
});

describe('two versions of a text', () => {
  const text = (before: string, after: string) => lineDiff(before, after).map((line) => line.text);

  it('differ in as few lines as can be', () => {
    expect(text('a\nb\nc\n', 'a\nc\nd\n')).toEqual(['  a', '- b', '  c', '+ d']);
    expect(changedCount(lineDiff('a\nb', 'a\nb\n'))).toBe(0);
  });

  it('may have nothing in common, or not be there', () => {
    expect(text('', 'a\nb')).toEqual(['+ a', '+ b']);
    expect(text('a', '')).toEqual(['- a']);
    expect(text('a', 'b')).toEqual(['- a', '+ b']);
    expect(text('', '')).toEqual([]);
  });

  it('are put together again from what is left and added', () => {
    const before = 'one\ntwo\nthree\nfour\nfive';
    const after = 'two\nthree\nthree\nsix\nfive\none';
    const lines = lineDiff(before, after);
    const side = (out: string) => lines.filter(({ kind }) => kind !== out).map((line) => line.text.slice(2)).join('\n');
    expect(side('add')).toBe(before);
    expect(side('remove')).toBe(after);
  });
});
