//! What is asked, of what, and of when.

mod time;
