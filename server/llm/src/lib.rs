//! Language models behind one wall.

mod extractive;
mod tokens;

pub use extractive::NoLanguageModel;
