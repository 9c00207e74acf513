//! Drives the real binary as its users and their programs do.
//!
//! `routes/` mirrors the URL tree, a file a resource; `flows/` tells stories that cross it.

mod flows;
mod routes;
mod tidy;
