import { useMutation } from '@tanstack/react-query';

import { testAutomationRule, type RuleWish } from '@/api-client/test-automation-rule';

/** Says what a rule makes of an alert, on demand. Nothing is done. */
export const useTryRule = () => useMutation({ mutationFn: (wish: RuleWish & { alert: string }) => testAutomationRule(wish) });
