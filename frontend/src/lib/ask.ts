import { useSyncExternalStore } from 'react';

/** What a question is about beside what the address of the page says. */
export interface Focus {
  /** A PromQL query, or the selector of a series. */
  metric?: string;
  from?: string;
  to?: string;
}

/** The panel beside every page in which the copilot is asked. */
export interface AskPanel {
  isOpen: boolean;
  /** The conversation in it; none for a new one. */
  thread?: string;
  /** What somebody pointed at, and the address where they did: elsewhere it means nothing. */
  focus?: Focus & { at: string };
  /** What is to be asked at once. */
  text?: string;
}

let panel: AskPanel = { isOpen: false };
const watchers = new Set<() => void>();

function set(next: AskPanel) {
  panel = next;
  for (const watcher of watchers) watcher();
}

interface Wish {
  focus?: Focus;
  text?: string;
  thread?: string;
}

/** Opens the panel, and asks at once where there is a text: in a conversation of its own unless one is named. */
export function openAsk({ focus, text, thread }: Wish = {}) {
  set({ isOpen: true, thread: thread ?? (text === undefined ? panel.thread : undefined), focus: focus && { ...focus, at: window.location.href }, text });
}

export const closeAsk = () => set({ ...panel, isOpen: false, text: undefined });
export const toggleAsk = () => (panel.isOpen ? closeAsk() : openAsk());

/** Shows another conversation in the panel, or a new one. */
export const showInAsk = (thread: string | undefined) => set({ ...panel, thread });

/** Takes the text that is to be asked, so that it is asked once. */
export function takeText(): string | undefined {
  const { text } = panel;
  if (text !== undefined) set({ ...panel, text: undefined });
  return text;
}

const watch = (watcher: () => void) => {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
};

export const useAskPanel = () => useSyncExternalStore(watch, () => panel);
