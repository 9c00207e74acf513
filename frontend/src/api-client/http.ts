import { BASE } from '@/lib/base';

import type { Problem } from './types';

/** An answer that was no success, or none at all (`status` 0). */
export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }

  get status() {
    return this.problem.status;
  }

  /** The last part of the problem's type: `bad-request`, `model-missing`, …. */
  get kind() {
    return this.problem.type.split('/').at(-1) ?? '';
  }
}

/** A parameter that is given once for each of its values. */
interface Repeated {
  each: readonly string[];
}

type Value = string | number | boolean | undefined | null | readonly string[] | Repeated;
export type Parameters = Record<string, Value>;

export function apiUrl(path: string, parameters: Parameters = {}): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)) continue;
    if (isRepeated(value)) for (const one of value.each) query.append(key, one);
    else query.set(key, Array.isArray(value) ? value.join(',') : String(value));
  }
  const text = query.toString();
  return `${BASE}api/v1/${path}${text && `?${text}`}`;
}

const isRepeated = (value: Value): value is Repeated => typeof value === 'object' && value !== null && 'each' in value;

export async function getJson<T>(path: string, parameters?: Parameters, signal?: AbortSignal): Promise<T> {
  return answer<T>(await reach(apiUrl(path, parameters), { signal, headers: { accept: 'application/json' } }));
}

export async function postJson<T>(path: string, body: unknown): Promise<T> {
  return sendJson<T>('POST', path, body);
}

export async function sendJson<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  return answer<T>(await reach(apiUrl(path), { method, headers, body: body === undefined ? undefined : JSON.stringify(body) }));
}

/** Sends a text that is no JSON. */
export async function sendText<T>(method: 'PUT', path: string, text: string, type: string): Promise<T> {
  return answer<T>(await reach(apiUrl(path), { method, headers: { accept: 'application/json', 'content-type': type }, body: text }));
}

/** Takes something away; there is nothing to be said about it afterwards. */
export async function deleteOnly(path: string): Promise<void> {
  const response = await reach(apiUrl(path), { method: 'DELETE', headers: { accept: 'application/json' } });
  if (!response.ok) await answer(response);
}

/** Sends what the server takes without saying more than that. */
export async function postOnly(path: string, body: unknown): Promise<void> {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  const response = await reach(apiUrl(path), { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) await answer(response);
}

/** Asks for a stream of events, and gives its body as soon as the server begins to answer. */
export async function postForEvents(path: string, body: unknown, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const headers = { accept: 'text/event-stream', 'content-type': 'application/json' };
  const response = await reach(apiUrl(path), { method: 'POST', headers, body: JSON.stringify(body), signal });
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
  return response.ok && isStream && response.body ? response.body : answer(response);
}

export async function getText(path: string, parameters?: Parameters): Promise<string> {
  const response = await reach(apiUrl(path, parameters), { headers: { accept: 'text/markdown, text/plain' } });
  return response.ok ? response.text() : answer(response);
}

async function reach(url: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError({
      type: 'about:blank',
      title: 'The server does not answer',
      status: 0,
      detail: 'It may be stopped or restarting, or the network between it and this browser is down.',
    });
  }
}

async function answer<T>(response: Response): Promise<T> {
  const text = await response.text();
  if (response.ok && isJson(response)) return JSON.parse(text) as T;
  if (isJson(response) && text !== '') throw new ApiError(problemOf(JSON.parse(text) as Problem | PrometheusProblem, response.status));
  throw new ApiError({
    type: 'about:blank',
    title: response.ok ? 'The answer is no JSON' : `The server answered ${response.status} ${response.statusText}`.trim(),
    status: response.status,
    detail: text.slice(0, 300),
  });
}

interface PrometheusProblem {
  status: 'error';
  error: string;
}

/** Prometheus' routes fail in Prometheus' words. */
function problemOf(said: Problem | PrometheusProblem, status: number): Problem {
  if (!('error' in said)) return said;
  return { type: 'about:blank', title: 'The query failed', status, detail: said.error };
}

const isJson = (response: Response) => /[/+]json\b/.test(response.headers.get('content-type') ?? '');
