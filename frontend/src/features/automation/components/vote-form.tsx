import { useRef, useState } from 'react';

import type { Plan, RunDetails } from '@/api-client/automation-types';
import { useMe } from '@/api-client/get-me';
import { ApiError } from '@/api-client/http';
import { Button } from '@/components/ui/button';
import { Check } from '@/components/ui/check';
import { FormText } from '@/components/ui/form-field';
import { plural } from '@/lib/format';
import { useShortcuts } from '@/lib/shortcuts';
import { sentence } from '@/lib/ticket-words';

import { useVoteOnRun } from '../api/vote-on-run';
import { PlanChanged } from '../plan-guard';

const COMMENT_MAX = 2000;

/** Yes or no to the plan that is shown, with a comment. */
export function VoteForm({ run, plan }: { run: RunDetails; plan: Plan }) {
  const [comment, setComment] = useState('');
  const [hasRead, setHasRead] = useState(false);
  const field = useRef<HTMLDivElement>(null);
  const vote = useVoteOnRun(run.id);
  const focus = () => field.current?.querySelector('textarea')?.focus();
  useShortcuts({ a: focus });
  const warning = warningOf(plan);
  const cast = (verdict: 'approve' | 'reject') => vote.mutate({ verdict, plan: plan.hash, comment: comment.trim() });
  return (
    <div className="space-y-2.5">
      <Voter run={run} />
      <div ref={field}>
        <FormText label="Comment" rows={2} maxLength={COMMENT_MAX} value={comment} onChange={(event) => setComment(event.target.value)} />
      </div>
      {warning && run.can.approve && <Check label={warning} isOn={hasRead} onChange={setHasRead} />}
      <div className="flex flex-wrap gap-2">
        <Button look="primary" icon="check" disabled={vote.isPending || !run.can.approve || (warning !== undefined && !hasRead)} onClick={() => cast('approve')}>
          Approve
        </Button>
        <Button icon="close" disabled={vote.isPending || !run.can.reject} onClick={() => cast('reject')}>
          Reject
        </Button>
      </div>
      {vote.error && <Refused error={vote.error} />}
      <p className="text-xs text-faint">
        It counts for exactly this plan: <code title={plan.hash}>{plan.hash.slice(0, 12)}</code>
      </p>
    </div>
  );
}

/** What has to be ticked before a yes; none: nothing. */
function warningOf({ preview: { counts }, risk }: Plan): string | undefined {
  if (counts && counts.destroy > 0) return `I have seen that ${plural(counts.destroy, 'thing')} ${counts.destroy === 1 ? 'is' : 'are'} destroyed.`;
  return risk.level === 'high' ? 'I have read why this is a high risk.' : undefined;
}

function Voter({ run }: { run: RunDetails }) {
  const { data } = useMe();
  return (
    <div className="space-y-1 text-xs text-soft">
      {run.waits_for && <p className="[overflow-wrap:anywhere]">{sentence(run.waits_for)}</p>}
      {data && (
        <p>
          {data.is_known ? (
            <>
              You are <strong className="font-semibold text-ink">{data.name}</strong>.
            </>
          ) : (
            'The server does not know who you are: you count only where anyone may agree.'
          )}{' '}
          {!run.can.approve && 'Your yes is not asked for.'}
        </p>
      )}
    </div>
  );
}

function Refused({ error }: { error: Error }) {
  const why = error instanceof PlanChanged ? 'Nothing was sent.' : error instanceof ApiError && error.status === 409 ? 'The server did not take it.' : 'It may not have been taken.';
  return (
    <p role="alert" className="text-sm break-words text-danger">
      <strong className="font-semibold">{why}</strong> {error.message}
    </p>
  );
}
