/** A box to tick with its words beside it. */
export function Check({ label, isOn, onChange }: { label: string; isOn: boolean; onChange: (isOn: boolean) => void }) {
  return (
    <label className="flex items-center gap-2 text-sm">
      <input type="checkbox" checked={isOn} onChange={() => onChange(!isOn)} className="size-4 shrink-0 accent-(--accent)" />
      {label}
    </label>
  );
}
