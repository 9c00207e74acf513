import { useAnchor } from '@/lib/anchor';
import { openAsk } from '@/lib/ask';
import { carried, PAGES } from '@/lib/pages';
import { useZone } from '@/lib/stored';
import { useTheme } from '@/lib/theme';
import { PRESETS } from '@/lib/time-range';
import { useCopy } from '@/lib/use-copy';
import { useGo } from '@/lib/use-go';
import { useView } from '@/lib/use-view';

import { AREAS } from '../shell/areas';

import type { Action } from './matching';

/** Everything the palette offers; `text` is what was typed so far. */
export function useActions(text: string, onHelp: () => void): Action[] {
  const go = useGo();
  const [view, setView] = useView();
  const { refresh } = useAnchor();
  const { setTheme, shown } = useTheme();
  const [zone, setZone] = useZone();
  const [, copy] = useCopy();
  const q = text.trim();

  const searches: Action[] = q
    ? [
        { id: 'copilot', title: `Ask the copilot: ${q}`, group: 'an answer with its evidence', icon: 'ask', always: true, perform: () => openAsk({ text: q }) },
        { id: 'ask', title: `Ask the logs: ${q}`, group: 'by words and meaning', icon: 'search', always: true, perform: () => go(PAGES.search, { ...carried(view), q, mode: 'hybrid' }) },
        { id: 'find', title: `Find the words: ${q}`, group: 'text', icon: 'search', always: true, perform: () => go(PAGES.search, { ...carried(view), q }) },
        { id: 'tail', title: `Tail lines with: ${q}`, group: 'live', icon: 'tail', always: true, perform: () => go(PAGES.tail, { q }) },
      ]
    : [];
  const pages: Action[] = AREAS.flatMap((area) =>
    area.pages.map((page) => ({ id: page.to, title: page.label, group: page.about, icon: page.icon, perform: () => go(page.to, carried(view)) })),
  );
  const ranges: Action[] = PRESETS.map(({ label, range }) => ({
    id: label,
    title: `Time range: ${label.toLowerCase()}`,
    group: 'time',
    icon: 'clock',
    perform: () => setView({ from: range.from, to: range.to }),
  }));
  const tools: Action[] = [
    { id: 'about', title: 'Ask the copilot about this page', group: 'i', icon: 'ask', perform: () => openAsk() },
    { id: 'refresh', title: 'Refresh', group: 'r', icon: 'refresh', perform: refresh },
    { id: 'link', title: 'Copy a link to this view', group: 'share', icon: 'copy', perform: () => copy(window.location.href) },
    { id: 'theme', title: shown === 'dark' ? 'Switch to the light theme' : 'Switch to the dark theme', group: 'look', icon: shown === 'dark' ? 'sun' : 'moon', perform: () => setTheme(shown === 'dark' ? 'light' : 'dark') },
    { id: 'zone', title: zone === 'utc' ? 'Show times in local time' : 'Show times in UTC', group: 'look', icon: 'clock', perform: () => setZone(zone === 'utc' ? 'local' : 'utc') },
    { id: 'keys', title: 'Keyboard shortcuts', group: '?', icon: 'help', perform: onHelp },
  ];
  return [...searches, ...pages, ...ranges, ...tools];
}
