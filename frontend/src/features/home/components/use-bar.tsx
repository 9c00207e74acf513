import { ViewLink } from '@/components/view-link';
import { formatShare } from '@/lib/format';
import { PAGES } from '@/lib/pages';

import type { Reading } from '../hosts';

const FULL = 0.9;
const FILLING = 0.75;

/** A share in use as a bar with its number; it leads to the chart. */
export function UseBar({ name, reading: { value, selector } }: { name: string; reading: Reading }) {
  const color = value >= FULL ? 'bg-danger' : value >= FILLING ? 'bg-(--warn)' : 'bg-accent';
  return (
    <div className="min-w-0 text-xs">
      <dt className="flex justify-between gap-2">
        <ViewLink to={PAGES.metrics} view={{ match: selector }} title={`${name}: its chart`} className="min-w-0 truncate text-soft hover:underline">
          {name}
        </ViewLink>
        <span className={`shrink-0 tabular-nums ${value >= FULL ? 'font-medium text-danger' : ''}`}>{formatShare(value, 1)}</span>
      </dt>
      <dd aria-hidden="true" className="mt-0.5 h-1.5 overflow-hidden rounded-full bg-line">
        <span className={`block h-full rounded-full ${color}`} style={{ width: `${Math.min(100, Math.max(0, value * 100))}%` }} />
      </dd>
    </div>
  );
}
