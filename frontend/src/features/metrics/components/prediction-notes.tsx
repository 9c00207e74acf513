import type { Prediction } from '@/api-client/types';
import { Icon } from '@/components/ui/icon';
import { predictionText } from '@/lib/prediction-text';
import { useNow } from '@/lib/use-now';

/** What is predicted of a series: when it crosses its limit, or why nothing is said. */
export function PredictionNotes({ predictions }: { predictions: Prediction[] }) {
  const now = useNow(30);
  return (
    <ul aria-label="Predictions" className="space-y-1 border-t border-line px-4 py-2 text-sm">
      {predictions.map((prediction) => (
        <li key={prediction.id} className="flex items-start gap-2">
          <Icon name={prediction.is_raised ? 'alert' : 'clock'} className={`mt-0.5 ${prediction.is_raised ? 'text-danger' : 'text-faint'}`} />
          <span className="min-w-0">
            {prediction.crosses_at && <span className={prediction.is_raised ? 'font-medium' : ''}>{predictionText(prediction, now)}. </span>}
            <span className="break-words text-soft">{prediction.explanation}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
