import type { Severity, SeverityCounts } from '@/lib/severity';

import type { components } from './schema';

type Schemas = components['schemas'];

/** `T` with some members known more exactly than the OpenAPI document can say. */
type Sharper<T, Known> = Omit<T, keyof Known> & Known;

export type AttributeValue = string | number | boolean | null;
type Counted = { severities: SeverityCounts };

export type LogRecord = Sharper<
  Schemas['Record'],
  {
    severity: Severity;
    attributes: Record<string, AttributeValue>;
    /** Pairs of code point offsets into `body`. */
    highlights: [number, number][];
  }
>;
export type Prototype = Schemas['Prototype'];
export type SearchResult = Sharper<Schemas['SearchAnswer'], { items: LogRecord[] }>;
export type LogContext = { before: LogRecord[]; line: LogRecord; after: LogRecord[] };
export type SimilarLogs = Sharper<Schemas['SimilarAnswer'], { items: LogRecord[] }>;
export type Histogram = Sharper<Schemas['HistogramAnswer'], { buckets: { start: string; counts: SeverityCounts }[] }>;
export type Facet = Schemas['Field'];

export type Template = Sharper<Schemas['TemplateItem'], Counted & { severity: Severity }>;
export type TemplateDetail = Template & { children: string[]; trend: number[] };
export type VariableValues = Schemas['VariableItem'];
export type Cluster = Sharper<Schemas['ClusterItem'], Counted>;
export type ClusterDetail = Cluster & { members: Template[] };

export type DataSource = Sharper<Schemas['DataSourceItem'], { status: 'reading' | 'waiting' | 'error' }>;
export type Stats = Schemas['StatsAnswer'];
export type Job = Sharper<
  Schemas['JobItem'],
  { status: 'queued' | 'running' | 'succeeded' | 'failed'; parameters: Record<string, unknown>; result?: { deleted?: number } | null }
>;
export type AuditEntry = Sharper<Schemas['AuditItem'], { details: Record<string, unknown> }>;
export type Series = Sharper<Schemas['SeriesItem'], { kind: 'gauge' | 'counter' | 'unknown' }>;
/** Columns of equal length; those of the expected band are empty for a query. */
export type Points = Schemas['QueryItem'];
export type Verdict = 'not_anomaly' | 'missed';
export type Anomaly = Sharper<Schemas['AnomalyItem'], { feedback?: Verdict | null }>;
export type PredictionOutcome = 'open' | 'hit' | 'early' | 'late' | 'false_alarm' | 'miss' | 'quiet';
export type Prediction = Sharper<Schemas['PredictionItem'], { direction: 'rising' | 'falling'; outcome: PredictionOutcome }>;
export type Forecast = Sharper<Schemas['ForecastAnswer'], { series: Series }>;
export type Score = Sharper<Schemas['ScoreItem'], { outcomes: Partial<Record<PredictionOutcome, number>> }>;
export type ScorecardRow = Sharper<Schemas['ScorecardItem'], { score: Score }>;
export type Scorecard = List<ScorecardRow> & { total: Score };
export type Problem = Schemas['Problem'];

export interface List<T> {
  items: T[];
  next_cursor?: string | null;
}
