import { useEffect, useState } from 'react';

/** The time, renewed every so many seconds, for texts such as “3 s ago”. */
export function useNow(seconds = 1): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), seconds * 1000);
    return () => window.clearInterval(timer);
  }, [seconds]);
  return now;
}
