import type { IconName } from '@/components/ui/icon';

/** One thing a person can do from anywhere. */
export interface Action {
  id: string;
  title: string;
  group: string;
  icon: IconName;
  /** Offered whatever is typed, after what was typed the name of. */
  always?: boolean;
  perform: () => void;
}

/** The actions in whose title every typed word occurs; those where words begin so come first. */
export function matching(actions: Action[], text: string): Action[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = (action: Action) => {
    if (action.always) return 0.5;
    const title = ` ${action.title} ${action.group}`.toLowerCase();
    if (words.every((word) => title.includes(` ${word}`))) return 2;
    if (words.every((word) => title.includes(word))) return 1;
    return 0;
  };
  return actions
    .map((action) => ({ action, score: rank(action) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ action }) => action);
}
