/** Tocsin's mark: the bell in verdigris, its clapper in copper. */
export function BellMark({ className = 'size-6' }: { className?: string }) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" className={className}>
      <path
        className="fill-accent"
        d="M12 1.600c-.9 0-1.600.7-1.600 1.600v.9C7.300 4.800 5.300 7.400 5 10.700l-.5 4.600c-.1 1-.6 1.900-1.300 2.600l-.6.6c-.4.4-.1 1 .4 1h18c.5 0 .8-.6.4-1l-.6-.6c-.7-.7-1.200-1.600-1.300-2.600l-.5-4.600c-.3-3.300-2.300-5.900-5.400-6.600v-.9c0-.9-.7-1.600-1.600-1.600Z"
      />
      <circle cx="12" cy="21.400" r="1.900" fill="var(--error)" />
    </svg>
  );
}
