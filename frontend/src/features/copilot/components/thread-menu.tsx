import { DropdownMenu } from 'radix-ui';
import { useState, type FormEvent } from 'react';

import type { Thread } from '@/api-client/copilot-types';
import { apiUrl } from '@/api-client/http';
import { Button, IconButton } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Field } from '@/components/ui/field';
import { Icon } from '@/components/ui/icon';
import { useView } from '@/lib/use-view';

import { useDeleteThread } from '../api/delete-thread';
import { useRenameThread } from '../api/rename-thread';

const ITEM = 'flex w-full items-center gap-2 rounded px-2.5 py-1.5 outline-none data-highlighted:bg-hover';

/** What can be done with a conversation. */
export function ThreadMenu({ thread, isOpen }: { thread: Thread; isOpen: boolean }) {
  const [asked, setAsked] = useState<'rename' | 'delete'>();
  const close = () => setAsked(undefined);
  return (
    <>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger asChild>
          <IconButton label={`More about ${thread.title}`} icon="more" className="size-7! shrink-0" />
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content align="end" sideOffset={4} className="z-50 min-w-48 rounded-lg border border-line-strong bg-raised p-1 text-sm shadow-xl shadow-black/15">
            <DropdownMenu.Item onSelect={() => setAsked('rename')} className={ITEM}>
              <Icon name="edit" /> Rename
            </DropdownMenu.Item>
            <DropdownMenu.Item asChild>
              <a href={apiUrl(`copilot/threads/${encodeURIComponent(thread.id)}/export`)} download="tocsin-conversation.md" className={ITEM}>
                <Icon name="download" /> Export as Markdown
              </a>
            </DropdownMenu.Item>
            <DropdownMenu.Item onSelect={() => setAsked('delete')} className={ITEM}>
              <Icon name="trash" /> Delete
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      {asked === 'rename' && <RenameDialog thread={thread} onClose={close} />}
      {asked === 'delete' && <DeleteDialog thread={thread} isOpen={isOpen} onClose={close} />}
    </>
  );
}

function RenameDialog({ thread, onClose }: { thread: Thread; onClose: () => void }) {
  const [title, setTitle] = useState(thread.title);
  const rename = useRenameThread();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (title.trim()) rename.mutate({ id: thread.id, title: title.trim() }, { onSuccess: onClose });
  };
  return (
    <Dialog title="Rename the conversation" open onOpenChange={(open) => !open && onClose()}>
      <form onSubmit={submit} className="space-y-3 pt-2">
        <Field label="Title" maxLength={200} value={title} onChange={(event) => setTitle(event.target.value)} />
        <Button type="submit" look="primary" disabled={title.trim() === '' || rename.isPending}>
          Rename
        </Button>
      </form>
    </Dialog>
  );
}

function DeleteDialog({ thread, isOpen, onClose }: { thread: Thread; isOpen: boolean; onClose: () => void }) {
  const [, setView] = useView();
  const remove = useDeleteThread();
  const perform = () => {
    if (isOpen) setView({ thread: undefined }, { replace: true });
    remove.mutate(thread.id, { onSuccess: onClose });
  };
  return (
    <Dialog title="Delete the conversation" description={`“${thread.title}” and its answers are kept no more.`} open onOpenChange={(open) => !open && onClose()} className="max-w-md">
      <div className="flex gap-2 pt-2">
        <Button look="danger" icon="trash" disabled={remove.isPending} onClick={perform}>
          Delete
        </Button>
        <Button onClick={onClose}>Keep it</Button>
      </div>
    </Dialog>
  );
}
