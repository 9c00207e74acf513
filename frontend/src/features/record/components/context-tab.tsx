import { useLayoutEffect, useRef, useState } from 'react';

import { Button } from '@/components/ui/button';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';

import { useContextLines } from '../api/get-context';

import { LineList } from './line-list';

const STEP = 20;
const LINES_MAX = 500;

/** What the same source wrote just before and after. */
export function ContextTab({ id }: { id: string }) {
  const [before, setBefore] = useState(STEP);
  const [after, setAfter] = useState(STEP);
  const { data, error, isFetching, refetch } = useContextLines(id, before, after);
  const place = useRef<HTMLDivElement>(null);
  const loaded = data !== undefined;
  useLayoutEffect(() => {
    place.current?.querySelector('[aria-current=true]')?.scrollIntoView({ block: 'center' });
  }, [loaded]);

  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <SkeletonLines count={12} label="Loading the lines around this one" />;
  const moreBefore = data.before.length >= before && before < LINES_MAX;
  const moreAfter = data.after.length >= after && after < LINES_MAX;
  return (
    <div ref={place} className="py-2">
      <div className="px-4 pb-2 text-center">
        {moreBefore ? (
          <Button icon="up" disabled={isFetching} onClick={() => setBefore(before + STEP * 2)}>
            Earlier lines
          </Button>
        ) : (
          <span className="text-xs text-faint">{before < LINES_MAX ? 'This source’s first line' : 'No more lines are shown here'}</span>
        )}
      </div>
      <LineList lines={[...data.before, data.line, ...data.after]} current={id} label="Lines around this one" keepTab />
      <div className="px-4 pt-2 text-center">
        {moreAfter ? (
          <Button icon="down" disabled={isFetching} onClick={() => setAfter(after + STEP * 2)}>
            Later lines
          </Button>
        ) : (
          <span className="text-xs text-faint">{after < LINES_MAX ? 'This source’s newest line' : 'No more lines are shown here'}</span>
        )}
      </div>
    </div>
  );
}
