import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { ApiError } from '@/api-client/http';
import type { Forecast } from '@/api-client/types';
import { Failure } from '@/components/ui/failure';
import { Icon } from '@/components/ui/icon';
import { Skeleton } from '@/components/ui/skeleton';
import { formatShare, formatSpan, formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';
import { formatNumber, formatValue, type Measure } from '@/lib/units';

interface Props {
  forecast: UseQueryResult<Forecast>;
  /** The end of the chart, in ms. */
  shownToMs: number;
  measure: Measure;
}

/** Which model forecasts, how well it did on the past, and whether its intervals can be trusted. */
export function ForecastDetails({ forecast: { data, error, isPending, refetch }, shownToMs, measure }: Props) {
  const [zone] = useZone();
  return (
    <section aria-label="Forecast" className="border-t border-line px-4 py-3">
      <h3 className="text-sm font-semibold">Forecast</h3>
      {isPending && (
        <div role="status" aria-label="Loading the forecast" className="py-2">
          <Skeleton className="h-3 w-2/3" />
        </div>
      )}
      {error instanceof ApiError && error.status === 400 ? (
        // Too little history is no fault: the server says how much it needs.
        <p role="status" className="text-sm text-soft">{error.problem.detail}</p>
      ) : (
        error && <Failure error={error} retry={() => void refetch()} />
      )}
      {data && (
        <>
          <p className={`mt-1 flex items-start gap-1.5 text-sm ${data.is_calibrated ? 'text-soft' : 'text-(--warn-text)'}`}>
            <Icon name={data.is_calibrated ? 'check' : 'alert'} className={`mt-0.5 ${data.is_calibrated ? 'text-ok' : ''}`} />
            <span>
              <span className="font-medium">{data.is_calibrated ? 'Calibrated' : 'Not calibrated'}:</span> {data.reason}
            </span>
          </p>
          <dl className="mt-2 flex flex-wrap gap-x-8 gap-y-2 text-sm">
            <Figure name="Model" title="The model that was chosen by its back-test">{data.model.replaceAll('_', ' ')}</Figure>
            <Figure name="Seasons" title="The lengths of the seasons that were found">{data.seasons_seconds.map(formatSpan).join(', ') || 'none'}</Figure>
            <Figure name="MASE" title="Mean absolute scaled error; below 1 is better than repeating the season">{figure(data.back_test.mase)}</Figure>
            <Figure name="sMAPE" title="Symmetric mean absolute percentage error, 0 to 200">{figure(data.back_test.smape)}</Figure>
            <Figure name="In 80 %" title="Share of the past that lay within the 80 % interval">{share(data.back_test.coverage_80)}</Figure>
            <Figure name="In 95 %" title="Share of the past that lay within the 95 % interval">{share(data.back_test.coverage_95)}</Figure>
            <Figure name="Back-tests" title="From how many earlier times it forecast">{data.back_test.origins}</Figure>
            <Figure name="At its end" title="The middle of what is expected at the horizon, and its 80 % interval">
              {formatValue(data.yhat.at(-1), measure)} <span className="text-xs text-soft">{formatValue(data.lower_80.at(-1), measure)} – {formatValue(data.upper_80.at(-1), measure)}</span>
            </Figure>
          </dl>
          {(data.at[0] ?? 0) > shownToMs && <p className="mt-2 text-xs text-faint">It begins at {formatTime(data.at[0] ?? 0, zone, false)}, after the time that is shown.</p>}
        </>
      )}
    </section>
  );
}

const figure = (value: number | null | undefined) => (value === null || value === undefined ? '–' : formatNumber(value));
const share = (value: number | null | undefined) => (value === null || value === undefined ? '–' : formatShare(value, 1));

function Figure({ name, title, children }: { name: string; title: string; children: ReactNode }) {
  return (
    <div title={title}>
      <dt className="text-xs text-faint">{name}</dt>
      <dd className="tabular-nums">{children}</dd>
    </div>
  );
}
