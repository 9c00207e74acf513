import { highlightParts } from '@/lib/highlight';

/** A line's text with what the query matched marked. */
export function BodyText({ body, highlights = [] }: { body: string; highlights?: [number, number][] }) {
  return highlightParts(body, highlights).map((part, index) => (part.marked ? <mark key={index}>{part.text}</mark> : part.text));
}
