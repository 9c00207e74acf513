//! Which series have which label values: in memory, lists of indexes in ascending order.

use hashbrown::HashMap;
use tocsin_domain::Labels;
use tocsin_domain::metric::{MatchOp, Matcher};

/// Series by label name and value.
#[derive(Debug, Default)]
pub(crate) struct Postings {
    names: HashMap<Box<str>, HashMap<Box<str>, Vec<u32>>>,
}

impl Postings {
    /// Adds a series; indexes ascend.
    pub(crate) fn insert(&mut self, index: u32, labels: &Labels) {
        for (name, value) in labels.iter() {
            let values = self.names.entry_ref(name).or_default();
            values.entry_ref(value).or_default().push(index);
        }
    }

    /// Removes a series.
    pub(crate) fn remove(&mut self, index: u32, labels: &Labels) {
        for (name, value) in labels.iter() {
            let Some(values) = self.names.get_mut(name) else {
                continue;
            };
            let Some(list) = values.get_mut(value) else {
                continue;
            };
            if let Ok(at) = list.binary_search(&index) {
                list.remove(at);
            }
            if list.is_empty() {
                values.remove(value);
            }
            if values.is_empty() {
                self.names.remove(name);
            }
        }
    }

    /// The series that may satisfy all matchers, ascending, and whether those that the list stands
    /// for are certain to; none if no matcher narrows them down.
    pub(crate) fn candidates(&self, matchers: &[Matcher]) -> Option<Vec<u32>> {
        // A matcher that an absent label satisfies says nothing by the lists of values.
        let narrows = |matcher: &&Matcher| !matcher.is_match("");
        let (equal, other): (Vec<&Matcher>, Vec<&Matcher>) = matchers
            .iter()
            .filter(narrows)
            .partition(|matcher| matcher.op == MatchOp::Equal);
        let mut lists = Vec::with_capacity(equal.len());
        for matcher in equal {
            let values = self.names.get(matcher.name.as_str());
            let list = values.and_then(|values| values.get(matcher.value.as_str()));
            let Some(list) = list else {
                return Some(Vec::new());
            };
            lists.push(list);
        }
        lists.sort_by_key(|list| list.len());
        let mut found = match lists.split_first() {
            Some((shortest, rest)) => {
                let mut found = (*shortest).clone();
                for list in rest {
                    found.retain(|index| list.binary_search(index).is_ok());
                }
                Some(found)
            }
            None => None,
        };
        for matcher in other {
            let Some(values) = self.names.get(matcher.name.as_str()) else {
                return Some(Vec::new());
            };
            // With few series left it is cheaper to ask each of them than each value.
            if found
                .as_ref()
                .is_some_and(|found| found.len() < values.len())
            {
                continue;
            }
            let mut union: Vec<u32> = values
                .iter()
                .filter(|(value, _)| matcher.is_match(value))
                .flat_map(|(_, list)| list.iter().copied())
                .collect();
            union.sort_unstable();
            found = Some(match found {
                Some(mut found) => {
                    found.retain(|index| union.binary_search(index).is_ok());
                    found
                }
                None => union,
            });
        }
        found
    }
}
