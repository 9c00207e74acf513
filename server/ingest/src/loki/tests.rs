//! Pushes of Loki decoded from both encodings.
