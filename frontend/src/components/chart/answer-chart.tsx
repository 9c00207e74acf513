import { useMemo, type ComponentProps } from 'react';

import type { Points } from '@/api-client/types';

import MetricChart from './metric-chart';
import { answerPlot } from './metric-plot';

type Props = Omit<ComponentProps<typeof MetricChart>, 'plot'> & { items: Points[] };

/** The chart of what a query comes to. */
export default function AnswerChart({ items, ...rest }: Props) {
  const plot = useMemo(() => answerPlot(items), [items]);
  return <MetricChart plot={plot} {...rest} />;
}
