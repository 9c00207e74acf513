import { useEffect, useReducer, useRef, useState } from 'react';

import { ApiError, apiUrl, getJson } from '@/api-client/http';
import type { LogRecord } from '@/api-client/types';

import { arrive, clear, EMPTY_BUFFER, pause, resume, type TailBuffer } from './tail-buffer';

export interface TailFilters {
  q?: string;
  source?: string[];
  host?: string[];
  severity?: string[];
}

export type Connection = { state: 'connecting' } | { state: 'open' } | { state: 'waiting'; seconds: number } | { state: 'refused'; error: ApiError };

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
  const question = JSON.stringify(filters);

  useEffect(() => {
    let events: EventSource | undefined;
    let retry: number | undefined;
    let failures = 0;
    let isOver = false;
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
        if (failures === 0) void whyRefused(question).then((error) => error && !isOver && refuse(error));
        const seconds = BACKOFF_S[Math.min(failures, BACKOFF_S.length - 1)] ?? 30;
        failures += 1;
        setConnection({ state: 'waiting', seconds });
        retry = window.setTimeout(connect, seconds * 1000);
      };
    };
    const refuse = (error: ApiError) => {
      window.clearTimeout(retry);
      setConnection({ state: 'refused', error });
    };
    dispatch({ type: 'restart' });
    connect();
    const gather = window.setInterval(() => {
      if (gathered.current.length > 0) dispatch({ type: 'arrive', records: gathered.current.splice(0) });
    }, GATHER_MS);
    return () => {
      isOver = true;
      events?.close();
      gathered.current = [];
      window.clearTimeout(retry);
      window.clearInterval(gather);
    };
  }, [url, question]);

  return { buffer, connection, dispatch };
}

/** An event stream that fails does not say why; a search with the same filters does. */
async function whyRefused(question: string): Promise<ApiError | undefined> {
  try {
    await getJson('logs/search', { ...(JSON.parse(question) as TailFilters), limit: 0, count: false });
  } catch (error) {
    if (error instanceof ApiError && error.status >= 400 && error.status < 500) return error;
  }
  return undefined;
}
