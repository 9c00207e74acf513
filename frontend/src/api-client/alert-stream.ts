import type { Alert, AlertEvent } from './types';

/** What the server tells: an event, and the alert after it. */
export interface AlertMessage {
  seq: number;
  event: AlertEvent;
  alert: Alert;
}

export type Phase = 'connecting' | 'live' | 'reconnecting';

export interface Stream {
  phase: Phase;
  /** The number of the last event that was taken in; undefined before the first greeting. */
  seq?: number;
  /** What was told about since the lists were last read anew, newest state of each. */
  changed: ReadonlyMap<string, Alert>;
  /** Grows when lists must be read anew because events may be missing. */
  reloads: number;
}

export const NO_STREAM: Stream = { phase: 'connecting', changed: new Map(), reloads: 0 };

/** Beyond this many, reading anew costs less than remembering. */
export const CHANGED_MAX = 2000;

/** The server greets with the number after which it goes on. */
export function greeted(stream: Stream, seq: number): Stream {
  const next: Stream = { ...stream, phase: 'live', seq };
  if (seq === stream.seq) return next;
  // The first greeting, or one that does not go on where we stopped: what lies between is unknown.
  return { ...next, changed: new Map(), reloads: stream.reloads + 1 };
}

/** Takes in events, each once; also says which of them were new. */
export function told(stream: Stream, messages: readonly AlertMessage[]): { stream: Stream; taken: AlertMessage[] } {
  let seq = stream.seq ?? -1;
  const taken: AlertMessage[] = [];
  for (const message of messages) {
    if (message.seq <= seq) continue;
    seq = message.seq;
    taken.push(message);
  }
  if (taken.length === 0) return { stream, taken };
  return { stream: changed({ ...stream, phase: 'live', seq }, taken.map(({ alert }) => alert)), taken };
}

/** Takes in alerts as they are now, as an action answers with them. */
export function changed(stream: Stream, alerts: readonly Alert[]): Stream {
  const all = new Map(stream.changed);
  for (const alert of alerts) {
    const known = all.get(alert.id);
    if (!known || known.seq <= alert.seq) all.set(alert.id, alert);
  }
  if (all.size > CHANGED_MAX) return { ...stream, changed: new Map(), reloads: stream.reloads + 1 };
  return { ...stream, changed: all };
}

export const lost = (stream: Stream): Stream => ({ ...stream, phase: stream.seq === undefined ? 'connecting' : 'reconnecting' });
