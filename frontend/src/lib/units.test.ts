import { describe, expect, it } from 'vitest';

import { formatNumber, formatValue, measureOf } from './units';

describe('measureOf', () => {
  it('reads the unit from the end of the name', () => {
    expect(measureOf('host_cpu_used_ratio').unit).toBe('ratio');
    expect(measureOf('node_network_receive_bytes_total', true)).toEqual({ unit: 'bytes', isRate: true });
    expect(measureOf('http_latency_ms').unit).toBe('ms');
    expect(measureOf('node_load1').unit).toBe('number');
  });
});

describe('formatValue', () => {
  it('says values in their unit, and rates per second', () => {
    expect(formatValue(0.4237, measureOf('host_cpu_used_ratio'))).toBe('42.4 %');
    expect(formatValue(1_210_000_000, measureOf('x_bytes'))).toBe('1.21 GB');
    expect(formatValue(-1500, measureOf('x_bytes'))).toBe('−1.50 kB');
    expect(formatValue(2500, measureOf('x_bytes_total', true))).toBe('2.50 kB/s');
    expect(formatValue(0.35, measureOf('node_cpu_seconds_total', true))).toBe('0.35 s/s');
    expect(formatValue(250, measureOf('http_latency_ms'))).toBe('250 ms');
    expect(formatValue(7200, measureOf('age_seconds'))).toBe('2 h');
    expect(formatValue(3, measureOf('node_load1'))).toBe('3');
  });

  it('shows what is missing as missing', () => {
    expect(formatValue(null, measureOf('x'))).toBe('–');
    expect(formatNumber(Number.NaN)).toBe('–');
  });
});

describe('formatNumber', () => {
  it('keeps few digits', () => {
    expect(formatNumber(0)).toBe('0');
    expect(formatNumber(1234.56)).toBe('1235');
    expect(formatNumber(0.00001234)).toBe('1.23e-5');
    expect(formatNumber(1_234_567)).toBe('1.23M');
  });
});
