import type { Alert, Evidence } from '@/api-client/types';
import { Icon, type IconName } from '@/components/ui/icon';
import { ViewLink } from '@/components/view-link';
import { plural } from '@/lib/format';
import { PAGES } from '@/lib/pages';

import { evidenceTarget } from '../evidence';

const ICONS: Record<Evidence['type'], IconName> = { record: 'tail', template: 'patterns', metric: 'metrics', anomaly: 'alert', prediction: 'clock' };

/** What an alert rests on; each opens where it can be looked at. */
export function EvidenceList({ alert }: { alert: Alert }) {
  if (alert.evidence.length === 0) return <p className="text-sm text-soft">None was kept.</p>;
  return (
    <ul aria-label="Evidence" className="divide-y divide-line rounded-md border border-line">
      {alert.evidence.map((evidence, index) => {
        const { page, view } = evidenceTarget(evidence, alert);
        return (
          <li key={index}>
            <ViewLink to={PAGES[page]} view={view} className="flex items-start gap-2.5 px-3 py-2 text-sm hover:bg-hover focus-visible:-outline-offset-2">
              <Icon name={ICONS[evidence.type]} className="mt-0.5 text-faint" />
              <Words evidence={evidence} />
              <Icon name="right" className="mt-1 size-3 text-faint" />
            </ViewLink>
          </li>
        );
      })}
    </ul>
  );
}

function Words({ evidence }: { evidence: Evidence }) {
  const code = 'line-clamp-3 font-mono text-xs leading-5 break-words';
  return (
    <span className="min-w-0 flex-1">
      {evidence.type === 'record' && <span className={code}>{evidence.body}</span>}
      {evidence.type === 'template' && (
        <>
          <span className={code}>{evidence.text}</span>
          <span className="text-xs text-faint">{plural(evidence.count, 'line')} of this pattern</span>
        </>
      )}
      {evidence.type === 'metric' && (
        <>
          <span className={code}>{evidence.query}</span>
          {typeof evidence.value === 'number' && <span className="text-xs text-faint">it was {evidence.value}</span>}
        </>
      )}
      {(evidence.type === 'anomaly' || evidence.type === 'prediction') && <span className="break-words">{evidence.explanation}</span>}
    </span>
  );
}
