//! Evidence that a word is a variable: lines that are equal but for one word. Every new message leaves, for each of its
//! words, the hash of the message without that word; when enough different words have been seen in one place, the
//! place is a variable. How many are enough depends on how the words look and where they stand.

use std::collections::VecDeque;

use hashbrown::HashMap;

use crate::scan::class::{ALPHA, class};

/// Messages that differ in one word, by the hash of the rest.
#[derive(Debug, Default)]
pub(crate) struct Siblings {
    members: HashMap<u64, Vec<u32>>,
    /// Keys in order of arrival, for eviction.
    order: VecDeque<u64>,
}

/// Most siblings that are ever waited for.
pub(crate) const MAX_SIBLINGS: usize = 24;

impl Siblings {
    /// Templates that are equal to the message of this key but for one word.
    pub(crate) fn get(&self, key: u64) -> &[u32] {
        self.members.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Notes that `template` has this key; forgets the oldest key when there are more than `bound`.
    pub(crate) fn add(&mut self, key: u64, template: u32, bound: usize) {
        let list = self.members.entry(key).or_insert_with(|| {
            self.order.push_back(key);
            Vec::new()
        });
        if list.len() < MAX_SIBLINGS {
            list.push(template);
        }
        while self.order.len() > bound {
            if let Some(oldest) = self.order.pop_front() {
                self.members.remove(&oldest);
            }
        }
    }

    /// Keys with their members, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &[u32])> {
        self.order.iter().map(|k| (*k, self.get(*k)))
    }

    /// Puts back what [`iter`](Self::iter) gave.
    pub(crate) fn insert(&mut self, key: u64, members: Vec<u32>) {
        if self.members.insert(key, members).is_none() {
            self.order.push_back(key);
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
    let letters = word.iter().filter(|b| class(**b) & ALPHA != 0).map(u8::to_ascii_lowercase);
    let lower: Vec<u8> = letters.take(16).collect();
    matches!(
        lower.as_slice(),
        b"user" | b"username" | b"host" | b"hostname" | b"node" | b"named" | b"account" | b"login"
    )
}
