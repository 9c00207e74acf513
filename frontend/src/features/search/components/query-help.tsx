import { Icon } from '@/components/ui/icon';
import { Popover } from '@/components/ui/popover';

const SYNTAX: [string, string][] = [
  ['connection refused', 'both words, anywhere in the line'],
  ['"connection refused"', 'the words in this order'],
  ['timeout -health', 'the first word and not the second'],
  ['timeout OR refused', 'either word'],
  ['conn*', 'words that begin so'],
  ['host:web-1', 'a field or attribute with this value'],
  ['status:>=500', 'a number in a range; also status:[500 TO 599]'],
  ['severity:>=warn', 'this severity or worse'],
  ['trace_id:*', 'the field is there'],
];

/** What the query language knows, in examples. */
export function QueryHelp() {
  return (
    <Popover
      label="Query language"
      align="end"
      className="w-[26rem]"
      trigger={
        <button type="button" aria-label="Query language help" title="Query language help" className="absolute top-1 right-1 grid size-6 place-items-center rounded text-faint hover:bg-hover hover:text-ink">
          <Icon name="help" />
        </button>
      }
    >
      <h2 className="font-semibold">Text: the query language</h2>
      <dl className="mt-2 grid grid-cols-[auto_1fr] gap-x-3 gap-y-1.5">
        {SYNTAX.map(([example, meaning]) => (
          <div key={example} className="contents">
            <dt>
              <code className="rounded bg-sunken px-1.5 py-0.5 font-mono text-xs">{example}</code>
            </dt>
            <dd className="text-xs leading-5 text-soft">{meaning}</dd>
          </div>
        ))}
      </dl>
      <p className="mt-2 text-xs text-soft">Upper and lower case are the same. Click a value in the list on the left, or + beside an attribute of a line, to write these for you.</p>
      <h2 className="mt-3 font-semibold">Semantic and hybrid: plain words</h2>
      <p className="mt-1 text-xs text-soft">
        “the disk is failing” finds <code className="font-mono">I/O error, dev sda, sector 81264</code>. Semantic looks at meaning alone; hybrid also at the words themselves, which is what you want when an identifier is among them.
      </p>
    </Popover>
  );
}
