import { useEffect, useRef, type RefObject } from 'react';

/** What a key does; `false` leaves the key to the browser. */
type Handler = (event: KeyboardEvent) => unknown;

/** Whether keys belong to what has the focus: text fields, and anything inside an open dialog. */
function isTaken(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest('input:not([type=checkbox]), textarea, select, [role=dialog], [role=menu]') !== null;
}

type Bindings = RefObject<Record<string, Handler>>;

/** Those that are mounted, the newest last: a page's own keys go before the shell's. */
const mounted: Bindings[] = [];

export function pressed(event: KeyboardEvent, bindings: Record<string, Handler>[]) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTaken(event.target)) return;
  // Enter and space on a button or link press it.
  if ((event.key === 'Enter' || event.key === ' ') && event.target instanceof HTMLElement && event.target.closest('a, button, summary, input')) return;
  for (const each of bindings.toReversed()) {
    const handler = each[event.key];
    if (handler && handler(event) !== false) {
      event.preventDefault();
      return;
    }
  }
}

const onKey = (event: KeyboardEvent) => pressed(event, mounted.map(({ current }) => current));

/** Binds single keys (`j`, `/`, `Enter`, `?`) while the component is mounted. */
export function useShortcuts(bindings: Record<string, Handler>, enabled = true) {
  const latest = useRef(bindings);
  useEffect(() => {
    latest.current = bindings;
  });
  useEffect(() => {
    if (!enabled) return undefined;
    if (mounted.length === 0) window.addEventListener('keydown', onKey);
    mounted.push(latest);
    return () => {
      mounted.splice(mounted.indexOf(latest), 1);
      if (mounted.length === 0) window.removeEventListener('keydown', onKey);
    };
  }, [enabled]);
}
