//! One file a resource.

mod logs_push;
mod logs_read;
mod ops;
