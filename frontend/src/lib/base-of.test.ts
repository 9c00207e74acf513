import { describe, expect, it } from 'vitest';

import { baseOf } from './base-of';

const base = (path: string) => baseOf(`http://127.0.0.1:8080${path}`);

describe('the path under which the page lives', () => {
  it('is the folder of every page', () => {
    expect(base('/')).toBe('/');
    expect(base('/alerts?alert=1')).toBe('/');
    expect(base('/ops/tocsin/automation')).toBe('/ops/tocsin/');
  });

  it('is found from the address of a run too, under any sub-path', () => {
    expect(base('/automation/runs/01a2')).toBe('/');
    expect(base('/automation/runs')).toBe('/');
    expect(base('/ops/automation/runs/01a2?x=/y')).toBe('/ops/');
    // A proxy may call its own path as we call a page.
    expect(base('/automation/automation')).toBe('/automation/');
    expect(base('/automation/runs/automation/runs/01a2')).toBe('/automation/runs/');
  });
});
