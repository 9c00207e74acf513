//! The store of templates: finds the template of a line whose shape is new, mints one when there is none, and replaces
//! templates by more general ones when the lines show that a part varies.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::arena::{Arena, Entry};
use crate::config::MinerConfig;
use crate::pattern::{Body, Line, Token, WILD, locate, message_key, write};
use crate::siblings::{Candidate, Siblings, enough};
use crate::soft::{Softness, softness};
use crate::template::Template;
use crate::tokens::{Tokens, Zone};

/// Index of the catch-all template.
const ANYTHING: u32 = 0;
/// Words of a message that are looked at for variability, in tokens.
const MAX_POSITIONS: usize = 64;

/// Templates of one format: same zones, same number of tokens, same frame.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub format: u64,
    /// Templates with variable words, in the order in which they are tried.
    pub general: Vec<u32>,
    /// Changes of `general`; shapes cached before the last one are looked up again.
    pub epoch: u32,
}

/// All that a miner has learnt.
#[derive(Debug)]
pub(crate) struct Mine {
    pub arena: Arena,
    pub groups: Vec<Group>,
    pub group_of: HashMap<u64, u32>,
    /// Template by message key.
    pub exact: HashMap<u64, u32>,
    pub siblings: Siblings,
    pub minted: Vec<u32>,
    /// Number of the line at hand.
    pub lines: u64,
    pub max_templates: usize,
    pub max_siblings: usize,
}

impl Mine {
    pub(crate) fn empty(config: &MinerConfig) -> Self {
        Self {
            arena: Arena::new(),
            groups: Vec::new(),
            group_of: HashMap::new(),
            exact: HashMap::new(),
            siblings: Siblings::default(),
            minted: Vec::new(),
            lines: 0,
            max_templates: config.max_templates.clamp(16, 1 << 30),
            max_siblings: config.max_siblings,
        }
    }

    pub(crate) fn new(config: &MinerConfig) -> Self {
        let mut mine = Self::empty(config);
        let group = mine.group(0);
        mine.arena.push(Entry {
            template: Arc::clone(mine.arena.anything()),
            tokens: Box::default(),
            format: 0,
            key: 0,
            group,
            head: ANYTHING,
            count: 0,
            last: u64::MAX,
        });
        mine
    }

    pub(crate) fn begin_line(&mut self) {
        self.lines += 1;
    }

    #[inline]
    pub(crate) fn count(&mut self, index: u32) {
        let line = self.lines;
        if let Some(entry) = self.arena.get_mut(index) {
            entry.count = entry.count.saturating_add(1);
            entry.last = line;
        }
    }

    pub(crate) fn count_of(&self, index: u32) -> u32 {
        self.arena.get(index).map_or(0, |e| e.count)
    }

    /// The template, if nothing changed in its group since `epoch`.
    #[inline]
    pub(crate) fn current(&self, index: u32, epoch: u32) -> Option<&Arc<Template>> {
        let entry = self.arena.get(index)?;
        (self.groups[entry.group as usize].epoch == epoch).then_some(&entry.template)
    }

    /// Changes so far in the group of a template; none for the catch-all, which is not cached.
    pub(crate) fn epoch(&self, index: u32) -> Option<u32> {
        let entry = self.arena.get(index).filter(|_| index != ANYTHING)?;
        Some(self.groups[entry.group as usize].epoch)
    }

    pub(crate) fn template(&self, index: u32) -> &Arc<Template> {
        self.arena.get(index).map_or(self.arena.anything(), |e| &e.template)
    }

    pub(crate) fn live(&self) -> usize {
        self.arena.live()
    }

    /// Last of the line of descent.
    pub(crate) fn head(&self, index: u32) -> u32 {
        let mut at = index;
        while let Some(entry) = self.arena.get(at) {
            if entry.head == at || self.arena.get(entry.head).is_none() {
                return at;
            }
            at = entry.head;
        }
        at
    }

    pub(crate) fn group(&mut self, format: u64) -> u32 {
        let groups = &mut self.groups;
        *self.group_of.entry(format).or_insert_with(|| {
            groups.push(Group { format, ..Group::default() });
            groups.len() as u32 - 1
        })
    }

    /// Finds or mints the template of a line, and writes the spans of its variables to `found`.
    pub(crate) fn place(
        &mut self,
        line: Line<'_>,
        cut: &Tokens,
        found: &mut Vec<(u32, u32)>,
    ) -> u32 {
        let tokens: Vec<Token> = cut.list.iter().map(|t| Token::exact(line, t)).collect();
        let index = self.find(&tokens, cut);
        match self.arena.get(index).filter(|_| index != ANYTHING) {
            Some(entry) => locate(&entry.tokens, &cut.list, line, found),
            None => found.push((0, line.bytes.len() as u32)),
        }
        index
    }

    fn find(&mut self, tokens: &[Token], cut: &Tokens) -> u32 {
        let known = self.exact.get(&cut.key).map(|i| self.head(*i));
        if let Some(index) = known.and_then(|i| self.adopt(i, tokens, cut.format)) {
            return index;
        }
        let group = self.group(cut.format);
        let general = &self.groups[group as usize].general;
        let matching = general.iter().copied().find(|i| self.matches(*i, tokens));
        if let Some(index) = matching.and_then(|i| self.adopt(i, tokens, cut.format)) {
            return index;
        }
        if self.arena.live() >= 2 * self.max_templates || self.arena.next() == u32::MAX {
            return ANYTHING;
        }
        self.settle(tokens.to_vec(), cut.format)
    }

    fn matches(&self, index: u32, tokens: &[Token]) -> bool {
        let Some(entry) = self.arena.get(index) else { return false };
        let pairs = entry.tokens.iter().zip(tokens).filter(|(t, _)| t.zone == Zone::Message);
        entry.tokens.len() == tokens.len()
            && pairs.into_iter().all(|(t, line)| t.hash() == WILD || t.hash() == line.hash())
    }

    /// Lets template `index` have these tokens, replacing it by a more general one if need be; none when it cannot.
    fn adopt(&mut self, index: u32, tokens: &[Token], format: u64) -> Option<u32> {
        let entry = self.arena.get(index)?;
        if entry.format != format || entry.tokens.len() != tokens.len() {
            return None;
        }
        if entry.tokens.iter().zip(tokens).all(|(t, line)| t.covers(line)) {
            return Some(index);
        }
        let merged: Box<[Token]> =
            entry.tokens.iter().zip(tokens).map(|(t, line)| t.merge(line)).collect();
        let widened = |(old, new): (&Token, &Token)| {
            new.zone != Zone::Header
                && matches!(old.body, Body::Exact { .. })
                && matches!(new.body, Body::Wild { .. })
        };
        if entry.tokens.iter().zip(&merged).any(widened) || self.arena.next() == u32::MAX {
            return None;
        }
        let parent = entry.template.id;
        let new = self.mint(merged, format, Some(parent));
        self.replace(index, new);
        Some(new)
    }

    fn mint(&mut self, tokens: Box<[Token]>, format: u64, parent: Option<u64>) -> u32 {
        let message = tokens.iter().filter(|t| t.zone == Zone::Message);
        let key = message_key(format, message.map(Token::hash), None);
        let group = self.group(format);
        let head = self.arena.next();
        let entry = Entry {
            template: write(&tokens, parent),
            tokens,
            format,
            key,
            group,
            head,
            count: 0,
            last: self.lines,
        };
        let index = self.arena.push(entry);
        self.exact.insert(key, index);
        self.minted.push(index);
        index
    }

    /// Puts `new` in the place of `old`.
    fn replace(&mut self, old: u32, new: u32) {
        let Some(entry) = self.arena.get_mut(old) else { return };
        entry.head = new;
        let group = &mut self.groups[entry.group as usize];
        group.epoch = group.epoch.wrapping_add(1);
        if group.general.contains(&new) {
            group.general.retain(|i| *i != old);
        } else if let Some(place) = group.general.iter_mut().find(|i| **i == old) {
            *place = new;
        }
        let is_general = |t: &Token| t.zone == Zone::Message && t.hash() == WILD;
        let general = self.arena.get(new).is_some_and(|e| e.tokens.iter().any(is_general));
        if general && !group.general.contains(&new) {
            group.general.push(new);
        }
    }

    /// Mints the template of tokens that no template matches, joined with all templates that turn out to be the same
    /// message.
    fn settle(&mut self, mut tokens: Vec<Token>, format: u64) -> u32 {
        let mut absorbed: Vec<u32> = Vec::new();
        while let Some(others) = self.same_message(&tokens, format, &absorbed) {
            for other in &others {
                if let Some(entry) = self.arena.get(*other) {
                    tokens = tokens.iter().zip(&entry.tokens).map(|(a, b)| a.merge(b)).collect();
                }
            }
            absorbed.extend(others);
        }
        absorbed.sort_unstable();
        let parent = absorbed.first().and_then(|i| Some(self.arena.get(*i)?.template.id));
        let index = self.mint(tokens.into(), format, parent);
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
        let equal = self.exact.get(&key).and_then(|i| usable(self.head(*i)));
        if let Some(equal) = equal {
            return Some(vec![equal]);
        }
        let keys = Keys::of(format, &message, &hashes);
        let alike = |key: u64| -> Vec<u32> {
            self.siblings.get(key).iter().filter_map(|i| usable(*i)).collect()
        };
        for key in keys.0.iter().filter(|k| k.needed > 0) {
            let others = alike(key.hash);
            if !others.is_empty() && others.len() + 1 >= key.needed {
                return Some(others);
            }
        }
        None
    }

    /// Notes what a new template could be found by.
    fn remember(&mut self, index: u32) {
        let Some(entry) = self.arena.get(index) else { return };
        let message: Vec<&Token> = message(&entry.tokens).collect();
        let hashes: Vec<u64> = message.iter().map(|t| t.hash()).collect();
        let keys = Keys::of(entry.format, &message, &hashes);
        for key in keys.0.iter().filter(|k| k.lasting) {
            self.siblings.add(key.hash, index, self.max_siblings);
        }
    }

    /// See [`Miner::take_new`](crate::Miner::take_new).
    pub(crate) fn take_new(&mut self) -> Vec<u32> {
        if self.arena.live() > self.max_templates {
            self.evict();
        }
        let arena = &self.arena;
        let mut minted = std::mem::take(&mut self.minted);
        minted.retain(|i| arena.get(*i).is_some());
        minted
    }

    fn evict(&mut self) {
        let rank = |(i, e): (u32, &Entry)| (e.head == i, e.count > 1, e.last, i);
        let mut order: Vec<_> = self.arena.iter().filter(|(i, _)| *i != ANYTHING).map(rank).collect();
        order.sort_unstable();
        let excess = self.arena.live() - self.max_templates * 7 / 8;
        for (_, _, _, index) in order.into_iter().take(excess) {
            let Some(entry) = self.arena.remove(index) else { continue };
            if self.exact.get(&entry.key) == Some(&index) {
                self.exact.remove(&entry.key);
            }
            let group = &mut self.groups[entry.group as usize];
            group.epoch = group.epoch.wrapping_add(1);
            group.general.retain(|i| *i != index);
        }
    }
}

fn message(tokens: &[Token]) -> impl Iterator<Item = &Token> {
    tokens.iter().filter(|t| t.zone == Zone::Message)
}

/// A hash by which templates of the same message find each other.
struct Key {
    hash: u64,
    /// How many must have met, in templates; 0 when others look for this one, but not it for others.
    needed: usize,
    /// Whether others may find this template by it later.
    lasting: bool,
}

struct Keys(Vec<Key>);

impl Keys {
    fn of(format: u64, message: &[&Token], hashes: &[u64]) -> Self {
        let mut keys = Self(Vec::new());
        let soft: Vec<(Softness, u64)> = message.iter().map(|t| softness(t)).collect();
        let is_word = |i: usize| soft[i].0 == Softness::Word && is_static_word(message[i]);
        let words = (0..soft.len()).filter(|i| is_word(*i)).count();
        if words > 0 {
            keys.all_values(format, hashes, &soft);
        }
        for position in 0..hashes.len().min(MAX_POSITIONS) {
            let hash = message_key(format, hashes.iter().copied(), Some(position)) ^ position as u64;
            let (softness, label) = soft[position];
            let labelled = hash ^ label.rotate_left(17);
            let static_words = words - usize::from(is_word(position));
            let one_value = if static_words >= 2 { 2 } else { 0 };
            if softness == Softness::Value {
                keys.0.push(Key { hash: labelled ^ WORD, needed: one_value, lasting: false });
                keys.0.push(Key { hash: labelled ^ VALUE, needed: 0, lasting: true });
                continue;
            }
            let before = position.checked_sub(1).map_or(&[][..], |i| message[i].ends().1);
            let needed = enough(Candidate { position, static_words, before });
            keys.0.push(Key { hash, needed, lasting: true });
            keys.0.push(Key { hash: labelled ^ VALUE, needed: one_value, lasting: false });
            keys.0.push(Key { hash: labelled ^ WORD, needed: 0, lasting: true });
        }
        keys
    }

    /// Keys of messages that differ in values only, or in values and names of code.
    fn all_values(&mut self, format: u64, hashes: &[u64], soft: &[(Softness, u64)]) {
        for (least, salt, needed) in [(Softness::Name, 1, 2), (Softness::Code, 2, 4)] {
            if soft.iter().any(|s| s.0 as u8 >= least as u8) {
                let kept = soft.iter().zip(hashes);
                let kept = kept.map(|(s, h)| if s.0 as u8 >= least as u8 { s.1 ^ salt } else { *h });
                let hash = message_key(format ^ salt, kept, None);
                self.0.push(Key { hash, needed, lasting: true });
            }
        }
    }
}

/// Tells apart where a value stands from where a word stands.
const VALUE: u64 = 0x76_616c_7565;
const WORD: u64 = 0x776f_7264;

fn is_static_word(token: &Token) -> bool {
    match &token.body {
        Body::Exact { texts, .. } => {
            texts.iter().any(|t| t.iter().filter(|b| b.is_ascii_alphabetic()).count() >= 2)
        }
        Body::Wild { .. } => false,
    }
}
