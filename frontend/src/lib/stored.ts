import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
const memory = new Map<string, string>();

function read(key: string): string | undefined {
  const known = memory.get(key);
  if (known !== undefined) return known;
  try {
    return localStorage.getItem(`tocsin.${key}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function store(key: string, value: string) {
  memory.set(key, value);
  try {
    localStorage.setItem(`tocsin.${key}`, value);
  } catch {
    // Without storage a choice lasts as long as the page.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A choice of this browser, such as the theme or whether lines wrap: no part of a link. */
export function useStored<T extends string>(key: string, choices: readonly [T, ...T[]]): [T, (value: T) => void] {
  const value = useSyncExternalStore(subscribe, () => read(key));
  const known = choices.find((choice) => choice === value) ?? choices[0];
  return [known, (next) => store(key, next)];
}

export const useZone = () => useStored('zone', ['local', 'utc']);
/** Whether new critical and high alerts are heard. */
export const useSound = () => useStored('sound', ['off', 'on']);
export const useWrap = () => useStored('wrap', ['off', 'on']);
