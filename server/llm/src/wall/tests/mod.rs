//! What stands before a server of models, against a server that answers what it is told to.

mod calls;
mod money;
mod probe;
mod rig;
mod secrets;
