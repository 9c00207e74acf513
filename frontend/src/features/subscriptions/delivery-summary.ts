import type { Delivery, DeliveryState } from '@/api-client/types';

export const DELIVERY_STATES: { value: DeliveryState; label: string; about: string }[] = [
  { value: 'pending', label: 'Waiting', about: 'It is to be sent, or sent again.' },
  { value: 'sent', label: 'Sent', about: 'The channel took it.' },
  { value: 'skipped', label: 'Skipped', about: 'It was needless.' },
  { value: 'dead', label: 'Dead letters', about: 'It was given up. It can be sent again by hand.' },
];

export const isDeliveryState = (text: string | undefined): text is DeliveryState => DELIVERY_STATES.some(({ value }) => value === text);

/** What became of a subscription's news lately. */
export interface Summary {
  /** The newest that was sent or given up. */
  last?: Delivery;
  /** How many wait after an attempt that failed. */
  failing: number;
}

/** The newest deliveries of all, by subscription. */
export function summarise(newest: readonly Delivery[]): Map<string, Summary> {
  const found = new Map<string, Summary>();
  for (const delivery of newest) {
    const own = found.get(delivery.subscription) ?? { failing: 0 };
    const isSettled = delivery.state === 'sent' || delivery.state === 'dead';
    found.set(delivery.subscription, {
      last: own.last ?? (isSettled ? delivery : undefined),
      failing: own.failing + (delivery.state === 'pending' && delivery.attempts > 0 ? 1 : 0),
    });
  }
  return found;
}

/** How many each subscription has. */
export function countBySubscription(deliveries: readonly Delivery[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { subscription } of deliveries) counts.set(subscription, (counts.get(subscription) ?? 0) + 1);
  return counts;
}

export const stateText = (state: DeliveryState) => (state === 'dead' ? 'given up' : state === 'pending' ? 'waits' : state);

const NEWS_TEXT: Record<string, string> = {
  fired: 'It fired',
  returned: 'It came back',
  escalated: 'Its severity changed',
  flapping: 'It comes and goes',
  cleared: 'It cleared',
  resolved: 'It was resolved',
};

export const newsText = (news: string) => NEWS_TEXT[news] ?? news;

export const NEWS = Object.entries(NEWS_TEXT).map(([value, label]) => ({ value, label }));
