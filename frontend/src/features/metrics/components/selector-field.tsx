import { useId, useState, type FormEvent } from 'react';

import type { ApiError } from '@/api-client/http';
import { Field } from '@/components/ui/field';
import { useView } from '@/lib/use-view';

/** Narrows the list by a PromQL selector; what is wrong with it stands below. */
export function SelectorField({ error }: { error?: ApiError }) {
  const [view, setView] = useView();
  const [draft, setDraft] = useState({ from: view.match, text: view.match ?? '' });
  if (draft.from !== view.match) setDraft({ from: view.match, text: view.match ?? '' });
  const problem = useId();
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (draft.text.trim() !== (view.match ?? '')) setView({ match: draft.text.trim() });
  };
  return (
    <form onSubmit={submit}>
      <Field
        label="PromQL selector"
        hideLabel
        placeholder={'PromQL selector, e.g. {host="web-1"}'}
        value={draft.text}
        onChange={(event) => setDraft({ from: view.match, text: event.target.value })}
        onBlur={() => submit()}
        aria-invalid={error !== undefined}
        aria-describedby={error && problem}
      />
      {error && (
        <p id={problem} role="alert" className="mt-1 text-xs break-words text-danger">
          {error.problem.detail}
        </p>
      )}
    </form>
  );
}
