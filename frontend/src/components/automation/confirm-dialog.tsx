import { useState, type FormEvent, type ReactNode } from 'react';

import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { FormText } from '@/components/ui/form-field';

interface Props {
  title: string;
  description?: string;
  /** What the button says. */
  button: string;
  /** What is asked for beside; none: nothing. */
  ask?: { label: string; isRequired?: boolean };
  isDanger?: boolean;
  isBusy: boolean;
  error: Error | null;
  onConfirm: (text: string) => void;
  onClose: () => void;
  children?: ReactNode;
}

/** Asks once more before something is done that matters, and for the reason. */
export function ConfirmDialog({ title, description, button, ask, isDanger = false, isBusy, error, onConfirm, onClose, children }: Props) {
  const [text, setText] = useState('');
  const isMissing = ask?.isRequired === true && text.trim() === '';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isMissing) onConfirm(text.trim());
  };
  return (
    <Dialog title={title} description={description} open onOpenChange={(open) => !open && onClose()} className="max-w-md">
      <form onSubmit={submit} className="space-y-3 pt-2">
        {children}
        {ask && <FormText label={ask.label} rows={3} maxLength={2000} required={ask.isRequired} value={text} onChange={(event) => setText(event.target.value)} />}
        {error && (
          <p role="alert" className="text-sm break-words text-danger">
            {error.message}
          </p>
        )}
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look={isDanger ? 'danger' : 'primary'} disabled={isBusy || isMissing}>
            {button}
          </Button>
          <Button look="quiet" onClick={onClose}>
            Leave it
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
