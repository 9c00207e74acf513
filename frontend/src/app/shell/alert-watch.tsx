import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';

import type { AlertMessage } from '@/api-client/alert-stream';
import { useAlertConnection, useAlertMessages, useAlertStream } from '@/api-client/live-alerts';
import { useSound } from '@/lib/stored';
import { toast } from '@/lib/toasts';
import { addUnseen } from '@/lib/unseen';

/** How often what is counted is asked again during a storm. */
const PAUSE_MS = 1000;
const LISTED = ['alerts', 'alert', 'alert-summary', 'incidents', 'incident'];
const COUNTED = [['alert-summary'], ['alerts', 'some'], ['incidents'], ['incident'], ['runs', 'waiting']];

/** Hears of alerts wherever the reader is: keeps what is shown fresh, and tells of those that matter. */
export function AlertWatch() {
  const client = useQueryClient();
  const [sound] = useSound();
  const { reloads } = useAlertStream();
  const pause = useRef<number>(undefined);
  useAlertConnection();
  useEffect(() => {
    if (reloads > 0) for (const key of LISTED) void client.invalidateQueries({ queryKey: [key] });
  }, [reloads, client]);
  useEffect(() => () => window.clearTimeout(pause.current), []);
  const hear = useCallback(
    (messages: AlertMessage[]) => {
      pause.current ??= window.setTimeout(() => {
        pause.current = undefined;
        for (const queryKey of COUNTED) void client.invalidateQueries({ queryKey });
      }, PAUSE_MS);
      tell(messages.filter(isNews), sound === 'on');
    },
    [client, sound],
  );
  useAlertMessages(hear);
  return null;
}

const isNews = ({ event, alert }: AlertMessage) =>
  (event.kind === 'fired' || event.kind === 'returned') && (alert.severity === 'critical' || alert.severity === 'high') && alert.status === 'new' && alert.silenced_by.length === 0;

function tell(news: AlertMessage[], isLoud: boolean) {
  const [first, ...others] = news;
  if (!first) return;
  addUnseen(news.length);
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  toast(first.alert.title, { look: 'danger', detail: `${first.alert.severity}${more}`, alert: first.alert.id });
  if (isLoud) ring();
}

/** Two short tones. */
function ring() {
  try {
    const audio = new AudioContext();
    for (const [start, frequency] of [[0, 880], [0.18, 660]] as const) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0.15, audio.currentTime + start);
      volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + start + 0.3);
      tone.connect(volume).connect(audio.destination);
      tone.start(audio.currentTime + start);
      tone.stop(audio.currentTime + start + 0.3);
    }
    window.setTimeout(() => void audio.close(), 1000);
  } catch {
    // Without a way to make sounds the notice has to do.
  }
}
