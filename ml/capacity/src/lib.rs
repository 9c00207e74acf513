//! When is a bounded series full? Time to threshold and the scorecard of past predictions.
