/** That what is shown could not be renewed, and why. */
export function StaleNote({ error }: { error: Error | null }) {
  if (!error) return null;
  return (
    <p role="status" className="border-b border-line px-4 py-2 text-xs break-words text-danger">
      This is as it was: {error.message}
    </p>
  );
}
