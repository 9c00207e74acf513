import type { Dependency } from '@/api-client/types';

const HOLDS: Record<string, string> = {
  logs: 'The store of lines',
  metrics: 'The store of metrics',
  relational: 'The store of alerts, tickets and settings',
};

/** Says which stores do not answer, so that what is left out is not taken for nothing. */
export function MissingStores({ missing = [] }: { missing?: Dependency[] }) {
  if (missing.length === 0) return null;
  return (
    <div role="status" className="space-y-1 border-b border-line px-4 py-3 text-sm">
      {missing.map(({ name, detail }) => (
        <p key={name} className="break-words">
          <span className="font-medium text-(--warn-text)">{HOLDS[name] ?? name} does not answer.</span> <span className="text-soft">{detail}</span>
        </p>
      ))}
      <p className="text-xs text-faint">What only it knows is left out here, and comes back by itself.</p>
    </div>
  );
}
