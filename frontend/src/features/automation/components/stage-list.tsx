import type { Plan, RunDetails, Vote } from '@/api-client/automation-types';
import { Part } from '@/components/part';
import { Icon } from '@/components/ui/icon';
import { formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';

import { stageProgress, stageText } from '../stages';

const PHASES = { done: 'done', now: 'asked now', later: 'asked later', never: 'not asked' };

/** Who is asked, in which order, and what each has said. */
export function StageList({ plan, run: { votes, open_stage } }: { plan: Plan; run: RunDetails }) {
  const stages = stageProgress(plan.stages, votes, open_stage);
  return (
    <Part title="Who agrees">
      {stages.length === 0 && <p className="text-sm text-soft">Nobody need agree.</p>}
      <ol aria-label="Stages" className="space-y-1.5 text-sm">
        {stages.map((stage, index) => (
          <li key={index} className="flex items-start gap-2">
            <Icon name={stage.phase === 'done' ? 'check' : stage.phase === 'now' ? 'clock' : 'minus'} className={`mt-0.5 ${stage.phase === 'done' ? 'text-ok' : stage.phase === 'now' ? 'text-(--warn-text)' : 'text-faint'}`} />
            <span className="min-w-0 [overflow-wrap:anywhere]">
              {stageText(stage)}
              <span className="block text-xs text-faint">
                {stage.yes.length} of {stage.count}, {PHASES[stage.phase]}
              </span>
            </span>
          </li>
        ))}
      </ol>
      {plan.two_person && <p className="mt-1.5 text-xs text-soft">Two people must agree, neither of whom proposed it.</p>}
      <VoteList votes={votes} />
    </Part>
  );
}

function VoteList({ votes }: { votes: readonly Vote[] }) {
  const [zone] = useZone();
  if (votes.length === 0) return null;
  return (
    <ul aria-label="What people said" className="mt-2.5 space-y-2 border-t border-line pt-2.5 text-sm">
      {votes.map((vote, index) => (
        <li key={index}>
          <p className="[overflow-wrap:anywhere]">
            <strong className="font-semibold">{vote.actor}</strong> <span className={vote.verdict === 'approve' ? 'text-ok' : 'text-danger'}>{vote.verdict === 'approve' ? 'said yes' : 'said no'}</span>
          </p>
          {vote.comment && <p className="rounded-md border border-line bg-sunken px-2.5 py-1 [overflow-wrap:anywhere] whitespace-pre-wrap">{vote.comment}</p>}
          <p className="text-xs text-faint tabular-nums">
            <time dateTime={vote.at}>{formatTime(vote.at, zone, false)}</time>, {vote.channel}
          </p>
        </li>
      ))}
    </ul>
  );
}
