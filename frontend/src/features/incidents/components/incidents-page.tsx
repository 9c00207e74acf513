import { useView } from '@/lib/use-view';

import { IncidentList } from './incident-list';
import { IncidentPage } from './incident-page';

/** Alerts that belong together: all of them, or one. */
export default function IncidentsPage() {
  const [{ incident }] = useView();
  return incident ? <IncidentPage key={incident} id={incident} /> : <IncidentList />;
}
