/** A grey bar where text will stand. */
export function Skeleton({ className = 'h-3 w-full' }: { className?: string }) {
  return <span className={`block animate-pulse rounded bg-line/70 ${className}`} />;
}

/** As many lines as a list will show, of uneven length. */
export function SkeletonLines({ count, label }: { count: number; label: string }) {
  return (
    <div role="status" aria-label={label} className="space-y-3 p-4">
      {Array.from({ length: count }, (_, index) => (
        <Skeleton key={index} className={`h-3 ${['w-11/12', 'w-3/4', 'w-5/6', 'w-2/3'][index % 4] ?? ''}`} />
      ))}
    </div>
  );
}
