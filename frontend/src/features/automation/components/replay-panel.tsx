import { useState, type FormEvent } from 'react';

import type { Replay } from '@/api-client/automation-types';
import type { RuleWish } from '@/api-client/test-automation-rule';
import { Sparkline } from '@/components/chart/sparkline';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Field } from '@/components/ui/field';
import { ViewLink } from '@/components/view-link';
import { formatCount, formatTime, plural } from '@/lib/format';
import { histogram } from '@/lib/histogram';
import { PAGES } from '@/lib/pages';
import { plain } from '@/lib/plain-text';
import { useZone } from '@/lib/stored';
import { sentence } from '@/lib/ticket-words';
import { parseTime, rangeProblem, resolveRange, type TimeRange } from '@/lib/time-range';

import { useReplayRule } from '../api/replay-rule';

const BARS = 48;
const SHOWN = 100;

/** Tries a rule on the alerts that there were. Nothing is done. */
export function ReplayPanel({ wish }: { wish: RuleWish }) {
  const [draft, setDraft] = useState({ from: 'now-7d', to: '' });
  const [range, setRange] = useState<TimeRange>({});
  const [problem, setProblem] = useState<string>();
  const replay = useReplayRule();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const now = Date.now();
    const chosen = { from: draft.from.trim() || undefined, to: draft.to.trim() || 'now' };
    const found = rangeProblem(chosen, now);
    setProblem(found);
    if (found) return;
    const fixed = resolveRange(chosen, now);
    setRange(fixed);
    replay.mutate({ ...wish, ...fixed });
  };
  const wrong = problem ?? replay.error?.message;
  return (
    <Panel title="Replay over history">
      <form onSubmit={submit} className="flex flex-wrap items-end gap-2 p-4">
        <Field label="From" value={draft.from} onChange={(event) => setDraft({ ...draft, from: event.target.value })} className="min-w-28 flex-1" />
        <Field label="To" placeholder="now" value={draft.to} onChange={(event) => setDraft({ ...draft, to: event.target.value })} className="min-w-28 flex-1" />
        <Button type="submit" disabled={replay.isPending}>
          {replay.isPending ? 'Replaying…' : 'Replay'}
        </Button>
        {wrong && (
          <p role="alert" className="w-full text-sm break-words text-danger">
            {wrong}
          </p>
        )}
      </form>
      {replay.data && <Outcome outcome={replay.data} range={range} />}
    </Panel>
  );
}

function Outcome({ outcome, range }: { outcome: Replay; range: TimeRange }) {
  const [zone] = useZone();
  const moments = outcome.runs.map(({ at }) => parseTime(at));
  const [fromMs, toMs] = [range.from ? parseTime(range.from) : Math.min(...moments), range.to ? parseTime(range.to) : Math.max(...moments)];
  return (
    <div className="border-t border-line">
      <div className="space-y-2 p-4 text-sm">
        <p role="status">
          It <strong className="font-semibold">would have run {plural(outcome.runs.length, 'time')}</strong>: of {plural(outcome.looked_at, 'alert')} it matches {formatCount(outcome.matched)}
          {outcome.held_back > 0 && `, and throttle or cooldown hold back ${formatCount(outcome.held_back)}`}.
        </p>
        {outcome.too_broad && (
          <p role="alert" className="[overflow-wrap:anywhere] text-danger">
            It would be refused: {sentence(outcome.too_broad)}
          </p>
        )}
        {outcome.runs.length > 0 && <Sparkline values={histogram(moments, fromMs, toMs, BARS)} label="Runs that would have been" className="h-10 w-full" />}
        {outcome.problems.length > 0 && (
          <ul aria-label="Alerts for which it fails" className="space-y-1 text-danger">
            {outcome.problems.map(({ alert, problem }) => (
              <li key={alert} className="[overflow-wrap:anywhere]">
                {sentence(plain(problem))} <AlertLink alert={alert} />
              </li>
            ))}
          </ul>
        )}
      </div>
      <ul aria-label="Runs that would have been" className="max-h-72 divide-y divide-line overflow-y-auto border-t border-line empty:border-0">
        {outcome.runs.slice(0, SHOWN).map(({ at, alert, targets }, index) => (
          <li key={index} className="flex flex-wrap items-baseline gap-x-3 px-4 py-1.5 text-sm">
            <time dateTime={at} className="text-xs text-faint tabular-nums">
              {formatTime(at, zone, false)}
            </time>
            <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">{plain(targets.join(', '))}</span>
            <AlertLink alert={alert} />
          </li>
        ))}
      </ul>
      {outcome.runs.length > SHOWN && <p className="px-4 py-2 text-xs text-faint">and {formatCount(outcome.runs.length - SHOWN)} more</p>}
    </div>
  );
}

const AlertLink = ({ alert }: { alert: string }) => (
  <ViewLink to={PAGES.alerts} view={{ alert, status: 'all' }} className="text-xs text-accent hover:underline">
    The alert
  </ViewLink>
);
