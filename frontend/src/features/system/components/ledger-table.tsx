import type { LedgerEntry } from '@/api-client/copilot-types';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { Table, Td, Th } from '@/components/ui/table';
import { formatCount, formatTime, formatTook } from '@/lib/format';
import { useZone } from '@/lib/stored';

import { useLedger } from '../api/get-ledger';
import { costText, redactionsText } from '../ledger-text';

/** Every call of a model, the newest first. */
export function LedgerTable() {
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useLedger();
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <SkeletonLines count={6} label="Loading the ledger" />;
  const entries = data.pages.flatMap((page) => page.items);
  if (entries.length === 0) return <Empty icon="check" title="Nothing left this machine">No text was sent to any model.</Empty>;
  return (
    <>
      <Table label="What was sent to models">
        <thead>
          <tr>
            <Th>When</Th>
            <Th>Where to</Th>
            <Th>For</Th>
            <Th right>Tokens sent / back</Th>
            <Th right>Cost</Th>
            <Th>Cut out before</Th>
            <Th>Outcome</Th>
            <Th>Fingerprint</Th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <Row key={entry.id} entry={entry} />
          ))}
        </tbody>
      </Table>
      {hasNextPage && (
        <p className="p-3 text-center">
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Earlier entries
          </Button>
        </p>
      )}
    </>
  );
}

function Row({ entry }: { entry: LedgerEntry }) {
  const [zone] = useZone();
  const { at, provider, model, destination, user, task, tokens_in, tokens_out, cost_usd, redactions, outcome, took_ms, sent_sha256, prompt_hash } = entry;
  return (
    <tr>
      <Td className="font-mono text-xs leading-5! whitespace-nowrap">{formatTime(at, zone, false)}</Td>
      <Td className="min-w-36">
        <span className="block break-words">{destination}</span>
        <span className="block text-xs text-faint">
          {model}, {provider}
        </span>
      </Td>
      <Td>
        <span className="block" title={`prompt, model and settings: ${prompt_hash}`}>
          {task.replaceAll('_', ' ')}
        </span>
        <span className="block text-xs text-faint">{user === 'system' ? 'by itself' : `for ${user}`}</span>
      </Td>
      <Td right>
        {formatCount(tokens_in)} <span className="text-faint">/ {formatCount(tokens_out)}</span>
      </Td>
      <Td right>{costText(cost_usd)}</Td>
      <Td className="min-w-28 text-xs leading-5!">{redactionsText(redactions)}</Td>
      <Td className={outcome === 'ok' ? '' : 'text-(--warn-text)'}>
        {outcome.replaceAll('_', ' ')} <span className="block text-xs text-faint tabular-nums">{formatTook(took_ms)}</span>
      </Td>
      <Td className="font-mono text-xs leading-5!" title={sent_sha256}>
        {sent_sha256.slice(0, 12)}
      </Td>
    </tr>
  );
}
