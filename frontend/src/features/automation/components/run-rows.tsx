import type { Run } from '@/api-client/automation-types';
import { useRuleNames } from '@/api-client/get-automation-rules';
import { RunLink } from '@/components/automation/run-link';
import { RunStateTag } from '@/components/automation/run-state-tag';
import { Moment } from '@/components/ui/moment';
import { ViewLink } from '@/components/view-link';
import { actorName } from '@/lib/automation-words';
import { PAGES } from '@/lib/pages';
import { plain } from '@/lib/plain-text';
import { sentence } from '@/lib/ticket-words';
import { useNow } from '@/lib/use-now';

const HEAD = 'border-b border-line px-2 py-2 text-left text-xs font-medium whitespace-nowrap text-faint first:pl-4 last:pr-4';
const CELL = 'border-b border-line px-2 py-2 align-top text-sm first:pl-4 last:pr-4';

/** Runs as rows; what does not fit in a column stands below the name. */
export function RunRows({ runs }: { runs: readonly Run[] }) {
  const now = useNow(5);
  const nameOf = useRuleNames();
  return (
    <div className="@container">
      <table aria-label="Runs" className="w-full border-collapse [&>tbody>tr:last-child>td]:border-b-0">
        <thead>
          <tr>
            <th scope="col" className={HEAD}>
              State
            </th>
            <th scope="col" className={HEAD}>
              Run
            </th>
            <th scope="col" className={`${HEAD} hidden @3xl:table-cell`}>
              Targets
            </th>
            <th scope="col" className={`${HEAD} hidden @3xl:table-cell`}>
              Provider
            </th>
            <th scope="col" className={`${HEAD} hidden @3xl:table-cell`}>
              Proposed
            </th>
            <th scope="col" className={`${HEAD} hidden @3xl:table-cell`}>
              Changed
            </th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <Row key={run.id} run={run} name={nameOf(run.rule)} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const HELPED = { true: 'seen to help', false: 'did not help' } as const;

function Row({ run, name, now }: { run: Run; name: string; now: number }) {
  const because = run.waiting_because ?? run.state_because;
  const targets = plain(run.targets.join(', '));
  return (
    <tr className="hover:bg-hover">
      <td className={`${CELL} leading-5`}>
        <RunStateTag state={run.state} />
      </td>
      <td className={CELL}>
        <RunLink id={run.id} className="font-medium [overflow-wrap:anywhere] hover:underline">
          {name}
        </RunLink>
        {because && <p className="line-clamp-2 [overflow-wrap:anywhere] text-soft">{sentence(plain(because))}</p>}
        <p className="mt-0.5 flex flex-wrap gap-x-2.5 text-xs text-faint">
          <ViewLink to={PAGES.alerts} view={{ alert: run.alert, status: 'all' }} className="[overflow-wrap:anywhere] text-accent hover:underline">
            {plain(run.alert_title)}
          </ViewLink>
          {run.dry_run && <span>dry run</span>}
          {typeof run.verified === 'boolean' && <span className={run.verified ? 'text-ok' : 'text-danger'}>{HELPED[`${run.verified}`]}</span>}
          {run.proposer !== 'system' && <span>by {actorName(run.proposer)}</span>}
          <span className="[overflow-wrap:anywhere] text-soft @3xl:hidden">
            {targets} with {run.provider}, <Moment time={run.updated_at} now={now} />
          </span>
        </p>
      </td>
      <td className={`${CELL} hidden max-w-56 [overflow-wrap:anywhere] @3xl:table-cell`}>{targets}</td>
      <td className={`${CELL} hidden whitespace-nowrap @3xl:table-cell`}>{run.provider}</td>
      <td className={`${CELL} hidden text-xs leading-5 whitespace-nowrap text-soft tabular-nums @3xl:table-cell`}>
        <Moment time={run.proposed_at} now={now} />
      </td>
      <td className={`${CELL} hidden text-xs leading-5 whitespace-nowrap text-soft tabular-nums @3xl:table-cell`}>
        <Moment time={run.updated_at} now={now} />
      </td>
    </tr>
  );
}
