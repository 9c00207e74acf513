import type { Severity, SeverityCounts } from '@/lib/severity';
import type { SearchMode } from '@/lib/view';

/** The wire types of the HTTP API, as far as the page uses them. */

export type AttributeValue = string | number | boolean | null;

export interface LogRecord {
  id: string;
  timestamp: string;
  observed: string;
  source: string;
  host: string;
  severity: Severity;
  severity_number: number;
  body: string;
  template: string | null;
  attributes: Record<string, AttributeValue>;
  trace_id: string | null;
  span_id: string | null;
  issues: string[];
  /** Pairs of code point offsets into `body`. */
  highlights: [number, number][];
  score: number | null;
}

export interface Prototype {
  template: string;
  pattern: string;
  score: number;
  count: number;
}

export interface SearchResult {
  items: LogRecord[];
  next_cursor: string | null;
  /** Missing only if the question said that it is not wanted. */
  total: number | null;
  took_ms: number;
  mode: SearchMode;
  prototypes?: Prototype[];
  notice?: string | null;
}

export interface HistogramBucket {
  start: string;
  counts: SeverityCounts;
}

export interface Histogram {
  interval_ms: number;
  /** Both ends are missing when there is nothing to count. */
  from: string | null;
  to: string | null;
  total: number;
  buckets: HistogramBucket[];
  took_ms: number;
}

export interface LogContext {
  before: LogRecord[];
  line: LogRecord;
  after: LogRecord[];
}

export interface SimilarLogs {
  items: LogRecord[];
  prototypes: Prototype[];
  notice: string | null;
}

export interface Slot {
  slot: number;
  kind: string;
  key: string | null;
}

export interface Template {
  template: string;
  pattern: string;
  example: string;
  parent: string | null;
  source: string;
  severity: Severity;
  count: number;
  severities: SeverityCounts;
  first_seen: string;
  last_seen: string;
  slots: Slot[];
  children?: string[];
  trend?: number[];
}

export interface Cluster {
  id: string;
  label: string;
  size: number;
  count: number;
  severities: SeverityCounts;
  first_seen: string;
  last_seen: string;
  trend: number[];
  templates: string[];
  example: string;
  members?: Template[];
}

export interface VariableValues {
  slot: number;
  kind: string;
  key: string | null;
  total: number;
  distinct: number;
  top: { value: string; count: number }[];
  numeric: { min: number; median: number; max: number } | null;
}

export interface Facet {
  key: string;
  values: { value: string; count: number }[];
}

export interface DataSource {
  name: string;
  kind: string;
  status: 'reading' | 'waiting' | 'error';
  detail: string;
  records: number;
  records_per_second: number;
  last_record_at: string | null;
  issues: Record<string, number>;
  first_seen: string | null;
}

export interface Stats {
  version: string;
  started_at: string;
  uptime_s: number;
  records: number;
  raw_bytes: number;
  disk_bytes: number;
  blocks: number;
  head_records: number;
  templates: number;
  prototypes_embedded: number;
  bus: { events: number; bytes: number; limit_bytes: number };
  memory_bytes: number;
  records_per_second: number;
  semantic: { available: boolean; model: string | null; remedy: string | null };
  listen: { http: string | null; syslog_udp: string | null; syslog_tcp: string | null };
}

export interface Job {
  id: string;
  kind: string;
  status: 'queued' | 'running' | 'succeeded' | 'failed';
  created_at: string;
  finished_at: string | null;
  parameters: Record<string, unknown>;
  result: { deleted?: number } | null;
  error: string | null;
}

export interface AuditEntry {
  id: string;
  at: string;
  actor: string;
  action: string;
  subject: string;
  details: Record<string, unknown>;
}

export interface List<T> {
  items: T[];
  next_cursor?: string | null;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  errors?: { item?: number; field?: string; expected?: string; detail?: string }[];
}
