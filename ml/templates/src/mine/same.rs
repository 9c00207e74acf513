//! Decides that two messages are the same but for their variables. Every template leaves keys:
//! hashes of what would remain of it if one word, or all values, were variable. Templates that meet
//! under a key are joined once there are enough of them.

use std::cmp::Reverse;

use crate::pattern::{Body, Token, WILD, message_key};
use crate::siblings::{Candidate, enough};
use crate::soft::{Softness, softness};

use super::{Mine, message};

/// Words of a message that are looked at for variability, in tokens.
const MAX_POSITIONS: usize = 64;
/// Templates of one format and first word among which likeness is enough, in templates: so many say
/// that several words vary at once.
const CROWD: usize = 64;
/// Names of code that differ in one place before it is a variable, in templates.
const ENOUGH_CODE: usize = 4;

impl Mine {
    /// Mints the template of tokens that no template matches, joined with all templates that turn
    /// out to be the same message.
    pub(super) fn settle(&mut self, mut tokens: Vec<Token>, format: u64) -> u32 {
        let mut absorbed: Vec<u32> = Vec::new();
        while let Some(others) = self.same_message(&tokens, format, &absorbed) {
            for other in &others {
                if let Some(entry) = self.arena.get(*other) {
                    tokens = tokens
                        .iter()
                        .zip(&entry.tokens)
                        .map(|(a, b)| a.merge(b))
                        .collect();
                }
            }
            absorbed.extend(others);
        }
        absorbed.sort_unstable();
        let parent = absorbed
            .first()
            .and_then(|i| Some(self.arena.get(*i)?.template.id));
        let index = self.mint(tokens.into(), parent);
        for old in absorbed {
            self.replace(old, index);
        }
        self.remember(index);
        index
    }

    /// Templates, apart from those `absorbed`, that are the same message as these tokens.
    fn same_message(&self, tokens: &[Token], format: u64, absorbed: &[u32]) -> Option<Vec<u32>> {
        let usable = |i: u32| {
            let entry = self.arena.get(i)?;
            let fresh = entry.head == i && !absorbed.contains(&i) && entry.format == format;
            (fresh && entry.tokens.len() == tokens.len()).then_some(i)
        };
        let message: Vec<&Token> = message(tokens).collect();
        let hashes: Vec<u64> = message.iter().map(|t| t.hash()).collect();
        let key = message_key(format, hashes.iter().copied(), None);
        let equal = self.exact.get(&key).filter(|_| !absorbed.is_empty());
        if let Some(equal) = equal.and_then(|i| usable(self.head(*i))) {
            return Some(vec![equal]);
        }
        let keys = keys(format, &message, &hashes);
        for key in keys.iter().filter(|k| k.needed > 0) {
            let found = self.siblings.get(key.hash).iter();
            let others: Vec<u32> = found.filter_map(|i| usable(*i)).collect();
            if !others.is_empty() && others.len() + 1 >= key.needed {
                return Some(others);
            }
        }
        let crowd = self
            .siblings
            .get(crowd_key(format, hashes.first().copied()));
        if crowd.len() < CROWD || !absorbed.is_empty() {
            return None;
        }
        let likeness = |i: &u32| Some((self.likeness(*i, &hashes)?, *i));
        let alike = crowd
            .iter()
            .filter_map(|i| usable(*i))
            .filter_map(|i| likeness(&i));
        let (equal, nearest) = alike.max_by_key(|(equal, i)| (*equal, Reverse(*i)))?;
        (5 * equal >= 3 * hashes.len()).then(|| vec![nearest])
    }

    /// Tokens of the message of a template that equal these or are variable, in tokens; none when
    /// fewer than two are words.
    fn likeness(&self, index: u32, hashes: &[u64]) -> Option<usize> {
        let entry = self.arena.get(index)?;
        let (mut equal, mut words) = (0, 0);
        for (token, hash) in message(&entry.tokens).zip(hashes) {
            let same = token.hash() == *hash;
            equal += usize::from(same || token.hash() == WILD);
            words += usize::from(same && is_static_word(token));
        }
        (words >= 2).then_some(equal)
    }

    /// Notes what a template can be found by.
    pub(super) fn remember(&mut self, index: u32) {
        for key in self.keys_of(index) {
            self.siblings.add(key, index);
        }
    }

    /// Takes back what [`remember`](Self::remember) noted.
    pub(super) fn forget(&mut self, index: u32) {
        for key in self.keys_of(index) {
            self.siblings.remove(key, index);
        }
    }

    /// Notes all templates that nothing has replaced, in order.
    pub(crate) fn index_siblings(&mut self) {
        let heads: Vec<u32> = self
            .arena
            .iter()
            .filter(|(i, e)| e.head == *i)
            .map(|e| e.0)
            .collect();
        for index in heads {
            self.remember(index);
        }
    }

    fn keys_of(&self, index: u32) -> Vec<u64> {
        let Some(entry) = self.arena.get(index) else {
            return Vec::new();
        };
        let message: Vec<&Token> = message(&entry.tokens).collect();
        let hashes: Vec<u64> = message.iter().map(|t| t.hash()).collect();
        let keys = keys(entry.format, &message, &hashes);
        let crowd = crowd_key(entry.format, hashes.first().copied());
        let lasting = keys.into_iter().filter(|k| k.lasting).map(|k| k.hash);
        lasting.chain([crowd]).collect()
    }
}

/// Key of messages of one format that begin with the same token.
fn crowd_key(format: u64, first: Option<u64>) -> u64 {
    message_key(format ^ FIRST, first.into_iter(), None)
}

/// A hash by which templates of the same message find each other.
struct Key {
    hash: u64,
    /// How many must have met, in templates; 0 when others look for this one, but not it for
    /// others.
    needed: usize,
    /// Whether others may find this template by it later.
    lasting: bool,
}

/// Tells apart where a value stands from where a word stands.
const VALUE: u64 = 0x76_616c_7565;
const WORD: u64 = 0x776f_7264;
const FIRST: u64 = 0x66_6972_7374;

fn keys(format: u64, message: &[&Token], hashes: &[u64]) -> Vec<Key> {
    let mut keys = Vec::new();
    let soft: Vec<(Softness, u64)> = message.iter().map(|t| softness(t)).collect();
    let is_word = |i: usize| soft[i].0 == Softness::Word && is_static_word(message[i]);
    let words = (0..soft.len()).filter(|i| is_word(*i)).count();
    if words == 0 {
        return keys;
    }
    all_values(format, hashes, &soft, &mut keys);
    for (position, &(softness, label)) in soft.iter().enumerate().take(MAX_POSITIONS) {
        let hash = message_key(format, hashes.iter().copied(), Some(position)) ^ position as u64;
        let labelled = hash ^ label.rotate_left(17);
        let static_words = words - usize::from(is_word(position));
        let several = static_words >= 2;
        if softness == Softness::Value {
            if several {
                keys.push(Key {
                    hash: labelled ^ WORD,
                    needed: 2,
                    lasting: false,
                });
                keys.push(Key {
                    hash: labelled ^ VALUE,
                    needed: 0,
                    lasting: true,
                });
            }
            continue;
        }
        let before = position
            .checked_sub(1)
            .map_or(&[][..], |i| message[i].ends().1);
        let needed = enough(Candidate {
            position,
            static_words,
            before,
        });
        keys.push(Key {
            hash,
            needed,
            lasting: true,
        });
        if several {
            keys.push(Key {
                hash: labelled ^ VALUE,
                needed: 2,
                lasting: false,
            });
            keys.push(Key {
                hash: labelled ^ WORD,
                needed: 0,
                lasting: true,
            });
        }
    }
    keys
}

/// Keys of messages that differ in values only, or in values and names of code.
fn all_values(format: u64, hashes: &[u64], soft: &[(Softness, u64)], keys: &mut Vec<Key>) {
    for (least, salt, needed) in [(Softness::Name, 1, 2), (Softness::Code, 2, ENOUGH_CODE)] {
        if soft.iter().any(|s| s.0 >= least) {
            let kept = soft.iter().zip(hashes);
            let kept = kept.map(|(s, h)| if s.0 >= least { s.1 ^ salt } else { *h });
            let hash = message_key(format ^ salt, kept, None);
            keys.push(Key {
                hash,
                needed,
                lasting: true,
            });
        }
    }
}

fn is_static_word(token: &Token) -> bool {
    match &token.body {
        Body::Exact { texts, .. } => texts
            .iter()
            .any(|t| t.iter().filter(|b| b.is_ascii_alphabetic()).count() >= 2),
        Body::Wild { .. } => false,
    }
}
