import { patternParts } from '@/lib/highlight';

/** A template's pattern with its variables set apart. */
export function PatternText({ pattern }: { pattern: string }) {
  return patternParts(pattern).map((part, index) =>
    part.marked ? (
      <span key={index} className="rounded-[3px] bg-chosen px-0.5 whitespace-nowrap text-accent-strong">
        {part.text}
      </span>
    ) : (
      <span key={index}>{part.text}</span>
    ),
  );
}
