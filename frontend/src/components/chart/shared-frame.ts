/** The room for values on the left; the same for all charts, so that times stand above each other. */
export const VALUE_AXIS_PX = 62;

/** Charts of metrics, and of what stands below them, share one pointer. */
export const METRIC_SYNC = 'metrics';
