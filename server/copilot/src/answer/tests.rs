//! Questions over a small world.
