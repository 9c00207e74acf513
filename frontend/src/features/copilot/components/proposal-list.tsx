import type { Proposal } from '@/api-client/copilot-types';
import { CiteChip } from '@/components/cited/cite-chip';
import { useCited } from '@/components/cited/cited';
import { ViewLink } from '@/components/view-link';
import { words } from '@/lib/alert-words';
import { PAGES } from '@/lib/pages';
import { plain } from '@/lib/plain-text';

/** What could be done. Nothing here does it. */
export function ProposalList({ proposals }: { proposals: readonly Proposal[] }) {
  return proposals.map((proposal) => <ProposalBox key={proposal.failure_type} proposal={proposal} />);
}

function ProposalBox({ proposal: { failure_type, steps, verify, cites } }: { proposal: Proposal }) {
  const { facts } = useCited();
  return (
    <section aria-label={`Proposal for ${words(failure_type)}`} className="rounded-md border border-line bg-sunken px-3 py-2">
      <h3 className="flex flex-wrap items-baseline gap-x-2 text-xs font-semibold">
        What could be done about {words(failure_type)}
        <span className="font-normal text-faint">a proposal; nothing was done</span>
      </h3>
      <ol className="mt-1 list-decimal space-y-0.5 pl-5 break-words marker:text-faint">
        {steps.map((step, index) => (
          <li key={index}>{plain(step)}</li>
        ))}
      </ol>
      {verify && (
        <p className="mt-1 break-words">
          <span className="text-soft">It helped if:</span> {plain(verify)}
        </p>
      )}
      <p className="mt-1 text-xs">
        <ViewLink to={PAGES.runbooks} view={{ failure_type }} className="text-accent hover:underline">
          The runbook
        </ViewLink>
        {cites.flatMap((id) => facts.get(id) ?? []).map((fact) => (
          <CiteChip key={fact.id} fact={fact} />
        ))}
      </p>
    </section>
  );
}
