import type { AuditEntry } from '@/api-client/types';
import { RunLink } from '@/components/automation/run-link';
import { ViewLink } from '@/components/view-link';
import { actorName } from '@/lib/automation-words';
import { formatTime } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { plain } from '@/lib/plain-text';
import { useZone } from '@/lib/stored';
import { sentence } from '@/lib/ticket-words';

import { actionText, detailPairs, subjectOf } from '../audit-text';

/** Entries of the trail, each with who, what and about what; in columns where there is room. */
export function AuditRows({ entries }: { entries: readonly AuditEntry[] }) {
  const [zone] = useZone();
  return (
    <ul aria-label="Audit trail" className="@container divide-y divide-line text-sm">
      {entries.map(({ id, at, actor, action, subject, details }) => (
        <li key={id} className="grid grid-cols-1 gap-x-4 px-4 py-2 @3xl:grid-cols-[10rem_14rem_minmax(0,1fr)]">
          <time dateTime={at} className="text-xs leading-5 text-soft tabular-nums">
            {formatTime(at, zone, false)}
          </time>
          <span className="[overflow-wrap:anywhere]">
            <strong className="font-semibold">{actorName(actor)}</strong> <span className="text-soft">{actionText(action)}</span>
          </span>
          <span className="flex min-w-0 flex-wrap items-baseline gap-x-3 text-xs leading-5">
            <Subject subject={subject} />
            <Details details={details} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Subject({ subject }: { subject: string }) {
  const { kind, id } = subjectOf(subject);
  if (kind === 'run')
    return (
      <RunLink id={id} title={id} className="text-accent hover:underline">
        run {id.slice(-8)}
      </RunLink>
    );
  if (kind === 'rule')
    return (
      <ViewLink to={PAGES.automation} view={{ view: 'rules', rule: id }} className="text-accent hover:underline">
        rule {id}
      </ViewLink>
    );
  return <span className="text-faint">{plain(id)}</span>;
}

function Details({ details }: { details: AuditEntry['details'] }) {
  const { detail } = details;
  return (
    <>
      {detailPairs(details).map(([name, value]) => (
        <span key={name} className="min-w-0">
          <span className="text-faint">{name}</span> <span className="[overflow-wrap:anywhere]">{plain(value)}</span>
        </span>
      ))}
      {typeof detail === 'string' && detail !== '' && <span className="w-full [overflow-wrap:anywhere] text-soft">{sentence(plain(detail))}</span>}
    </>
  );
}
