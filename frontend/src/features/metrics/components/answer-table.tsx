import type { Points } from '@/api-client/types';
import { Table, Td, Th } from '@/components/ui/table';
import { lineName } from '@/lib/labels';
import { formatValue, type Measure } from '@/lib/units';

import { latestOf } from '../marks';

const ROWS_MAX = 100;

/** The last, lowest and highest value of each series of an answer. */
export function AnswerTable({ items, measure }: { items: Points[]; measure: Measure }) {
  return (
    <div className="max-h-80 overflow-y-auto border-t border-line">
      <Table label="The answer in numbers">
        <thead>
          <tr>
            <Th>Series</Th>
            <Th right>Last</Th>
            <Th right>Lowest</Th>
            <Th right>Highest</Th>
          </tr>
        </thead>
        <tbody>
          {items.slice(0, ROWS_MAX).map((item) => {
            const [low, high] = extent(item);
            return (
              <tr key={JSON.stringify(item.labels)} className="hover:bg-hover">
                <Td className="break-all">{lineName(item.labels)}</Td>
                <Td right>{formatValue(latestOf(item), measure)}</Td>
                <Td right>{formatValue(low, measure)}</Td>
                <Td right>{formatValue(high, measure)}</Td>
              </tr>
            );
          })}
        </tbody>
      </Table>
    </div>
  );
}

function extent({ value }: Points): [number | undefined, number | undefined] {
  let [low, high]: [number | undefined, number | undefined] = [undefined, undefined];
  for (const one of value) {
    if (one === null) continue;
    low = low === undefined ? one : Math.min(low, one);
    high = high === undefined ? one : Math.max(high, one);
  }
  return [low, high];
}
