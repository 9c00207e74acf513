//! The ports: small traits behind which the parts stand. Only `app` knows which part is behind
//! which port. Every method carries its contract, and each port has one contract suite that every
//! implementation passes.

pub mod bus;
pub mod embedder;
pub mod log_store;
pub mod template_store;
pub mod vector_store;

pub use bus::{Bus, BusError, BusUsage};
pub use embedder::{Embedder, EmbedderError};
pub use log_store::{LogStore, StoreError};
pub use template_store::{TemplateStore, TemplateSummary};
pub use vector_store::{VectorHit, VectorPoint, VectorStore};
