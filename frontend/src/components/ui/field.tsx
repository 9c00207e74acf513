import type { ComponentProps } from 'react';

export const inputClass =
  'h-8 w-full min-w-0 rounded-md border border-line-strong bg-surface px-2.5 text-sm text-ink focus-visible:border-accent focus-visible:outline-1 focus-visible:outline-offset-0';

type Props = ComponentProps<'input'> & { label: string; hideLabel?: boolean };

export function Field({ label, hideLabel = false, className = '', ...rest }: Props) {
  return (
    <label className={`block text-sm ${className}`}>
      <span className={hideLabel ? 'sr-only' : 'mb-1 block text-xs text-soft'}>{label}</span>
      <input className={inputClass} spellCheck={false} autoComplete="off" {...rest} />
    </label>
  );
}
