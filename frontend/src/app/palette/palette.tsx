import { Dialog } from 'radix-ui';
import { useId, useState, type KeyboardEvent } from 'react';

import { Icon } from '@/components/ui/icon';

import { matching } from './matching';
import { useActions } from './use-actions';

/** Type a few letters of what you want to do, or a search. */
export default function Palette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const id = useId();
  const actions = matching(useActions(text, onHelp), text);

  const perform = (index: number) => {
    onClose();
    actions[index]?.perform();
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setChosen((old) => (old + step + actions.length) % Math.max(1, actions.length));
    else if (event.key === 'Enter') perform(chosen);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-50 bg-black/40" />
        <Dialog.Content
          aria-describedby={undefined}
          className="fixed top-[12vh] left-1/2 z-50 w-[calc(100vw-24px)] max-w-xl -translate-x-1/2 overflow-hidden rounded-xl border border-line-strong bg-raised shadow-2xl shadow-black/30"
        >
          <Dialog.Title className="sr-only">Commands</Dialog.Title>
          <div className="flex items-center gap-2.5 border-b border-line px-4">
            <Icon name="command" className="text-faint" />
            <input
              role="combobox"
              aria-label="Command or search"
              aria-expanded="true"
              aria-controls={id}
              aria-activedescendant={`${id}-${chosen}`}
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                setChosen(0);
              }}
              onKeyDown={onKey}
              placeholder="Type a command, or what to search for"
              className="h-12 w-full bg-transparent text-base outline-none"
            />
          </div>
          <ul id={id} role="listbox" aria-label="Commands" className="max-h-[50vh] overflow-y-auto p-1.5">
            {actions.map((action, index) => (
              <li
                key={action.id}
                id={`${id}-${index}`}
                role="option"
                aria-selected={index === chosen}
                ref={(element) => {
                  if (index === chosen) element?.scrollIntoView({ block: 'nearest' });
                }}
                onMouseMove={() => setChosen(index)}
                onClick={() => perform(index)}
                className={`flex cursor-default items-center gap-3 rounded-md px-3 py-2 text-sm ${index === chosen ? 'bg-chosen' : ''}`}
              >
                <Icon name={action.icon} className="text-faint" />
                <span className="truncate">{action.title}</span>
                <span className="ml-auto shrink-0 text-xs text-faint">{action.group}</span>
              </li>
            ))}
          </ul>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
