import { useMutation } from '@tanstack/react-query';

import { postJson } from '@/api-client/http';
import type { AlertRule, RuleTest } from '@/api-client/types';

/** Says how often and when a rule would have fired. */
export const useTestAlertRule = () => useMutation({ mutationFn: (wish: { rule: AlertRule; from?: string; to?: string }) => postJson<RuleTest>('alert-rules/test', wish) });
