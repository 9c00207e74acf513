//! Evidence that a word is a variable: lines that are equal but for one word. Every new message
//! leaves, for each of its words, the hash of the message without that word; when enough different
//! words have been seen in one place, the place is a variable. How many are enough depends on how
//! the words look and where they stand.

use hashbrown::HashMap;

use crate::scan::class::{ALPHA, class};

/// Templates that nothing has replaced, by the hashes under which others of the same message look
/// for them.
#[derive(Debug, Default)]
pub(crate) struct Siblings {
    members: HashMap<u64, Vec<u32>>,
}

/// Most siblings that are ever waited for.
pub(crate) const MAX_SIBLINGS: usize = 24;

impl Siblings {
    /// Templates with this key, in the order of minting.
    pub(crate) fn get(&self, key: u64) -> &[u32] {
        self.members.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Notes that `template` has this key.
    pub(crate) fn add(&mut self, key: u64, template: u32) {
        self.members.entry(key).or_default().push(template);
    }

    /// Takes back what [`add`](Self::add) noted.
    pub(crate) fn remove(&mut self, key: u64, template: u32) {
        if let Some(list) = self.members.get_mut(&key) {
            list.retain(|i| *i != template);
            if list.is_empty() {
                self.members.remove(&key);
            }
        }
    }
}

/// A word that may be variable, and its surroundings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'a> {
    /// Number of the token in the message, from zero.
    pub position: usize,
    /// Tokens of the message that are static words, without this one.
    pub static_words: usize,
    /// The token before, if any.
    pub before: &'a [u8],
}

/// How many different values make this place a variable, in values.
pub(crate) fn enough(candidate: Candidate<'_>) -> usize {
    if candidate.static_words == 0 {
        return MAX_SIBLINGS;
    }
    if candidate.position > 0 && names_a_thing(candidate.before) {
        return 2;
    }
    match (candidate.position, candidate.static_words) {
        (0, _) => 16,
        (_, 1) => 10,
        _ => 5,
    }
}

/// Nouns that a name follows: `user cyrus`.
fn names_a_thing(word: &[u8]) -> bool {
    let letters = word
        .iter()
        .filter(|b| class(**b) & ALPHA != 0)
        .map(u8::to_ascii_lowercase);
    let lower: Vec<u8> = letters.take(16).collect();
    matches!(
        lower.as_slice(),
        b"user" | b"username" | b"host" | b"hostname" | b"node" | b"named" | b"account" | b"login"
    )
}
