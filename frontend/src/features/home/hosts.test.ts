import { describe, expect, it } from 'vitest';

import { hostsOf } from './hosts';

const value = (name: string, text: string, labels = {}) => ({ metric: { __name__: name, host: 'a', ...labels }, value: [1, text] as [number, string] });

describe('hostsOf', () => {
  it('gathers what each host said, the fullest file system and host first', () => {
    const hosts = hostsOf([
      value('host_cpu_used_ratio', '0.5'),
      value('node_load1', '1.5'),
      value('host_cpu_cores', '4'),
      value('host_filesystem_used_ratio', '0.3', { mountpoint: '/' }),
      value('host_filesystem_used_ratio', '0.9', { mountpoint: '/var' }),
      value('host_memory_used_ratio', '0.95', { host: 'b' }),
    ]);
    expect(hosts.map(({ name }) => name)).toEqual(['b', 'a']);
    expect(hosts[1]?.fileSystems.map(({ mountpoint }) => mountpoint)).toEqual(['/var', '/']);
    expect(hosts[1]).toMatchObject({ cores: 4, cpu: { value: 0.5, selector: 'host_cpu_used_ratio{host="a"}' }, load: { value: 1.5 } });
  });

  it('leaves out what is no number, and hosts of which only a load is known', () => {
    expect(hostsOf([value('host_cpu_used_ratio', 'NaN'), value('node_load1', '2', { host: 'c' })])).toEqual([]);
    expect(hostsOf([])).toEqual([]);
  });
});
