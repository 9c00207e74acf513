import { useId, type ComponentProps, type ReactNode } from 'react';

import { inputClass } from './field';

interface Own {
  label: string;
  hint?: ReactNode;
  /** What the server said about it. */
  wrong?: string;
  isCode?: boolean;
}

/** A field with what is wrong with it below. */
export function FormField({ label, hint, wrong, isCode = false, className = '', ...rest }: ComponentProps<'input'> & Own) {
  const id = useId();
  return (
    <label className={`block text-sm ${className}`}>
      <span className="mb-1 block text-xs text-soft">{label}</span>
      <input className={`${inputClass} ${isCode ? 'font-mono' : ''} ${wrong ? 'border-danger!' : ''}`} spellCheck={false} autoComplete="off" aria-invalid={wrong !== undefined} aria-describedby={id} {...rest} />
      <Below id={id} hint={hint} wrong={wrong} />
    </label>
  );
}

export function FormText({ label, hint, wrong, isCode = false, className = '', ...rest }: ComponentProps<'textarea'> & Own) {
  const id = useId();
  return (
    <label className={`block text-sm ${className}`}>
      <span className="mb-1 block text-xs text-soft">{label}</span>
      <textarea rows={2} className={`${inputClass} h-auto! py-1.5 ${isCode ? 'font-mono' : ''} ${wrong ? 'border-danger!' : ''}`} spellCheck={false} aria-invalid={wrong !== undefined} aria-describedby={id} {...rest} />
      <Below id={id} hint={hint} wrong={wrong} />
    </label>
  );
}

function Below({ id, hint, wrong }: { id: string; hint?: ReactNode; wrong?: string }) {
  if (!wrong && !hint) return null;
  return (
    <span id={id} role={wrong ? 'alert' : undefined} className={`mt-1 block text-xs break-words ${wrong ? 'text-danger' : 'text-faint'}`}>
      {wrong ?? hint}
    </span>
  );
}
