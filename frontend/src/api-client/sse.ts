/** One event of a stream of server-sent events. */
export interface SseEvent {
  event: string;
  data: string;
}

/** Reads the text of an event stream as it comes, in pieces cut anywhere; each piece brings the events that it ends. */
export function sseReader(): (piece: string) => SseEvent[] {
  let rest = '';
  let isFirst = true;
  let event = '';
  let data: string[] = [];

  const take = (line: string): SseEvent | undefined => {
    if (line === '') {
      const said = data.length > 0 ? { event: event || 'message', data: data.join('\n') } : undefined;
      event = '';
      data = [];
      return said;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    // A line that begins with a colon is a comment: its field has no name.
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
    return undefined;
  };

  return (piece) => {
    rest += isFirst ? piece.replace(/^\uFEFF/, '') : piece;
    if (piece !== '') isFirst = false;
    // A carriage return at the end may be the first half of a line's end.
    const whole = rest.endsWith('\r') ? rest.slice(0, -1) : rest;
    const lines = whole.split(/\r\n|\r|\n/);
    rest = (lines.pop() ?? '') + rest.slice(whole.length);
    return lines.flatMap((line) => take(line) ?? []);
  };
}

/** Calls `hear` with each event of a body until it ends or fails. */
export async function readEvents(body: ReadableStream<Uint8Array>, hear: (event: SseEvent) => void): Promise<void> {
  const read = sseReader();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    for (const event of read(decoder.decode(value, { stream: !done }))) hear(event);
    if (done) return;
  }
}
