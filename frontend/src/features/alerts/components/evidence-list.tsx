import type { Alert, Evidence } from '@/api-client/types';
import { attachedPlace } from '@/components/evidence/attached-line';
import { EVIDENCE_ICONS, EVIDENCE_NAMES } from '@/components/evidence/evidence-icon';
import { EvidenceLink } from '@/components/evidence/evidence-link';
import { evidenceTarget } from '@/components/evidence/evidence-target';
import { Icon } from '@/components/ui/icon';
import { plural } from '@/lib/format';
import { plain } from '@/lib/plain-text';

const ROW = 'flex items-start gap-2.5 px-3 py-2 text-sm';

/** What an alert rests on; each opens where it can be looked at. */
export function EvidenceList({ alert }: { alert: Alert }) {
  if (alert.evidence.length === 0) return <p className="text-sm text-soft">None was kept.</p>;
  return (
    <ul aria-label="Evidence" className="divide-y divide-line rounded-md border border-line">
      {alert.evidence.map((evidence, index) => {
        const target = evidenceTarget(evidence, { from: alert.starts_at, to: alert.last_at });
        const words = (
          <>
            <Icon name={EVIDENCE_ICONS[evidence.type]} className="mt-0.5 text-faint" />
            <Words evidence={evidence} />
          </>
        );
        return (
          <li key={index}>
            {target ? (
              <EvidenceLink target={target} className={`${ROW} hover:bg-hover focus-visible:-outline-offset-2`}>
                {words}
                <Icon name="right" className="mt-1 size-3 text-faint" />
              </EvidenceLink>
            ) : (
              <div className={ROW}>{words}</div>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function Words({ evidence }: { evidence: Evidence }) {
  const { text, isCode, note } = wordsOf(evidence);
  return (
    <span className="min-w-0 flex-1">
      <span className={isCode ? 'line-clamp-3 font-mono text-xs leading-5 break-words' : 'block break-words'}>{plain(text)}</span>
      {note && <span className="text-xs text-faint">{note}</span>}
    </span>
  );
}

function wordsOf(evidence: Evidence): { text: string; isCode?: boolean; note?: string } {
  switch (evidence.type) {
    case 'record':
      return { text: evidence.body, isCode: true };
    case 'template':
      return { text: evidence.text, isCode: true, note: `${plural(evidence.count, 'line')} of this pattern` };
    case 'metric':
      return { text: evidence.query, isCode: true, note: typeof evidence.value === 'number' ? `it was ${evidence.value}` : undefined };
    case 'anomaly':
    case 'prediction':
      return { text: evidence.explanation };
    case 'alert':
    case 'incident':
    case 'change':
    case 'run':
    case 'runbook':
      return { text: evidence.title, note: EVIDENCE_NAMES[evidence.type] };
    case 'attachment':
      return { text: attachedPlace(evidence), note: EVIDENCE_NAMES.attachment };
  }
}
