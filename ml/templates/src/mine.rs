//! The store of templates: finds the template of a line whose shape is new, mints one when there is
//! none, and replaces templates by more general ones when the lines show that a part varies. What
//! it answers depends on the lines so far alone, never on the shape cache.

mod evict;
mod same;

use std::sync::Arc;

use hashbrown::HashMap;

use crate::arena::{Arena, Entry};
use crate::config::MinerConfig;
use crate::pattern::{Body, Line, Token, WILD, format_of, locate, message_key, write};
use crate::shape::Found;
use crate::siblings::Siblings;
use crate::template::Template;
use crate::tokens::{Tokens, Zone};

/// Index of the catch-all template.
const ANYTHING: u32 = 0;

/// Templates of one format: same zones, same number of tokens, same frame.
#[derive(Debug)]
pub(crate) struct Group {
    /// Templates with variable words, in the order in which they are tried.
    pub general: Vec<u32>,
    /// Number of the last change of `general`; shapes cached before it are looked up again.
    pub epoch: u32,
}

/// All that a miner has learnt.
#[derive(Debug)]
pub(crate) struct Mine {
    pub arena: Arena,
    pub groups: Vec<Group>,
    group_of: HashMap<u64, u32>,
    /// The newest template with a message key.
    exact: HashMap<u64, u32>,
    siblings: Siblings,
    /// Templates to be told of by `take_new`.
    pub minted: Vec<u32>,
    /// Number of the line at hand.
    pub lines: u64,
    changes: u32,
    max_templates: usize,
}

impl Mine {
    pub(crate) fn new(config: &MinerConfig) -> Self {
        let mut mine = Self {
            arena: Arena::new(),
            groups: Vec::new(),
            group_of: HashMap::new(),
            exact: HashMap::new(),
            siblings: Siblings::default(),
            minted: Vec::new(),
            lines: 0,
            changes: 0,
            max_templates: config.max_templates.clamp(16, 1 << 30),
        };
        let mut anything = mine.entry(Box::default(), None, ANYTHING);
        anything.template = Arc::clone(mine.arena.anything());
        mine.arena.put(ANYTHING, anything);
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

    /// Whether nothing changed in the group since `epoch`.
    #[inline]
    pub(crate) fn is_current(&self, group: u32, epoch: u32) -> bool {
        self.groups
            .get(group as usize)
            .is_some_and(|g| g.epoch == epoch)
    }

    /// What the shape cache keeps of a template; none for the catch-all, which is not cached.
    pub(crate) fn found(&self, index: u32) -> Option<Found<'_>> {
        let entry = self.arena.get(index).filter(|_| index != ANYTHING)?;
        let epoch = self.groups.get(entry.group as usize)?.epoch;
        Some(Found {
            index,
            template: &entry.template,
            group: entry.group,
            epoch,
        })
    }

    pub(crate) fn template(&self, index: u32) -> &Arc<Template> {
        self.arena
            .get(index)
            .map_or(self.arena.anything(), |e| &e.template)
    }

    pub(crate) fn live(&self) -> usize {
        self.arena.live()
    }

    /// Last of the line of descent. Heads only ever point to later templates, so this ends.
    pub(crate) fn head(&self, index: u32) -> u32 {
        let mut at = index;
        while let Some(entry) = self.arena.get(at) {
            if entry.head <= at || self.arena.get(entry.head).is_none() {
                return at;
            }
            at = entry.head;
        }
        at
    }

    fn group(&mut self, format: u64) -> u32 {
        let (groups, changes) = (&mut self.groups, &mut self.changes);
        *self.group_of.entry(format).or_insert_with(|| {
            *changes = changes.wrapping_add(1);
            groups.push(Group {
                general: Vec::new(),
                epoch: *changes,
            });
            groups.len() as u32 - 1
        })
    }

    /// Marks the group as changed, so that shapes cached for it are looked up again.
    fn touch(&mut self, group: u32) {
        self.changes = self.changes.wrapping_add(1);
        if let Some(group) = self.groups.get_mut(group as usize) {
            group.epoch = self.changes;
        }
    }

    /// Finds or mints the template of a line, and writes the spans of its variables to `found`.
    pub(crate) fn place(
        &mut self,
        line: Line<'_>,
        cut: &Tokens,
        found: &mut Vec<(u32, u32)>,
    ) -> u32 {
        let tokens: Vec<Token> = cut.list.iter().map(|t| Token::exact(line, t)).collect();
        let index = self.find(tokens, cut);
        match self.arena.get(index).filter(|_| index != ANYTHING) {
            Some(entry) => locate(&entry.tokens, &cut.list, line, found),
            None => found.push((0, line.bytes.len() as u32)),
        }
        index
    }

    fn find(&mut self, tokens: Vec<Token>, cut: &Tokens) -> u32 {
        let known = self.exact.get(&cut.key).map(|i| self.head(*i));
        if let Some(index) = known.and_then(|i| self.adopt(i, &tokens, cut.format)) {
            return index;
        }
        let general = self
            .group_of
            .get(&cut.format)
            .map(|g| &self.groups[*g as usize].general);
        let matching = general.and_then(|g| g.iter().copied().find(|i| self.matches(*i, &tokens)));
        if let Some(index) = matching.and_then(|i| self.adopt(i, &tokens, cut.format)) {
            return index;
        }
        if self.arena.live() >= 2 * self.max_templates || self.arena.next() == u32::MAX {
            return ANYTHING;
        }
        self.settle(tokens, cut.format)
    }

    fn matches(&self, index: u32, tokens: &[Token]) -> bool {
        let Some(entry) = self.arena.get(index) else {
            return false;
        };
        let mut pairs = entry
            .tokens
            .iter()
            .zip(tokens)
            .filter(|(t, _)| t.zone == Zone::Message);
        entry.tokens.len() == tokens.len()
            && pairs.all(|(t, line)| t.hash() == WILD || t.hash() == line.hash())
    }

    /// Lets template `index` have these tokens, replacing it by a more general one if need be; none
    /// when it cannot.
    fn adopt(&mut self, index: u32, tokens: &[Token], format: u64) -> Option<u32> {
        let entry = self.arena.get(index)?;
        if entry.format != format || entry.tokens.len() != tokens.len() {
            return None;
        }
        if entry
            .tokens
            .iter()
            .zip(tokens)
            .all(|(t, line)| t.covers(line))
        {
            return Some(index);
        }
        let merged: Box<[Token]> = entry
            .tokens
            .iter()
            .zip(tokens)
            .map(|(t, line)| t.merge(line))
            .collect();
        let widened = |(old, new): (&Token, &Token)| {
            new.zone != Zone::Header
                && matches!(old.body, Body::Exact { .. })
                && matches!(new.body, Body::Wild { .. })
        };
        let full = self.arena.live() >= 2 * self.max_templates || self.arena.next() == u32::MAX;
        if entry.tokens.iter().zip(&merged).any(widened) || full {
            return None;
        }
        let parent = entry.template.id;
        let new = self.mint(merged, Some(parent));
        self.replace(index, new);
        self.remember(new);
        Some(new)
    }

    /// An entry for these tokens, in the group they belong to.
    pub(crate) fn entry(&mut self, tokens: Box<[Token]>, parent: Option<u64>, head: u32) -> Entry {
        let format = format_of(tokens.iter().map(|t| (t.zone, t.hash())));
        let message = tokens.iter().filter(|t| t.zone == Zone::Message);
        let key = message_key(format, message.map(Token::hash), None);
        Entry {
            template: write(&tokens, parent),
            tokens,
            format,
            key,
            group: self.group(format),
            head,
            count: 0,
            last: self.lines,
        }
    }

    /// Adds an entry at its index.
    pub(crate) fn enter(&mut self, index: u32, entry: Entry) {
        if index == ANYTHING {
            if let Some(anything) = self.arena.get_mut(ANYTHING) {
                anything.count = entry.count;
                anything.last = entry.last;
            }
            return;
        }
        self.exact.insert(entry.key, index);
        self.arena.put(index, entry);
    }

    /// Puts the templates of one group in the order in which they are tried; none when they are not
    /// held.
    pub(crate) fn enter_general(&mut self, general: Vec<u32>) -> Option<()> {
        let Some(first) = general.first() else {
            return Some(());
        };
        let group = self.arena.get(*first)?.group;
        let all = general
            .iter()
            .all(|i| self.arena.get(*i).is_some_and(|e| e.group == group));
        self.groups.get_mut(group as usize).filter(|_| all)?.general = general;
        Some(())
    }

    fn mint(&mut self, tokens: Box<[Token]>, parent: Option<u64>) -> u32 {
        let index = self.arena.next();
        let entry = self.entry(tokens, parent, index);
        self.enter(index, entry);
        self.minted.push(index);
        index
    }

    /// Puts `new` in the place of `old`.
    fn replace(&mut self, old: u32, new: u32) {
        self.forget(old);
        let Some(entry) = self.arena.get_mut(old) else {
            return;
        };
        entry.head = new;
        let group = entry.group;
        self.touch(group);
        let is_general = |t: &Token| t.zone == Zone::Message && t.hash() == WILD;
        let general = self
            .arena
            .get(new)
            .is_some_and(|e| e.tokens.iter().any(is_general));
        let Some(group) = self.groups.get_mut(group as usize) else {
            return;
        };
        let known = group.general.contains(&new);
        match group.general.iter().position(|i| *i == old) {
            Some(place) if known => {
                group.general.remove(place);
            }
            Some(place) => group.general[place] = new,
            None if general && !known => group.general.push(new),
            None => {}
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
}

fn message(tokens: &[Token]) -> impl Iterator<Item = &Token> {
    tokens.iter().filter(|t| t.zone == Zone::Message)
}
