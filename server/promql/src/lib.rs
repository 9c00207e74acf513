//! The PromQL subset: from a query's text to samples, over the metric store's port.
