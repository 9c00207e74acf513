import { useEffect } from 'react';

import { useAlertSummary } from '@/api-client/get-alert-summary';
import { useStats } from '@/api-client/get-stats';
import { ApiError } from '@/api-client/http';
import { BellMark } from '@/components/ui/bell-mark';
import { IconButton } from '@/components/ui/button';
import { Icon } from '@/components/ui/icon';
import { ViewLink } from '@/components/view-link';
import { formatCompact, formatRate, plural } from '@/lib/format';
import { carried, PAGES } from '@/lib/pages';
import { useView } from '@/lib/use-view';

import { ApprovalBadge } from './approval-badge';
import { AREAS } from './areas';
import { TicketBadge } from './ticket-badge';

/** The areas on the left; on a narrow screen they slide over the page. */
export function Navigation({ open, onClose }: { open: boolean; onClose: () => void }) {
  const [view] = useView();
  useEffect(() => {
    if (!open) return undefined;
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && onClose();
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [open, onClose]);
  return (
    <>
      {open && <div aria-hidden="true" onClick={onClose} className="fixed inset-0 z-40 bg-black/40 lg:hidden" />}
      <nav
        aria-label="Main"
        className={`fixed inset-y-0 left-0 z-50 flex w-56 shrink-0 flex-col border-r border-line bg-sunken lg:static lg:w-52 ${open ? 'flex' : 'hidden lg:flex'}`}
      >
        <div className="flex h-12 items-center justify-between px-3">
          <ViewLink to={PAGES.home} view={carried(view)} onClick={onClose} className="flex items-center gap-2 rounded-md px-1 py-1">
            <BellMark />
            <span className="text-base font-semibold tracking-tight">Tocsin</span>
          </ViewLink>
          <IconButton label="Close the navigation" icon="close" className="lg:hidden" onClick={onClose} />
        </div>
        <div className="flex-1 space-y-4 overflow-y-auto px-2 py-2">
          {AREAS.map((area, index) => (
            <div key={area.title ?? index}>
              {area.title && <h2 className="px-2 pb-1 text-2xs font-semibold tracking-wide text-faint uppercase">{area.title}</h2>}
              <ul className="space-y-0.5">
                {area.pages.map((page) => (
                  <li key={page.to}>
                    <ViewLink
                      to={page.to}
                      view={carried(view)}
                      onClick={onClose}
                      className="flex h-8 items-center gap-2.5 rounded-md px-2 text-sm text-soft hover:bg-hover hover:text-ink aria-[current=page]:bg-chosen aria-[current=page]:font-medium aria-[current=page]:text-ink"
                    >
                      <Icon name={page.icon} />
                      {page.label}
                      {page.to === PAGES.alerts && <AlertBadge />}
                      {page.to === PAGES.tickets && <TicketBadge />}
                      {page.to === PAGES.automation && <ApprovalBadge />}
                    </ViewLink>
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </div>
        <ServerState />
      </nav>
    </>
  );
}

/** How many critical and high alerts are open. */
function AlertBadge() {
  const { data } = useAlertSummary();
  const count = (data?.severities.critical ?? 0) + (data?.severities.high ?? 0);
  if (count === 0) return null;
  return (
    <span title={`${plural(count, 'critical or high alert')} open`} className="ml-auto rounded-full bg-danger-fill px-1.5 text-2xs font-semibold text-white tabular-nums">
      {formatCompact(count)}
      <span className="sr-only"> critical or high</span>
    </span>
  );
}

/** Whether the server answers, and how much arrives. */
function ServerState() {
  const { data, error } = useStats();
  const isError = error !== null;
  const trouble = error instanceof ApiError && error.status > 0 ? error.problem.title : 'The server does not answer';
  const missing = data?.missing ?? [];
  return (
    <p className="flex items-center gap-2 border-t border-line px-4 py-2.5 text-xs text-soft tabular-nums">
      <span aria-hidden="true" className={`size-2 rounded-full ${isError || missing.length > 0 ? 'bg-danger' : data ? 'bg-ok' : 'bg-line-strong'}`} />
      {isError ? (
        <span className="truncate" title={trouble}>{trouble}</span>
      ) : missing.length > 0 ? (
        <ViewLink to={PAGES.system} className="truncate hover:underline" title={missing.map(({ detail }) => detail).join('; ')}>
          {missing.map(({ name }) => name).join(', ')} away
        </ViewLink>
      ) : data ? `${formatRate(data.records_per_second)} lines` : 'Connecting…'}
      {data && !isError && <span className="ml-auto text-faint">{data.version}</span>}
    </p>
  );
}
