import { useState } from 'react';

import type { JobKind } from '@/api-client/types';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Failure } from '@/components/ui/failure';
import { FormText } from '@/components/ui/form-field';
import { Select } from '@/components/ui/select';
import { SkeletonLines } from '@/components/ui/skeleton';
import { kindName } from '@/lib/job-words';
import { toast } from '@/lib/toasts';
import { useView } from '@/lib/use-view';

import { useAskJob } from '../api/ask-job';
import { useJobKinds } from '../api/get-kinds';
import { readParameters } from '../job-text';

/** Asks for a job of a kind, with its parameters as JSON. */
export function AskDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const { data, error, isPending, refetch } = useJobKinds();
  return (
    <Dialog title="New job" description="It is begun as soon as a server has room for it." open={open} onOpenChange={onOpenChange}>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {isPending && <SkeletonLines count={4} label="Loading the kinds of jobs" />}
      {data && <AskForm kinds={data.items} onDone={() => onOpenChange(false)} />}
    </Dialog>
  );
}

function AskForm({ kinds, onDone }: { kinds: readonly JobKind[]; onDone: () => void }) {
  const [name, setName] = useState(kinds[0]?.name ?? '');
  const [text, setText] = useState<string>();
  const [, setView] = useView();
  const ask = useAskJob();
  const kind = kinds.find((one) => one.name === name);
  const shown = text ?? JSON.stringify(kind?.example ?? {}, undefined, 2);
  const { parameters, wrong } = readParameters(shown);
  const choose = (next: string) => {
    setName(next);
    setText(undefined);
    ask.reset();
  };
  const send = () =>
    parameters &&
    ask.mutate(
      { kind: name, parameters },
      {
        onSuccess: ({ job }) => {
          toast('The job is asked for');
          setView({ view: undefined, job: job.id });
          onDone();
        },
      },
    );
  return (
    <form
      className="space-y-3"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Select label="Kind of job" value={name} choices={kinds.map((one) => ({ value: one.name, label: kindName(one.name) }))} onChange={choose} />
      <p className="text-sm text-soft">{kind?.about}</p>
      <FormText label="Parameters, as JSON" isCode rows={6} value={shown} wrong={wrong ?? ask.error?.message} onChange={(event) => setText(event.target.value)} />
      <Button look="primary" type="submit" disabled={!parameters || ask.isPending}>
        Have it done
      </Button>
    </form>
  );
}
