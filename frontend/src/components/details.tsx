/** Free-form details as short `name value` pairs. */
export function Details({ details }: { details: Record<string, unknown> }) {
  const present = Object.entries(details).filter(([, value]) => value !== null && value !== '' && !(Array.isArray(value) && value.length === 0));
  return (
    <span className="flex flex-wrap gap-x-3 text-xs">
      {present.map(([name, value]) => (
        <span key={name} className="min-w-0">
          <span className="text-faint">{name}</span> <span className="font-mono break-all">{typeof value === 'string' ? value : JSON.stringify(value)}</span>
        </span>
      ))}
    </span>
  );
}
