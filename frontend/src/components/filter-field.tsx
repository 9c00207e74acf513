import { useEffect, useState } from 'react';

import { useView } from '@/lib/use-view';

import { Field } from './ui/field';

const PAUSE_MS = 250;

/** The view's words as a field that waits for a pause in typing. */
export function FilterField({ label, className = 'w-48' }: { label: string; className?: string }) {
  const [view, setView] = useView();
  const [draft, setDraft] = useState({ from: view.q, text: view.q ?? '' });
  if (draft.from !== view.q) setDraft({ from: view.q, text: draft.text.trim() === view.q ? draft.text : (view.q ?? '') });
  const wanted = draft.text.trim();
  useEffect(() => {
    if (wanted === (view.q ?? '')) return undefined;
    const timer = window.setTimeout(() => setView({ q: wanted }, { replace: true }), PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [wanted, view.q, setView]);
  return <Field label={label} hideLabel placeholder={label} type="search" value={draft.text} onChange={(event) => setDraft({ from: view.q, text: event.target.value })} className={className} />;
}
