import { Sparkline } from '@/components/chart/sparkline';
import { PatternText } from '@/components/log/pattern-text';
import { SeverityMix } from '@/components/log/severity-mix';
import { SeveritySwatch } from '@/components/log/severity-tag';
import { Icon } from '@/components/ui/icon';
import { Td } from '@/components/ui/table';
import { ViewLink } from '@/components/view-link';
import { formatCount, formatTime, plural } from '@/lib/format';
import { carried, PAGES } from '@/lib/pages';
import { worstSeverity } from '@/lib/severity';
import { shortSource } from '@/lib/source-name';
import { useZone } from '@/lib/stored';
import { useView } from '@/lib/use-view';

import type { LineGroup } from '../group-rows';

/** As many as one search takes. */
const TEMPLATES_MAX = 100;

interface Props {
  group: LineGroup;
  text: string;
  note?: string;
  /** The templates whose lines the row stands for. */
  templates: string[];
  size?: number;
  trend?: number[];
  source?: string;
  open?: boolean;
  onToggle?: () => void;
  nested?: boolean;
}

/** A kind of lines: what they say, how many, how severe and when. */
export function GroupRow({ group, text, note, templates, size = 1, trend, source, open = false, onToggle, nested = false }: Props) {
  const [view] = useView();
  const [zone] = useZone();
  const worst = worstSeverity(group.severities);
  return (
    <tr className={nested ? 'bg-sunken' : 'hover:bg-hover'}>
      <Td className={nested ? 'pl-12!' : ''}>
        <div className="flex items-start gap-2">
          {onToggle && (
            <button type="button" aria-expanded={open} aria-label={open ? 'Hide its patterns' : 'Show its patterns'} onClick={onToggle} className="mt-0.5 grid size-5 shrink-0 place-items-center rounded text-faint hover:bg-line hover:text-ink">
              <Icon name={open ? 'down' : 'right'} className="size-3" />
            </button>
          )}
          <SeveritySwatch severity={worst} className="mt-1 h-4 w-1" />
          <div className="min-w-0">
            <ViewLink to={PAGES.search} view={{ ...carried(view), template: templates.slice(0, TEMPLATES_MAX) }} className={`hover:underline ${onToggle ? 'font-medium' : 'font-mono text-xs'} line-clamp-2 break-words`} title="Show its lines">
              <PatternText pattern={text} />
            </ViewLink>
            {(note ?? size > 1) && (
              <p className="line-clamp-1 text-xs break-all text-faint">
                {size > 1 && <span className="text-soft">{plural(size, 'pattern')} · </span>}
                <span className="font-mono">{note}</span>
              </p>
            )}
          </div>
        </div>
      </Td>
      <Td right>{formatCount(group.count)}</Td>
      <Td>
        <SeverityMix counts={group.severities} className="mt-1.5 h-2 w-20" />
      </Td>
      <Td className="max-w-40 truncate text-xs text-soft" title={source}>
        {source && shortSource(source)}
        {trend && <Sparkline values={trend} label="Lines over time" color={worst === 'fatal' || worst === 'error' ? `var(--${worst})` : undefined} />}
      </Td>
      <Td right className="font-mono text-xs leading-5!">
        {formatTime(group.first_seen, zone, false)}
      </Td>
      <Td right className="font-mono text-xs leading-5!">
        {formatTime(group.last_seen, zone, false)}
      </Td>
    </tr>
  );
}
