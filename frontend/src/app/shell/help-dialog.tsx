import { Dialog } from '@/components/ui/dialog';
import { Kbd } from '@/components/ui/kbd';

const GROUPS: { title: string; keys: [string[], string][] }[] = [
  {
    title: 'Everywhere',
    keys: [
      [['Ctrl', 'K'], 'commands'],
      [['i'], 'ask the copilot about the page'],
      [['r'], 'refresh'],
      [['Esc'], 'close the drawer or dialog'],
      [['?'], 'this list'],
    ],
  },
  {
    title: 'In a list of lines',
    keys: [
      [['/'], 'go to the query'],
      [['j'], 'next line'],
      [['k'], 'previous line'],
      [['Enter'], 'open the line'],
      [['Space'], 'pause or resume the live tail'],
    ],
  },
  {
    title: 'In the alerts',
    keys: [
      [['j'], 'next alert'],
      [['k'], 'previous alert'],
      [['x'], 'select'],
      [['Enter'], 'open'],
      [['a'], 'acknowledge'],
      [['r'], 'resolve'],
      [['s'], 'snooze'],
      [['e'], 'escalate: set the severity'],
      [['c'], 'comment'],
    ],
  },
  {
    title: 'In the approvals',
    keys: [
      [['j'], 'next proposal'],
      [['k'], 'previous proposal'],
      [['a'], 'go to the decision'],
    ],
  },
];

export function HelpDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog title="Keyboard shortcuts" open={open} onOpenChange={onOpenChange}>
      <div className="grid gap-5 sm:grid-cols-2">
        {GROUPS.map((group) => (
          <section key={group.title}>
            <h3 className="mb-1.5 text-xs font-semibold text-soft">{group.title}</h3>
            <dl className="space-y-1.5 text-sm">
              {group.keys.map(([keys, meaning]) => (
                <div key={meaning} className="flex items-center gap-3">
                  <dt className="flex w-20 gap-1">
                    {keys.map((key) => (
                      <Kbd key={key}>{key}</Kbd>
                    ))}
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
