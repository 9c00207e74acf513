import { useAlert } from '@/api-client/get-alert';
import { IconButton } from '@/components/ui/button';
import { ViewLink } from '@/components/view-link';
import { PAGES } from '@/lib/pages';
import { useView } from '@/lib/use-view';

/** That a list is narrowed to one alert, which one, and the way back. */
export function AboutAlert() {
  const [{ alert }, setView] = useView();
  return alert ? <Chip id={alert} onClear={() => setView({ alert: undefined })} /> : null;
}

function Chip({ id, onClear }: { id: string; onClear: () => void }) {
  const { data } = useAlert(id);
  return (
    <span className="flex h-8 max-w-full min-w-0 items-center gap-1 rounded-md border border-accent bg-chosen pl-2 text-sm">
      <span className="text-soft">about</span>
      <ViewLink to={PAGES.alerts} view={{ alert: id, status: 'all' }} className="max-w-56 min-w-0 truncate hover:underline">
        {data?.title ?? 'one alert'}
      </ViewLink>
      <IconButton label="Of all alerts" icon="close" iconClass="size-3" className="size-7!" onClick={onClear} />
    </span>
  );
}
