//! Messages as real senders write them, and the listeners end to end.
