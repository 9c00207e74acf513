//! Which hosts behave unlike themselves? Isolation forest and a multivariate detector per entity.
