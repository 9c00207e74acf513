import { useEffect, useReducer, useRef, useState } from 'react';

import { apiUrl } from '@/api-client/http';
import type { LogRecord } from '@/api-client/types';

import { arrive, clear, EMPTY_BUFFER, pause, resume, type TailBuffer } from './tail-buffer';

export interface TailFilters {
  q?: string;
  source?: string[];
  host?: string[];
  severity?: string[];
}

export type Connection = { state: 'connecting' } | { state: 'open' } | { state: 'waiting'; seconds: number };

type Step =
  | { type: 'arrive'; records: LogRecord[] }
  | { type: 'skipped'; count: number }
  | { type: 'pause' | 'resume' | 'clear' | 'restart' };

const BACKOFF_S = [1, 2, 4, 8, 15, 30];
/** Lines are shown in groups, so that thousands a second do not mean thousands of renderings. */
const GATHER_MS = 120;

function reduce(buffer: TailBuffer, step: Step): TailBuffer {
  switch (step.type) {
    case 'arrive':
      return arrive(buffer, step.records);
    case 'skipped':
      return { ...buffer, skipped: step.count };
    case 'pause':
      return pause(buffer);
    case 'resume':
      return resume(buffer);
    case 'clear':
      return clear(buffer);
    case 'restart':
      return EMPTY_BUFFER;
  }
}

/** Follows the logs by server-sent events, and connects again, ever less eagerly, when cut off. */
export function useTail(filters: TailFilters) {
  const [buffer, dispatch] = useReducer(reduce, EMPTY_BUFFER);
  const [connection, setConnection] = useState<Connection>({ state: 'connecting' });
  const gathered = useRef<LogRecord[]>([]);
  const url = apiUrl('logs/tail', { ...filters });

  useEffect(() => {
    let events: EventSource | undefined;
    let retry: number | undefined;
    let failures = 0;
    const connect = () => {
      setConnection({ state: 'connecting' });
      events = new EventSource(url);
      events.onopen = () => {
        failures = 0;
        setConnection({ state: 'open' });
      };
      events.addEventListener('record', (event: MessageEvent<string>) => gathered.current.push(JSON.parse(event.data) as LogRecord));
      events.addEventListener('skipped', (event: MessageEvent<string>) => dispatch({ type: 'skipped', count: (JSON.parse(event.data) as { skipped: number }).skipped }));
      events.onerror = () => {
        events?.close();
        const seconds = BACKOFF_S[Math.min(failures, BACKOFF_S.length - 1)] ?? 30;
        failures += 1;
        setConnection({ state: 'waiting', seconds });
        retry = window.setTimeout(connect, seconds * 1000);
      };
    };
    dispatch({ type: 'restart' });
    connect();
    const gather = window.setInterval(() => {
      if (gathered.current.length > 0) dispatch({ type: 'arrive', records: gathered.current.splice(0) });
    }, GATHER_MS);
    return () => {
      events?.close();
      gathered.current = [];
      window.clearTimeout(retry);
      window.clearInterval(gather);
    };
  }, [url]);

  return { buffer, connection, dispatch };
}
