import { useState } from 'react';

import { IconButton } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';

import { DeleteForm } from './delete-form';

/** The way to delete the lines that the present search finds. */
export function DeleteMatching() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <IconButton label="Delete matching…" icon="trash" onClick={() => setOpen(true)} />
      <Dialog title="Delete matching lines" description="The lines are gone for good. Who deleted what is kept in the audit trail." open={open} onOpenChange={setOpen}>
        <DeleteForm onDone={() => setOpen(false)} />
      </Dialog>
    </>
  );
}
