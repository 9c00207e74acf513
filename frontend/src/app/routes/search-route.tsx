import { DeleteMatching } from '@/features/delete-logs/components/delete-matching';
import SearchPage from '@/features/search/components/search-page';

/** The search together with what another feature lets people do to its lines. */
export default function SearchRoute() {
  return <SearchPage actions={<DeleteMatching />} />;
}
