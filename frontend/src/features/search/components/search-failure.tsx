import { ApiError } from '@/api-client/http';
import { Button } from '@/components/ui/button';
import { Failure } from '@/components/ui/failure';
import { useView } from '@/lib/use-view';

/** A search that failed; without the model the words can still be looked up. */
export function SearchFailure({ error, retry }: { error: Error; retry: () => void }) {
  const [, setView] = useView();
  const modelMissing = error instanceof ApiError && error.kind === 'model-missing';
  return (
    <Failure error={error} retry={retry}>
      {modelMissing && (
        <Button look="primary" onClick={() => setView({ mode: undefined })}>
          Search the text instead
        </Button>
      )}
    </Failure>
  );
}
