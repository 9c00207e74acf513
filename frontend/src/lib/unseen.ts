import { useSyncExternalStore } from 'react';

/** How many critical and high alerts came since somebody last looked at the alerts. */
let unseen = 0;
const watchers = new Set<() => void>();

function set(count: number) {
  if (count === unseen) return;
  unseen = count;
  for (const watcher of watchers) watcher();
}

export const addUnseen = (count: number) => set(unseen + count);
export const clearUnseen = () => set(0);

const watch = (watcher: () => void) => {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
};

export const useUnseen = () => useSyncExternalStore(watch, () => unseen);
