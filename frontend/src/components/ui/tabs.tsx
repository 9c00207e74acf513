import { Tabs as Radix } from 'radix-ui';
import { useEffect, useRef, type ReactNode } from 'react';

interface Tab<T extends string> {
  value: T;
  label: string;
  content: ReactNode;
}

interface Props<T extends string> {
  label: string;
  value: T;
  tabs: Tab<T>[];
  onChange: (value: T) => void;
  className?: string;
}

export function Tabs<T extends string>({ label, value, tabs, onChange, className = '' }: Props<T>) {
  const list = useRef<HTMLDivElement>(null);
  // Where not all fit, a link may lead to one that is out of sight. Only the list moves: the page stays where it is.
  useEffect(() => {
    const outer = list.current?.getBoundingClientRect();
    const inner = list.current?.querySelector('[aria-selected=true]')?.getBoundingClientRect();
    if (!list.current || !outer || !inner) return;
    list.current.scrollLeft += Math.min(0, inner.left - outer.left) + Math.max(0, inner.right - outer.right);
  }, [value]);
  return (
    <Radix.Root value={value} onValueChange={(next) => onChange(next as T)} className={`flex min-h-0 flex-col ${className}`}>
      <Radix.List ref={list} aria-label={label} className="flex shrink-0 gap-4 overflow-x-auto border-b border-line px-4">
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.value}
            value={tab.value}
            className="-mb-px border-b-2 border-transparent py-2 text-sm whitespace-nowrap text-soft hover:text-ink focus-visible:-outline-offset-2 data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-ink"
          >
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.value} value={tab.value} className="min-h-0 flex-1 overflow-y-auto focus-visible:-outline-offset-2">
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
