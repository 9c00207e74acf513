import { useState, type FormEvent } from 'react';

import type { RuleTest } from '@/api-client/types';
import { LabelList } from '@/components/alert/label-list';
import { Sparkline } from '@/components/chart/sparkline';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Field } from '@/components/ui/field';
import { formatCount, formatSpan, formatTime, plural } from '@/lib/format';
import { histogram } from '@/lib/histogram';
import { useZone } from '@/lib/stored';
import { parseTime, rangeProblem, resolveRange, type TimeRange } from '@/lib/time-range';

const BARS = 48;
const SHOWN = 100;

interface Props {
  test: { data?: RuleTest; isPending: boolean };
  /** Why it could not be tried. */
  wrong?: string;
  onTest: (range: TimeRange) => void;
}

/** Tries a rule on what is stored: how often it would have fired, and when. */
export function TestPanel({ test, wrong, onTest }: Props) {
  const [range, setRange] = useState({ from: 'now-24h', to: '' });
  const [problem, setProblem] = useState<string>();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const now = Date.now();
    const chosen = { from: range.from.trim() || undefined, to: range.to.trim() || undefined };
    const found = rangeProblem(chosen, now);
    setProblem(found);
    if (!found) onTest(resolveRange(chosen, now));
  };
  return (
    <Panel title="Test on history">
      <form onSubmit={submit} className="flex flex-wrap items-end gap-2 p-4">
        <Field label="From" value={range.from} onChange={(event) => setRange({ ...range, from: event.target.value })} className="min-w-32 flex-1" />
        <Field label="To" placeholder="now" value={range.to} onChange={(event) => setRange({ ...range, to: event.target.value })} className="min-w-32 flex-1" />
        <Button type="submit" disabled={test.isPending}>
          {test.isPending ? 'Testing…' : 'Test'}
        </Button>
        {(problem ?? wrong) && (
          <p role="alert" className="w-full text-xs break-words text-danger">
            {problem ?? wrong}
          </p>
        )}
      </form>
      {test.data && <Outcome outcome={test.data} />}
    </Panel>
  );
}

function Outcome({ outcome }: { outcome: RuleTest }) {
  const [zone] = useZone();
  const times = outcome.alerts.reduce((sum, { count }) => sum + count, 0);
  const [fromMs, toMs] = [parseTime(outcome.from), parseTime(outcome.to)];
  const bars = histogram(outcome.alerts.map(({ starts_at }) => parseTime(starts_at)), fromMs, toMs, BARS);
  return (
    <div className="border-t border-line">
      <div className="space-y-2 p-4">
        <p role="status" className="text-sm">
          It <strong className="font-semibold">would have fired {plural(times, 'time')}</strong>
          {outcome.alerts.length > 0 && ` as ${plural(outcome.alerts.length, 'alert')}`}, of {formatCount(outcome.looked_at)} looked at; the condition held for {formatCount(outcome.held)}.
        </p>
        {outcome.cut && <p className="text-xs text-(--warn-text)">{outcome.cut}</p>}
        {outcome.alerts.length > 0 && (
          <>
            <Sparkline values={bars} label="Alerts that would have begun" className="h-12 w-full" />
            <p className="flex justify-between text-2xs text-faint tabular-nums">
              <span>{formatTime(outcome.from, zone, false)}</span>
              <span>{formatTime(outcome.to, zone, false)}</span>
            </p>
          </>
        )}
      </div>
      <ul aria-label="Alerts that would have been" className="max-h-96 divide-y divide-line overflow-y-auto border-t border-line empty:border-0">
        {outcome.alerts.slice(0, SHOWN).map(({ title, labels, count, starts_at, ends_at }, index) => (
          <li key={index} className="px-4 py-2 text-sm">
            <p className="break-words">{title}</p>
            <LabelList labels={labels} without={['alertname']} />
            <p className="text-xs text-faint tabular-nums">
              {formatTime(starts_at, zone, false)}, {ends_at ? `for ${formatSpan((parseTime(ends_at) - parseTime(starts_at)) / 1000)}` : 'lasting'}, {formatCount(count)}×
            </p>
          </li>
        ))}
      </ul>
      {outcome.alerts.length > SHOWN && <p className="px-4 py-2 text-xs text-faint">and {formatCount(outcome.alerts.length - SHOWN)} more</p>}
    </div>
  );
}
