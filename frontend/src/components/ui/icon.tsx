/** Line icons on a grid of 16. */
const PATHS = {
  bell: 'M8 1.5v1M3.5 11.500c.8-.8 1-1.600 1-3 0-3.200 1-5 3.500-5s3.500 1.800 3.500 5c0 1.400.2 2.200 1 3zM6.500 13.500h3',
  search: 'M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10zm3.600-1.400L14 14',
  patterns: 'M2 4h5M2 8h3M2 12h5M10 4h4M8 8h6M10 12h4',
  tail: 'M2 3.500h12M2 7h12M2 10.500h7M12.500 10v4m0 0-1.700-1.700M12.500 14l1.700-1.700',
  metrics: 'M2 13.500h12M2.500 10.500l3-4 2.500 2.500 3-5 2.500 3',
  split: 'M2 2.500h12v11H2zM2 8h12',
  flag: 'M3.500 14V2.500h9l-2 3 2 3h-9',
  host: 'M2.500 2.500h11v4.500h-11zM2.500 9h11v4.500h-11zM5 4.700v.1M5 11.200v.1',
  sources: 'M8 5.500c3.300 0 6-.8 6-1.800S11.300 2 8 2 2 2.700 2 3.700s2.700 1.800 6 1.800zM2 3.700v8.600C2 13.300 4.700 14 8 14s6-.7 6-1.700V3.700M2 8c0 1 2.700 1.800 6 1.800S14 9 14 8',
  system: 'M2 3h12v7H2zM8 10v3.500M5 13.500h6M4.500 7.500l2-2 1.800 1.500 3-2.500',
  home: 'M2 7.500 8 2.500l6 5M3.500 6.500v7h3.200v-4h2.600v4h3.200v-7',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.500v1.300M8 13.200v1.300M1.500 8h1.300M13.200 8h1.300M3.400 3.400l.9.9M11.700 11.700l.9.9M3.400 12.600l.9-.9M11.700 4.300l.9-.9',
  moon: 'M13.500 9.600A6 6 0 0 1 6.400 2.500a6 6 0 1 0 7.100 7.100z',
  screen: 'M2 3h12v8H2zM6 13.500h4M8 11v2.500',
  refresh: 'M13.500 8A5.500 5.500 0 1 1 11.800 4M12 1.500V4.200H9.300',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.500V8l2.300 1.500',
  command: 'M6 6h4v4H6zM6 6H4.300A1.800 1.800 0 1 1 6 4.300zM10 6V4.300A1.800 1.800 0 1 1 11.700 6zM10 10h1.700A1.800 1.800 0 1 1 10 11.700zM6 10v1.700A1.800 1.800 0 1 1 4.300 10z',
  help: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.200 6.300C6.300 5.200 7 4.600 8 4.600s1.800.7 1.800 1.600c0 1.300-1.800 1.400-1.800 2.700M8 11.200v.2',
  close: 'M3.500 3.500l9 9M12.500 3.500l-9 9',
  right: 'M6 3.500 10.500 8 6 12.500',
  down: 'M3.500 6 8 10.500 12.500 6',
  up: 'M3.500 10 8 5.500l4.500 4.500',
  copy: 'M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3',
  check: 'M2.500 8.500 6.200 12 13.500 4.500',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  filter: 'M2 3h12L9.500 8.500V13l-3-1.500v-3z',
  download: 'M8 2v8M4.700 7 8 10.300 11.300 7M2.500 13.500h11',
  trash: 'M2.500 4h11M6 4V2.500h4V4M4 4l.6 9.500h6.800L12 4M6.700 6.500v4.500M9.300 6.500v4.500',
  wrap: 'M2 3.500h12M2 8h9.500a2.200 2.200 0 0 1 0 4.500H8M9.800 10.700 8 12.500l1.800 1.800M2 12.500h3',
  pause: 'M5 3v10M11 3v10',
  play: 'M4.500 2.500v11L13 8z',
  alert: 'M8 2 14.500 13.500h-13zM8 6.500v3.200M8 11.600v.2',
  external: 'M9.500 2.500h4v4M13.500 2.500 7.500 8.500M11.500 9v4.500h-9v-9H7',
  menu: 'M2 4h12M2 8h12M2 12h12',
  zoomOut: 'M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10zm3.600-1.400L14 14M4.800 7h4.400',
  sort: 'M4.500 3v10M4.500 13 2.500 11M4.500 13l2-2M11.500 13V3M11.500 3l-2 2M11.500 3l2 2',
} as const;

export type IconName = keyof typeof PATHS;

/** As large as the text beside it, unless the class names a size. */
export function Icon({ name, className = '' }: { name: IconName; className?: string }) {
  const size = /\bsize-/.test(className) ? '' : 'size-4';
  return (
    <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" className={`shrink-0 ${size} ${className}`}>
      <path d={PATHS[name]} />
    </svg>
  );
}
