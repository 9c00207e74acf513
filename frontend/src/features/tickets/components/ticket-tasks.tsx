import type { TicketDetail, TicketTask } from '@/api-client/types';
import { Part } from '@/components/part';
import { Button } from '@/components/ui/button';
import { formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';
import { sentence, trackerName, type TaskState } from '@/lib/ticket-words';
import { useNow } from '@/lib/use-now';

import { STATE_WORDS, TASK_WORDS, taskCounts, taskTime } from '../task-text';

import { TicketText } from './ticket-text';

interface Props {
  ticket: TicketDetail;
  isBusy: boolean;
  onRetry: (task: number) => void;
}

const LOOKS: Record<TaskState, string> = {
  pending: 'border-line-strong text-(--warn-text)',
  done: 'border-line text-ok',
  skipped: 'border-line text-soft',
  dead: 'border-danger font-medium text-danger',
};

/** What the tracker of a ticket was or is to be told, and how that went. Nothing is to be told to Tocsin itself. */
export function TicketTasks({ ticket, isBusy, onRetry }: Props) {
  if (ticket.tasks.length === 0) return null;
  const { pending, dead } = taskCounts(ticket.tasks);
  const name = trackerName(ticket.tracker);
  return (
    <Part title={`What ${name} is told`} aside={<span className="text-xs text-faint">{dead > 0 ? `${dead} given up` : pending > 0 ? `${pending} waiting` : 'all of it told'}</span>}>
      <ol aria-label={`What ${name} is told`} className="divide-y divide-line rounded-md border border-line">
        {ticket.tasks.map((task) => (
          <Task key={task.id} task={task} ticket={ticket} isBusy={isBusy} onRetry={() => onRetry(task.id)} />
        ))}
      </ol>
    </Part>
  );
}

function Task({ task, ticket, isBusy, onRetry }: { task: TicketTask; ticket: TicketDetail; isBusy: boolean; onRetry: () => void }) {
  const now = useNow(5);
  const [zone] = useZone();
  const show = (time: string) => formatTime(time, zone, false);
  const name = trackerName(ticket.tracker);
  return (
    <li className="space-y-1 px-3 py-2 text-sm">
      <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
        <span className={`inline-flex h-5 items-center rounded border px-1.5 text-2xs whitespace-nowrap ${LOOKS[task.state]}`}>{STATE_WORDS[task.state]}</span>
        <span className="font-medium">{TASK_WORDS[task.kind]}</span>
        <span className="text-xs text-faint tabular-nums">{taskTime(task, ticket.tasks, now, show)}</span>
      </div>
      {task.note && <p className={`text-xs [overflow-wrap:anywhere] ${task.state === 'dead' ? 'text-danger' : 'text-soft'}`}>{sentence(task.note)}</p>}
      {task.unsure_since && task.state !== 'done' && (
        <p className="text-xs text-(--warn-text)">
          Unsure since {show(task.unsure_since)}: a request left, and no answer came. Before another leaves, {name} is asked whether it has it already, so that nothing is told twice.
        </p>
      )}
      {task.kind !== 'create' && task.text !== '' && (
        <details className="text-xs">
          <summary className="cursor-pointer text-faint hover:text-ink">What is said</summary>
          <div className="mt-1.5">
            <TicketText text={task.text} />
          </div>
        </details>
      )}
      {task.state === 'dead' && (
        <Button icon="refresh" disabled={isBusy} onClick={onRetry}>
          Try again
        </Button>
      )}
    </li>
  );
}
