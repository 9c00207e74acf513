//! What tools find, and what they refuse.
