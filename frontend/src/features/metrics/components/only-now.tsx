import { Button } from '@/components/ui/button';
import { useView } from '@/lib/use-view';

/** Narrows a list to what concerns this moment. */
export function OnlyNow({ label }: { label: string }) {
  const [view, setView] = useView();
  return (
    <Button icon="filter" className="aria-pressed:border-line-strong aria-pressed:bg-chosen" aria-pressed={view.only === 'now'} onClick={() => setView({ only: view.only ? undefined : 'now' })}>
      {label}
    </Button>
  );
}
