import type { AlertSeverity } from '@/lib/alert-words';
import type { TicketStatus, Tracker } from '@/lib/ticket-words';

import { getJson } from './http';
import type { List, Ticket } from './types';

/** Which tickets; the names are the API's. */
export interface TicketFilter {
  status?: TicketStatus;
  severity?: AlertSeverity[];
  tracker?: Tracker;
  /** Those about this alert, and about others with its fingerprint. */
  alert?: string;
  q?: string;
}

export const fetchTickets = (filter: TicketFilter, page: { limit: number; cursor?: string }, signal?: AbortSignal) =>
  getJson<List<Ticket>>('tickets', { ...filter, ...page }, signal);
