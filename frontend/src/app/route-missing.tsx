import { Empty } from '@/components/ui/empty';
import { ViewLink } from '@/components/view-link';
import { PAGES } from '@/lib/pages';

export function RouteMissing() {
  return (
    <Empty icon="help" title="There is no such page" actions={<ViewLink to={PAGES.home} className="text-accent hover:underline">Go to the start</ViewLink>}>
      The address may be mistyped, or the link may come from another version.
    </Empty>
  );
}
