import { CopyButton } from './copy-button';

/** Lines to copy into a terminal or a configuration file. */
export function CodeBlock({ code, label }: { code: string; label: string }) {
  return (
    <div className="group relative rounded-md border border-line bg-sunken">
      <pre tabIndex={0} aria-label={label} className="overflow-x-auto py-2.5 pr-10 pl-3 font-mono text-xs leading-5 text-ink">
        {code}
      </pre>
      <CopyButton text={code} label={`Copy: ${label}`} className="absolute top-1.5 right-1.5 bg-sunken" />
    </div>
  );
}
