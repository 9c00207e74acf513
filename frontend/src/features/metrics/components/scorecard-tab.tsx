import type { Score, ScorecardRow } from '@/api-client/types';
import { Panel } from '@/components/panel';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { Table, Td, Th } from '@/components/ui/table';
import { formatCount, formatShare } from '@/lib/format';
import { labelText } from '@/lib/labels';
import { subjectOf } from '@/lib/prediction-text';
import { formatNumber } from '@/lib/units';

import { useScorecard } from '../api/get-scorecard';

const OUTCOMES = [
  { key: 'hit', label: 'Hits', about: 'crossed within the interval that was said' },
  { key: 'early', label: 'Early', about: 'crossed later than was said' },
  { key: 'late', label: 'Late', about: 'crossed sooner than was said' },
  { key: 'miss', label: 'Misses', about: 'crossed though nothing was raised' },
  { key: 'false_alarm', label: 'False alarms', about: 'raised, and did not cross' },
  { key: 'quiet', label: 'Quiet', about: 'rightly not raised' },
] as const;

/** How predictions turned out, and which series are silent because theirs did not hold. */
export function ScorecardTab() {
  const { data, error, isPending, refetch } = useScorecard();
  const isEmpty = data && data.items.length === 0;
  return (
    <Panel>
      {error && <Failure error={error} retry={() => void refetch()} />}
      {isPending && <SkeletonLines count={8} label="Loading the scorecard" />}
      {isEmpty && !error && (
        <Empty icon="check" title="No prediction was scored yet">
          Every prediction is compared with what happened once its time has come: the first within days.
        </Empty>
      )}
      {data && !isEmpty && !error && (
        <Table label="Scorecard">
          <thead>
            <tr>
              <Th>What</Th>
              {OUTCOMES.map(({ key, label, about }) => (
                <Th key={key} right title={about}>
                  {label}
                </Th>
              ))}
              <Th right title="Share of values within the 80 % interval of their forecast">
                In 80 %
              </Th>
              <Th right title="Share of values within the 95 % interval of their forecast">
                In 95 %
              </Th>
              <Th right title="Mean squared difference of probability and outcome; 0 is best">
                Brier
              </Th>
              <Th>State</Th>
            </tr>
          </thead>
          <tbody>
            <tr className="bg-sunken font-medium">
              <Td>All together</Td>
              <Figures score={data.total} />
              <Td />
            </tr>
            {data.items.map((row) => (
              <Row key={`${row.series} ${row.rule}`} row={row} />
            ))}
          </tbody>
        </Table>
      )}
    </Panel>
  );
}

function Row({ row }: { row: ScorecardRow }) {
  return (
    <tr className="hover:bg-hover">
      <Td className="max-w-64 min-w-40" title={labelText(row.labels)}>
        <span className="block truncate font-medium">
          {subjectOf(row)} {row.labels.host && <span className="font-normal text-soft">on {row.labels.host}</span>}
        </span>
        <span className="block truncate text-xs text-faint">{row.rule.replaceAll('_', ' ')}</span>
      </Td>
      <Figures score={row.score} />
      <Td className="min-w-56 text-xs">
        <span className={`font-medium ${row.is_calibrated ? 'text-ok' : 'text-(--warn-text)'}`}>{row.is_calibrated ? 'calibrated' : 'silent'}</span>
        <span className="block text-soft">{row.reason}</span>
      </Td>
    </tr>
  );
}

function Figures({ score }: { score: Score }) {
  const share = (value: number | null | undefined) => (value === null || value === undefined ? '–' : formatShare(value, 1));
  return (
    <>
      {OUTCOMES.map(({ key }) => (
        <Td key={key} right>
          {formatCount(score.outcomes[key] ?? 0)}
        </Td>
      ))}
      <Td right>{share(score.coverage_80)}</Td>
      <Td right>{share(score.coverage_95)}</Td>
      <Td right>{score.brier === null || score.brier === undefined ? '–' : formatNumber(score.brier)}</Td>
    </>
  );
}
