import { useState, type FormEvent } from 'react';

import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field } from '@/components/ui/field';

export function RenameDialog({ title, onTitle, onClose }: { title: string; onTitle: (title: string) => void; onClose: () => void }) {
  const [text, setText] = useState(title);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim()) onTitle(text.trim());
  };
  return (
    <Dialog title="Rename the incident" open onOpenChange={(open) => !open && onClose()}>
      <form onSubmit={submit} className="space-y-3 pt-2">
        <Field label="Title" maxLength={200} value={text} onChange={(event) => setText(event.target.value)} />
        <Button type="submit" look="primary" disabled={text.trim() === ''}>
          Rename
        </Button>
      </form>
    </Dialog>
  );
}
