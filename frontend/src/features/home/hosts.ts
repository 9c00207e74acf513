import { selectorOf, type Labels } from '@/lib/labels';

import type { InstantValue } from './api/get-host-values';

export interface Reading {
  value: number;
  /** The selector of its series. */
  selector: string;
}

/** What a host's collector said last. */
export interface Host {
  name: string;
  cpu?: Reading;
  memory?: Reading;
  swap?: Reading;
  load?: Reading;
  cores?: number;
  /** The fullest first. */
  fileSystems: (Reading & { mountpoint: string })[];
}

const FIELDS: Record<string, 'cpu' | 'memory' | 'swap' | 'load'> = {
  host_cpu_used_ratio: 'cpu',
  host_memory_used_ratio: 'memory',
  host_swap_used_ratio: 'swap',
  node_load1: 'load',
};

/** Sorts values by their host; hosts that need attention most come first. */
export function hostsOf(values: InstantValue[]): Host[] {
  const hosts = new Map<string, Host>();
  for (const { metric, value } of values) {
    const name = metric.host ?? metric.instance;
    const number = Number(value[1]);
    if (!name || !Number.isFinite(number)) continue;
    const host: Host = hosts.get(name) ?? { name, fileSystems: [] };
    hosts.set(name, host);
    put(host, metric, number);
  }
  for (const host of hosts.values()) host.fileSystems.sort((a, b) => b.value - a.value);
  return [...hosts.values()].filter(isWatched).sort((a, b) => fullest(b) - fullest(a) || a.name.localeCompare(b.name));
}

function put(host: Host, metric: Labels, value: number) {
  const name = metric.__name__ ?? '';
  const reading = { value, selector: selectorOf(metric) };
  const field = FIELDS[name];
  if (field) host[field] = reading;
  else if (name === 'host_cpu_cores') host.cores = value;
  else if (name === 'host_filesystem_used_ratio') host.fileSystems.push({ ...reading, mountpoint: metric.mountpoint ?? '?' });
}

/** A load alone may come from any exporter; the overview is of hosts that say what is in use. */
const isWatched = ({ cpu, memory, fileSystems }: Host) => Boolean(cpu ?? memory) || fileSystems.length > 0;

const fullest = ({ memory, fileSystems }: Host) => Math.max(memory?.value ?? 0, fileSystems[0]?.value ?? 0);
