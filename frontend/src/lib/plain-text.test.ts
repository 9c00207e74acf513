import { expect, it } from 'vitest';

import { plain, webAddress } from './plain-text';

it('makes visible what hides in words from outside', () => {
  expect(plain('rm \u202Efdp.exe')).toBe('rm \\u{202e}fdp.exe');
  expect(plain('a\u200Bb\uFEFFc')).toBe('a\\u{200b}b\\u{feff}c');
  expect(plain('\u{E0041}\u{E007F}')).toBe('\\u{e0041}\\u{e007f}');
  expect(plain('\x1b[31mred\x07')).toBe('\\u{1b}[31mred\\u{7}');
});

it('leaves all else as it is', () => {
  const text = 'two\nlines\tüber 日本 👩‍💻 می‌خواهم <b>bold</b> ![x](https://evil/?q=1) **x**';
  expect(plain(text)).toBe(text);
});

it('takes only addresses of the web for links', () => {
  expect(webAddress('https://wiki.example/disk full')).toBe('https://wiki.example/disk%20full');
  for (const wrong of ['javascript:alert(1)', ' javascript:alert(1)', 'data:text/html,x', '//evil.example', 'wiki/page', 'http://', '', null, undefined]) expect(webAddress(wrong), String(wrong)).toBeUndefined();
});
