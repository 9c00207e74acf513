import { useMutation } from '@tanstack/react-query';

import type { Replay } from '@/api-client/automation-types';
import { postJson } from '@/api-client/http';
import type { RuleWish } from '@/api-client/test-automation-rule';
import type { TimeRange } from '@/lib/time-range';

/** Says when a rule would have run. Nothing is done. */
export const useReplayRule = () => useMutation({ mutationFn: (wish: RuleWish & TimeRange) => postJson<Replay>('automation/rules/replay', wish) });
