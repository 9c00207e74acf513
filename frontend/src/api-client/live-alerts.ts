import { useEffect, useSyncExternalStore } from 'react';

import { changed, greeted, lost, NO_STREAM, told, type AlertMessage, type Stream } from './alert-stream';
import { apiUrl } from './http';
import type { Alert } from './types';

/** Events are taken in together, so that a storm of them does not mean a storm of renderings. */
const GATHER_MS = 100;
const BACKOFF_S = [1, 2, 4, 8, 15, 30];

let stream: Stream = NO_STREAM;
let source: EventSource | undefined;
let failures = 0;
let retry: number | undefined;
let gather: number | undefined;
let gathered: AlertMessage[] = [];
let users = 0;
const watchers = new Set<() => void>();
const hearers = new Set<(messages: AlertMessage[]) => void>();

function set(next: Stream) {
  if (next === stream) return;
  stream = next;
  for (const watcher of watchers) watcher();
}

function flush() {
  window.clearTimeout(gather);
  gather = undefined;
  const { stream: next, taken } = told(stream, gathered.splice(0));
  set(next);
  if (taken.length > 0) for (const hear of hearers) hear(taken);
}

/** One connection for the whole page. The browser comes back by itself with the last number it has. */
function connect() {
  window.clearTimeout(retry);
  const own = new EventSource(apiUrl('live', { topics: 'alerts', after: stream.seq }));
  source = own;
  own.addEventListener('hello', (event: MessageEvent<string>) => {
    failures = 0;
    flush();
    set(greeted(stream, (JSON.parse(event.data) as { seq: number }).seq));
  });
  own.addEventListener('alert', (event: MessageEvent<string>) => {
    gathered.push(JSON.parse(event.data) as AlertMessage);
    gather ??= window.setTimeout(flush, GATHER_MS);
  });
  own.onerror = () => {
    flush();
    set(lost(stream));
    if (own.readyState !== EventSource.CLOSED) return;
    // Refused, as by a proxy whose server is away: the browser would not try again.
    const seconds = BACKOFF_S[Math.min(failures, BACKOFF_S.length - 1)] ?? 30;
    failures += 1;
    retry = window.setTimeout(connect, seconds * 1000);
  };
}

function disconnect() {
  source?.close();
  source = undefined;
  window.clearTimeout(retry);
  window.clearTimeout(gather);
  gather = undefined;
  gathered = [];
  set(lost(stream));
}

/** Keeps the connection while the component is mounted. */
export function useAlertConnection() {
  useEffect(() => {
    users += 1;
    if (users === 1) connect();
    return () => {
      users -= 1;
      if (users === 0) disconnect();
    };
  }, []);
}

/** Calls `hear` with what was told, each event once. */
export function useAlertMessages(hear: (messages: AlertMessage[]) => void) {
  useEffect(() => {
    hearers.add(hear);
    return () => void hearers.delete(hear);
  }, [hear]);
}

const watch = (watcher: () => void) => {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
};

/** What is known live, and whether it is. */
export const useAlertStream = () => useSyncExternalStore(watch, () => stream);

/** Shows alerts as an action left them before the stream says so. */
export const showChanged = (alerts: Alert[]) => set(changed(stream, alerts));
