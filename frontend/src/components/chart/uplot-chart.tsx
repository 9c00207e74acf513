import { useEffect, useLayoutEffect, useRef } from 'react';
import uPlot from 'uplot';

import './uplot.css';

export type ChartOptions = Omit<uPlot.Options, 'width' | 'height'>;

interface Props {
  options: ChartOptions;
  data: uPlot.AlignedData;
  height: number;
}

/** Owns the life of a uPlot chart: created per options, fed with data, fitted to its place. */
export function UplotChart({ options, data, height }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(null);
  const latest = useRef(data);

  useLayoutEffect(() => {
    latest.current = data;
    chart.current?.setData(data);
  }, [data]);

  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const width = Math.max(120, element.clientWidth);
    const created = new uPlot({ ...options, width, height }, latest.current, element);
    chart.current = created;
    const observer = new ResizeObserver(() => created.setSize({ width: Math.max(120, element.clientWidth), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      created.destroy();
      chart.current = null;
    };
  }, [options, height]);

  return <div ref={place} aria-hidden="true" className="w-full min-w-0" style={{ height }} />;
}
