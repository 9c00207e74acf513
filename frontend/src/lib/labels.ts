export type Labels = Record<string, string>;

const NAME = '__name__';

export const nameOf = (labels: Labels) => labels[NAME] ?? '';

/** The labels without the name, in the order of their keys. */
export const ownLabels = (labels: Labels) =>
  Object.entries(labels)
    .filter(([key]) => key !== NAME)
    .sort(([a], [b]) => a.localeCompare(b));

/** `host=web-1 path=/var`, for lists and tooltips. */
export const labelText = (labels: Labels) =>
  ownLabels(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');

/** What tells the answers to one query from each other: their labels, or else their name. */
export const lineName = (labels: Labels) => labelText(labels) || nameOf(labels) || 'value';

const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

/** The PromQL selector of exactly these labels. */
export function selectorOf(labels: Labels): string {
  const matchers = ownLabels(labels).map(([key, value]) => `${key}=${quoted(value)}`);
  return `${nameOf(labels)}${matchers.length > 0 ? `{${matchers.join(',')}}` : ''}`;
}

/** A sentence about a series without the series at its beginning, where that is named beside it. */
export function aboutSeries(sentence: string, labels: Labels): string {
  const subject = selectorOf(labels);
  return sentence.startsWith(`${subject} `) ? sentence.slice(subject.length + 1) : sentence;
}
