import { describe, expect, it } from 'vitest';

import { measureOfQuery } from './query-measure';

describe('measureOfQuery', () => {
  it('knows the unit of a metric, of its sum and of its rate', () => {
    expect(measureOfQuery('node_memory_MemTotal_bytes{host="a"}')).toEqual({ unit: 'bytes', isRate: false });
    expect(measureOfQuery('sum by (device) (rate(node_network_receive_bytes_total[5m]))')).toEqual({ unit: 'bytes', isRate: true });
  });

  it('claims none for what it does not know', () => {
    expect(measureOfQuery('count(x_bytes)').unit).toBe('number');
    expect(measureOfQuery('a_bytes / b_bytes').unit).toBe('number');
    expect(measureOfQuery('').unit).toBe('number');
  });
});
