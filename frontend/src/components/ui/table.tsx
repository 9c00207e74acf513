import type { ComponentProps, ReactNode } from 'react';

/** A table that scrolls sideways within its frame where it does not fit. */
export function Table({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div role="region" aria-label={label} tabIndex={0} className="overflow-x-auto focus-visible:-outline-offset-2">
      <table aria-label={label} className="w-full border-collapse text-sm [&>tbody:last-child>tr:last-child>td]:border-b-0">
        {children}
      </table>
    </div>
  );
}

type CellProps = { right?: boolean };

export function Th({ right = false, className = '', ...rest }: ComponentProps<'th'> & CellProps) {
  return <th scope="col" className={`border-b border-line px-3 py-2 text-xs font-medium whitespace-nowrap text-faint first:pl-4 last:pr-4 ${right ? 'text-right' : 'text-left'} ${className}`} {...rest} />;
}

export function Td({ right = false, className = '', ...rest }: ComponentProps<'td'> & CellProps) {
  return <td className={`border-b border-line px-3 py-1.5 align-top first:pl-4 last:pr-4 ${right ? 'text-right whitespace-nowrap tabular-nums' : ''} ${className}`} {...rest} />;
}

/** A column's heading that sorts by it. */
export function SortTh({ active, onSort, children, ...rest }: ComponentProps<'th'> & CellProps & { active: boolean; onSort: () => void }) {
  return (
    <Th aria-sort={active ? 'descending' : undefined} {...rest}>
      <button type="button" onClick={onSort} className={`-mx-1 rounded px-1 hover:text-ink ${active ? 'font-semibold text-ink' : ''}`}>
        {children}
        {active && <span aria-hidden="true"> ↓</span>}
      </button>
    </Th>
  );
}
