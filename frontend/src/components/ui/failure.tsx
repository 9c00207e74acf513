import type { ReactNode } from 'react';

import { ApiError } from '@/api-client/http';

import { Button } from './button';
import { Icon } from './icon';

/** Says what failed in the server's own words, and offers to try again. */
export function Failure({ error, retry, children }: { error: Error; retry?: () => void; children?: ReactNode }) {
  const problem = error instanceof ApiError ? error.problem : undefined;
  return (
    <div role="alert" className="mx-auto flex max-w-xl gap-3 p-5 text-sm">
      <Icon name="alert" className="mt-0.5 size-5 text-danger" />
      <div className="min-w-0 flex-1">
        <h2 className="font-semibold">{problem?.title ?? 'This part of the page failed'}</h2>
        <p className="mt-0.5 break-words text-soft">{problem ? problem.detail : error.message}</p>
        {problem?.errors?.map((one, index) => (
          <p key={index} className="mt-1 font-mono text-xs break-words text-soft">
            {[one.field, one.detail ?? one.expected].filter(Boolean).join(': ')}
          </p>
        ))}
        <div className="mt-3 flex flex-wrap gap-2">
          {retry && (
            <Button icon="refresh" onClick={retry}>
              Try again
            </Button>
          )}
          {children}
        </div>
      </div>
    </div>
  );
}
