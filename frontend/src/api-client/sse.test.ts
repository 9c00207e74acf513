import { describe, expect, it } from 'vitest';

import { readEvents, sseReader, type SseEvent } from './sse';

const readAll = (...pieces: string[]) => {
  const read = sseReader();
  return pieces.flatMap(read);
};

describe('a stream of server-sent events', () => {
  it('is the same wherever it is cut', () => {
    const text = 'event: step\r\ndata: {"a":1}\r\n\r\n: still here\r\n\r\nevent: statement\r\ndata: one\r\ndata: two\r\n\r\n';
    const whole = readAll(text);
    expect(whole).toEqual([
      { event: 'step', data: '{"a":1}' },
      { event: 'statement', data: 'one\ntwo' },
    ]);
    for (let cut = 0; cut <= text.length; cut += 1) expect(readAll(text.slice(0, cut), text.slice(cut)), `cut at ${cut}`).toEqual(whole);
    expect(readAll(...text)).toEqual(whole);
  });

  it('ends its lines in any of three ways', () => {
    for (const end of ['\n', '\r', '\r\n']) expect(readAll(`event: a${end}data: x${end}${end}`, `data: y${end}${end}`, 'z'), JSON.stringify(end)).toEqual([
      { event: 'a', data: 'x' },
      { event: 'message', data: 'y' },
    ]);
  });

  it('tells nothing of comments, unknown fields, events without data, or a last one that was cut off', () => {
    expect(readAll(': ping\n\nid: 7\nretry: 10\nevent: empty\n\nfield\n\ndata: half')).toEqual([]);
  });

  it('takes one space after the colon away and keeps the rest', () => {
    expect(readAll('data:a\n\ndata:  b\n\ndata\n\n').map(({ data }) => data)).toEqual(['a', ' b', '']);
    expect(readAll('\uFEFFdata: c\n\n')).toEqual([{ event: 'message', data: 'c' }]);
    expect(readAll('data: d:e\n\n')).toEqual([{ event: 'message', data: 'd:e' }]);
  });

  it('puts letters together that were cut within', async () => {
    const bytes = new TextEncoder().encode('data: später €\n\n');
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const heard: SseEvent[] = [];
    await readEvents(body, (event) => heard.push(event));
    expect(heard).toEqual([{ event: 'message', data: 'später €' }]);
  });
});
