import { useState } from 'react';

import type { Prediction } from '@/api-client/types';
import { IconButton } from '@/components/ui/button';
import { Td } from '@/components/ui/table';
import { ViewLink } from '@/components/view-link';
import { formatShare, formatSpan, formatTime } from '@/lib/format';
import { labelText, selectorOf } from '@/lib/labels';
import { carried, PAGES } from '@/lib/pages';
import { crossingInterval, subjectOf, timeToFull } from '@/lib/prediction-text';
import { useZone } from '@/lib/stored';
import { formatValue } from '@/lib/units';
import { useNow } from '@/lib/use-now';
import { useView } from '@/lib/use-view';

import { measureOfLimit } from '../limits';

import { PredictionHistory } from './prediction-history';

/** Labels that every metric of a file system shares; the others only some have. */
const NARROWING = ['host', 'instance', 'mountpoint', 'path', 'pool'];

/** A prediction with its interval, or with the reason why nothing is predicted. */
export function PredictionRow({ prediction }: { prediction: Prediction }) {
  const [view] = useView();
  const [zone] = useZone();
  const [open, setOpen] = useState(false);
  const now = useNow(30);
  const { labels, rule, threshold, current, probability, is_raised, explanation, crosses_at, made_at, horizon_seconds } = prediction;
  const measure = measureOfLimit(prediction);
  const near = Object.fromEntries(Object.entries(labels).filter(([key]) => NARROWING.includes(key)));
  const when = timeToFull(prediction, now);
  return (
    <>
      <tr className="hover:bg-hover">
        <Td className="max-w-72 min-w-40">
          <ViewLink to={PAGES.metrics} view={{ ...carried(view), match: selectorOf(near) || undefined }} title={labelText(labels)} className="block truncate font-medium hover:underline">
            {subjectOf(prediction)} {labels.host && <span className="font-normal text-soft">on {labels.host}</span>}
          </ViewLink>
          <span className="block truncate text-xs text-faint">
            {is_raised && <span className="mr-1.5 rounded bg-danger-fill px-1 py-px font-medium text-white">raised</span>}
            {rule.replaceAll('_', ' ')}
            <span className="sm:hidden">
              , {formatValue(current, measure)} of {formatValue(threshold, measure)}
            </span>
          </span>
        </Td>
        <Td right className="max-sm:hidden">
          {formatValue(current, measure)}
        </Td>
        <Td right className="max-sm:hidden">
          {formatValue(threshold, measure)}
        </Td>
        <Td className="min-w-36 tabular-nums" title={crosses_at ? formatTime(crosses_at, zone, false) : undefined}>
          {when ?? <span className="text-faint">not in sight</span>}
          {when && <span className="block text-xs text-faint">{crossingInterval(prediction, now)}</span>}
        </Td>
        <Td right title={`Of a crossing within ${formatSpan(horizon_seconds)}`}>
          {formatShare(probability, 1)}
        </Td>
        <Td className="min-w-64 text-xs text-soft" title={`Said at ${formatTime(made_at, zone, false)}`}>
          {explanation}
        </Td>
        <Td>
          <IconButton label={open ? 'Hide earlier predictions' : 'Show earlier predictions'} aria-expanded={open} icon={open ? 'up' : 'down'} className="size-7!" onClick={() => setOpen(!open)} />
        </Td>
      </tr>
      {open && (
        <tr>
          <Td colSpan={7} className="bg-sunken">
            <PredictionHistory prediction={prediction} />
          </Td>
        </tr>
      )}
    </>
  );
}
