import type { PreviewKind } from '@/lib/automation-words';

export type LineKind = 'add' | 'remove' | 'change' | 'place' | 'same';

export interface PreviewLine {
  kind: LineKind;
  text: string;
}

/** Terraform's signs stand before what they mark, at any depth: `  + resource`, `-/+ resource`, `  ~ name = 1`. */
const PLAN_SIGNS = /^\s*(-\/\+|\+\/-|<=|[+\-~])(?=\s)/;
const PLAN_KINDS: Record<string, LineKind> = { '+': 'add', '-': 'remove', '~': 'change', '-/+': 'remove', '+/-': 'remove', '<=': 'same' };

/** The lines of what a provider says will happen, with what each does. What was only described is no diff. */
export function previewLines(text: string, kind: PreviewKind): PreviewLine[] {
  const lines = text.replace(/\n$/, '').split('\n');
  if (text === '') return [];
  if (kind === 'plan') return lines.map((line) => ({ kind: PLAN_KINDS[PLAN_SIGNS.exec(line)?.[1] ?? ''] ?? 'same', text: line }));
  if (kind === 'dry_run') return unifiedLines(lines);
  return lines.map((line) => ({ kind: 'same', text: line }));
}

/** Only within a hunk do the signs mean something: elsewhere a list in YAML begins with them too. */
function unifiedLines(lines: readonly string[]): PreviewLine[] {
  let [removed, added] = [0, 0];
  return lines.map((text) => {
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(text);
    if (hunk) {
      [removed, added] = [Number(hunk[1] ?? 1), Number(hunk[2] ?? 1)];
      return { kind: 'place', text };
    }
    if (removed <= 0 && added <= 0) return { kind: /^(---|\+\+\+) /.test(text) ? 'place' : 'same', text };
    const sign = text.charAt(0);
    if (sign === '\\') return { kind: 'same', text };
    if (sign !== '+') removed -= 1;
    if (sign !== '-') added -= 1;
    return { kind: sign === '+' ? 'add' : sign === '-' ? 'remove' : 'same', text };
  });
}
