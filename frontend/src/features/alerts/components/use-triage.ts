import { useState } from 'react';

import type { Alert } from '@/api-client/types';
import { toast } from '@/lib/toasts';

import { useActOnAlerts, type Wish } from '../api/act-on-alerts';
import { outcomeOf, type Outcome } from '../bulk-text';
import { NO_TRIAGE, selectNone, settle, targets, type Act, type Triage } from '../triage';

import type { Asked } from './act-dialog';

const ASKING: Asked[] = ['snooze', 'escalate', 'comment', 'assign'];

/** Where the reader stands, what is selected, and what is done with it. */
export function useTriage(alerts: readonly Alert[]) {
  const ids = alerts.map(({ id }) => id);
  const [kept, setTriage] = useState<Triage>(NO_TRIAGE);
  const triage = settle(kept, ids);
  if (triage !== kept) setTriage(triage);
  const [asked, setAsked] = useState<{ what: Asked; ids: string[] }>();
  const [outcome, setOutcome] = useState<Outcome>();
  const acting = useActOnAlerts();
  const perform = (wish: Wish) => {
    setAsked(undefined);
    acting.mutate(wish, {
      onSuccess: (answer) => {
        const came = outcomeOf(wish, answer);
        setOutcome(came);
        toast(came.text, { look: came.refused.length > 0 ? 'danger' : 'plain', detail: came.refused[0]?.why });
        if (came.refused.length === 0) setTriage(selectNone);
      },
      onError: (error) => toast('Nothing was done', { look: 'danger', detail: error.message }),
    });
  };
  const act = (what: Act, on = targets(triage)) => {
    if (on.length === 0) return;
    const asking = ASKING.find((one) => one === what);
    if (asking) setAsked({ what: asking, ids: on });
    else perform({ ids: on, action: what });
  };
  return { ids, triage, setTriage, act, perform, asked, close: () => setAsked(undefined), outcome, dismiss: () => setOutcome(undefined), isBusy: acting.isPending };
}
