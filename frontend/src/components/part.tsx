import type { ReactNode } from 'react';

/** A part of a drawer under its own small heading. */
export function Part({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section>
      <header className="mb-1.5 flex flex-wrap items-baseline justify-between gap-x-3">
        <h3 className="text-xs font-semibold text-soft">{title}</h3>
        {aside}
      </header>
      {children}
    </section>
  );
}
