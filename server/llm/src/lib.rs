//! What of a language model's words is believed, and what stands where there is no model.

mod checked;
mod extractive;
mod tokens;

pub use checked::{
    Checked, CitedSentence, Claim, DropReason, DroppedSentence, Evidence, check, claims_of_prose,
    safe_text,
};
pub use extractive::NoLanguageModel;
