import { useMemo, type ComponentProps } from 'react';

import type { Forecast, Points } from '@/api-client/types';

import MetricChart from './metric-chart';
import { seriesPlot } from './metric-plot';

type Props = Omit<ComponentProps<typeof MetricChart>, 'plot'> & { points: Points; lastWeek?: Points; forecast?: Forecast };

/** The chart of one series. */
export default function SeriesChart({ points, lastWeek, forecast, ...rest }: Props) {
  const plot = useMemo(() => seriesPlot({ points, lastWeek, forecast }), [points, lastWeek, forecast]);
  return <MetricChart plot={plot} {...rest} />;
}
