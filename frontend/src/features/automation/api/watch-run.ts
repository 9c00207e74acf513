import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import type { RunDetails } from '@/api-client/automation-types';
import { apiUrl, getJson } from '@/api-client/http';
import { isFinal } from '@/lib/automation-words';

import { NO_OUTPUT, withPiece, type Output, type Piece } from '../live-output';

import { runOptions } from './get-run';

const BACKOFF_S = [1, 2, 4, 8, 15, 30];
/** What is printed is shown together, so that a torrent of it does not mean a torrent of renderings. */
const GATHER_MS = 100;
/** How long the stream may take to tell what was printed already. */
const UNTOLD_MS = 1000;

export type StreamPhase = 'connecting' | 'live' | 'reconnecting' | 'ended';

/** Follows a run: keeps its details fresh, and gives what it prints. Ends when the run has. */
export function useWatchRun(id: string): { output: Output; phase: StreamPhase } {
  const client = useQueryClient();
  const [shown, setShown] = useState<{ output: Output; phase: StreamPhase }>({ output: NO_OUTPUT, phase: 'connecting' });
  useEffect(() => {
    let output = NO_OUTPUT;
    let phase: StreamPhase = 'connecting';
    let source: EventSource | undefined;
    let failures = 0;
    let retry: number | undefined;
    let gather: number | undefined;
    let isAsking = false;
    let isGone = false;
    const path = `automation/runs/${encodeURIComponent(id)}`;

    const show = (next: StreamPhase = phase) => {
      phase = next;
      gather ??= window.setTimeout(() => {
        gather = undefined;
        setShown({ output, phase });
      }, GATHER_MS);
    };
    /** Reads what is missing, to its end. */
    const catchUp = async () => {
      if (isAsking) return;
      isAsking = true;
      try {
        for (let size = Infinity; output.next < size && !isGone; ) {
          const answer = await getJson<Piece & { size: number }>(`${path}/output`, { from: output.next });
          const before = output.next;
          output = withPiece(output, { from: before, text: answer.text, next: answer.next }) ?? output;
          size = answer.next > before ? answer.size : 0;
          show();
        }
      } catch {
        // The stream brings it when it is back.
      }
      isAsking = false;
    };
    const take = (piece: Piece) => {
      const next = withPiece(output, piece);
      if (next) output = next;
      else void catchUp();
      show();
    };
    const hear = (run: RunDetails) => {
      failures = 0;
      client.setQueryData(runOptions(id).queryKey, run);
      if (!isFinal(run.state)) {
        // What was printed before may be told by the stream, or not.
        window.setTimeout(() => run.output_size > output.next && void catchUp(), UNTOLD_MS);
        return show('live');
      }
      source?.close();
      void catchUp().then(() => show('ended'));
      void client.invalidateQueries({ queryKey: ['runs'] });
    };
    const connect = () => {
      const own = new EventSource(apiUrl(`${path}/stream`));
      source = own;
      own.addEventListener('run', (event: MessageEvent<string>) => hear(JSON.parse(event.data) as RunDetails));
      own.addEventListener('output', (event: MessageEvent<string>) => take(JSON.parse(event.data) as Piece));
      own.onerror = () => {
        own.close();
        if (isGone || phase === 'ended') return;
        show(phase === 'connecting' ? 'connecting' : 'reconnecting');
        // What happened meanwhile is not missed, and a run that is not kept any more is told.
        void client.invalidateQueries({ queryKey: runOptions(id).queryKey });
        retry = window.setTimeout(connect, (BACKOFF_S[Math.min(failures, BACKOFF_S.length - 1)] ?? 30) * 1000);
        failures += 1;
      };
    };
    connect();
    return () => {
      isGone = true;
      source?.close();
      window.clearTimeout(retry);
      window.clearTimeout(gather);
    };
  }, [id, client]);
  return shown;
}
