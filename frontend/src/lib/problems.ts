/** What the server said about a field, where it said something. */
export interface FieldErrors {
  of: (field: string) => string | undefined;
  /** What it said that belongs to none of these fields. */
  rest: (fields: readonly string[]) => string | undefined;
}

interface Said {
  detail: string;
  errors?: { field?: string | null; detail: string }[];
}

/** `rule.when` and `when` are the same field to whoever fills in the form. */
const own = (field: string | null | undefined) => (field ?? '').replace(/^rule\./, '').replace(/[.[].*$/, '');

export function fieldErrors(problem: Said | undefined): FieldErrors {
  const errors = problem?.errors ?? [];
  return {
    of: (field) => errors.find((each) => own(each.field) === field)?.detail,
    rest: (fields) => (problem && !errors.some((each) => fields.includes(own(each.field))) ? problem.detail : undefined),
  };
}
