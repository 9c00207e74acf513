//! Rotation of every kind, truncation, links and files that cannot be read.
