import { useCopilotStatus } from '@/api-client/get-copilot-status';

/** Who will write the answers. */
export function StatusLine() {
  const { data } = useCopilotStatus();
  if (!data) return null;
  const isModel = data.provider !== 'extractive';
  return <span className="mt-1 block text-xs text-faint">{isModel ? `Answers are written by ${data.model} (${data.provider}), and held to their evidence.` : 'No model is asked: answers are put together by rules from what is found.'}</span>;
}
