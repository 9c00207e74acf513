import { useSyncExternalStore } from 'react';

export interface Toast {
  id: number;
  text: string;
  detail?: string;
  look: 'plain' | 'danger';
  /** The alert that it speaks of. */
  alert?: string;
}

const SHOWN_MAX = 4;
const SHOWN_MS = 8000;

let toasts: Toast[] = [];
let next = 1;
const watchers = new Set<() => void>();

function set(changed: Toast[]) {
  toasts = changed;
  for (const watcher of watchers) watcher();
}

/** Says something beside what the reader is at; it goes away by itself. */
export function toast(text: string, { look = 'plain', ...more }: Partial<Omit<Toast, 'id' | 'text'>> = {}) {
  const id = next;
  next += 1;
  set([...toasts, { id, text, look, ...more }].slice(-SHOWN_MAX));
  window.setTimeout(() => dismiss(id), SHOWN_MS);
}

export const dismiss = (id: number) => set(toasts.filter((each) => each.id !== id));

const watch = (watcher: () => void) => {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
};

export const useToasts = () => useSyncExternalStore(watch, () => toasts);
