//! What one can ask about: the names of services, hosts, sources and metrics that are known, and how
//! a word of a question finds one.
//!
//! A name is found, in this order: as it is written; with case and punctuation aside (`DB_1` finds `db-1`);
//! by a part of it that stands between its punctuation (`server-03` finds `server-03.dc1.example.com`, `syslog`
//! finds `file:/var/log/syslog`); misspelt by a letter or two. Digits are never misspelt.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;

/// The most names that are known.
pub(crate) const NAMES_MAX: usize = 50_000;
/// The most names that a misspelt word is compared with.
const COMPARED_MAX: usize = 5_000;
/// The most parts of a name that are looked at together.
const PARTS_MAX: usize = 8;
/// The shortest word that may be misspelt, in characters.
const MISSPELT_CHARS_MIN: usize = 5;
/// From how many characters on two of them may be wrong.
const TWO_WRONG_CHARS_MIN: usize = 9;

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A program.
    Service,
    /// A machine.
    Host,
    /// A stream of log lines.
    Source,
    /// One of several that run a program.
    Instance,
    /// A file system or a device.
    Mount,
    /// The value of another label.
    Other,
    /// A metric.
    Metric,
}

impl Kind {
    /// The word for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Host => "host",
            Self::Source => "source",
            Self::Instance => "instance",
            Self::Mount => "mount",
            Self::Other => "label",
            Self::Metric => "metric",
        }
    }
}

/// Where a name was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// As this field or attribute of log lines.
    Lines(String),
    /// As this label of series.
    Series(String),
    /// As this label of alerts.
    Alerts(String),
}

/// A known name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entity {
    /// As it is stored.
    pub(crate) name: String,
    /// What it is, the most telling first.
    pub(crate) kinds: BTreeSet<Kind>,
    /// Where it was seen.
    pub(crate) places: BTreeSet<Place>,
}

impl Entity {
    /// What it is first of all.
    pub(crate) fn kind(&self) -> Kind {
        self.kinds.first().copied().unwrap_or(Kind::Other)
    }
}

/// How a word found a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// As it is written, case aside.
    Exact,
    /// With punctuation aside.
    Loose,
    /// By a part of the name.
    Part,
    /// Misspelt.
    Misspelt,
}

/// What a word may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match<'a> {
    /// The one that is taken.
    pub(crate) entity: &'a Entity,
    /// How it was found.
    pub(crate) fit: Fit,
    /// Others that fit as well, at most [`OTHERS_MAX`].
    pub(crate) others: Vec<&'a str>,
}

/// The most names that are told beside the one that was taken.
pub(crate) const OTHERS_MAX: usize = 5;

/// All names that are known.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    entities: Vec<Entity>,
    exact: HashMap<String, usize>,
    loose: HashMap<String, Vec<usize>>,
    parts: HashMap<String, Vec<usize>>,
    /// Types of failure that rules know.
    pub(crate) failure_types: Vec<String>,
    /// Sources of lines, with the times of the first and the last line that is stored, in ms.
    pub(crate) stored: Vec<(String, i64, i64)>,
}

/// Collects names before they become a directory.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<String, (BTreeSet<Kind>, BTreeSet<Place>)>);

impl Names {
    /// Adds a name that was seen somewhere; beyond the bound it is passed over.
    pub(crate) fn add(&mut self, name: &str, kind: Kind, place: Place) {
        let is_name = !name.is_empty() && name.len() <= 256 && !name.chars().any(char::is_control);
        if !is_name || (self.0.len() >= NAMES_MAX && !self.0.contains_key(name)) {
            return;
        }
        let (kinds, places) = self.0.entry(name.to_owned()).or_default();
        kinds.insert(kind);
        places.insert(place);
    }

    /// The directory of all of them.
    pub(crate) fn directory(self, failure_types: Vec<String>) -> Directory {
        let entities = self.0.into_iter().map(|(name, (kinds, places))| Entity {
            name,
            kinds,
            places,
        });
        Directory::new(entities.collect(), failure_types)
    }
}

impl Directory {
    /// First and last moment of the lines that are stored of these sources, in ms; of all if none is
    /// named.
    pub(crate) fn stored_ms(&self, sources: &[&str]) -> Option<(i64, i64)> {
        let all = self.stored.iter();
        let meant = all.filter(|(name, ..)| sources.is_empty() || sources.contains(&name.as_str()));
        meant
            .map(|(_, first, last)| (*first, *last))
            .reduce(|one, two| (one.0.min(two.0), one.1.max(two.1)))
    }

    fn new(entities: Vec<Entity>, failure_types: Vec<String>) -> Self {
        let mut made = Self {
            failure_types,
            ..Self::default()
        };
        for (at, entity) in entities.iter().enumerate() {
            made.exact.insert(entity.name.to_lowercase(), at);
            made.loose.entry(loose(&entity.name)).or_default().push(at);
            // Parts of metrics' names (`total`, `bytes`) are words of the language.
            if entity.kind() != Kind::Metric {
                for part in parts(&entity.name) {
                    made.parts.entry(part).or_default().push(at);
                }
            }
        }
        made.entities = entities;
        made
    }

    /// All names.
    pub(crate) fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// The entity of a name as it is stored.
    pub(crate) fn named(&self, name: &str) -> Option<&Entity> {
        let at = *self.exact.get(&name.to_lowercase())?;
        self.entities.get(at)
    }

    /// What a phrase (a word, or some in a row) means, of a kind if one is said. `is_word`: it may also be a
    /// part of a name.
    pub(crate) fn find(
        &self,
        phrase: &str,
        kind: Option<Kind>,
        is_word: bool,
    ) -> Option<Match<'_>> {
        let lower = phrase.to_lowercase();
        let is_kind = |at: &usize| {
            let entity = self.entities.get(*at);
            entity.is_some_and(|entity| kind.is_none_or(|kind| entity.kinds.contains(&kind)))
        };
        if let Some(at) = self.exact.get(&lower).filter(|at| is_kind(at)) {
            return self.chosen(std::iter::once(*at), Fit::Exact);
        }
        let canonical = loose(&lower);
        let of = |index: &HashMap<String, Vec<usize>>| -> Vec<usize> {
            let found = index.get(&canonical).into_iter().flatten().copied();
            found.filter(|at| is_kind(at)).collect()
        };
        if canonical.is_empty() {
            return None;
        }
        self.chosen(of(&self.loose).into_iter(), Fit::Loose)
            .or_else(|| {
                (is_word && canonical.len() > 2)
                    .then(|| self.chosen(of(&self.parts).into_iter(), Fit::Part))?
            })
    }

    /// The name that a word is a misspelling of.
    pub(crate) fn misspelt(&self, word: &str, kind: Option<Kind>) -> Option<Match<'_>> {
        let canonical = loose(&word.to_lowercase());
        let length = canonical.chars().count();
        if length < MISSPELT_CHARS_MIN {
            return None;
        }
        let wrong_max = if length < TWO_WRONG_CHARS_MIN { 1 } else { 2 };
        let candidates = self.entities.iter().enumerate().filter(|(_, entity)| {
            entity.kind() != Kind::Metric && kind.is_none_or(|kind| entity.kinds.contains(&kind))
        });
        let mut found: Vec<(usize, usize)> = candidates
            .take(COMPARED_MAX)
            .filter_map(|(at, entity)| {
                let name = loose(&entity.name.to_lowercase());
                let is_near = name.chars().count().abs_diff(length) <= wrong_max;
                (is_near && digits(&name) == digits(&canonical)).then_some(())?;
                let wrong = strsim::osa_distance(&name, &canonical);
                (wrong <= wrong_max).then_some((wrong, at))
            })
            .collect();
        found.sort_unstable();
        let best = found.first()?.0;
        let best = found.into_iter().filter(|(wrong, _)| *wrong == best);
        self.chosen(best.map(|(_, at)| at), Fit::Misspelt)
    }

    /// Of several the most telling kind, then the shortest name, then the first.
    fn chosen(&self, found: impl Iterator<Item = usize>, fit: Fit) -> Option<Match<'_>> {
        let mut entities: Vec<&Entity> = found.filter_map(|at| self.entities.get(at)).collect();
        entities.sort_by_key(|entity| (entity.kind(), entity.name.len(), &entity.name));
        entities.dedup();
        let (first, rest) = entities.split_first()?;
        let others = rest.iter().map(|entity| entity.name.as_str());
        Some(Match {
            entity: first,
            fit,
            others: others.take(OTHERS_MAX).collect(),
        })
    }
}

/// Letters and digits in lower case.
pub(crate) fn loose(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn digits(text: &str) -> String {
    text.chars().filter(|c| c.is_numeric()).collect()
}

/// Runs of the parts of a name, but for the whole.
fn parts(name: &str) -> BTreeSet<String> {
    let pieces: Vec<&str> = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|piece| !piece.is_empty())
        .take(PARTS_MAX)
        .collect();
    let mut runs = BTreeSet::new();
    for from in 0..pieces.len() {
        for to in from + 1..=pieces.len() {
            if to - from < pieces.len() {
                runs.insert(loose(&pieces[from..to].concat()));
            }
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn directory() -> Directory {
        let mut names = Names::default();
        for (name, kind) in [
            ("server-03.dc1.example.com", Kind::Host),
            ("server-04.dc1.example.com", Kind::Host),
            ("db-1", Kind::Host),
            ("payment", Kind::Service),
            ("inventory-api", Kind::Service),
            ("file:/var/log/syslog", Kind::Source),
            ("payment", Kind::Other),
            ("http_requests_total", Kind::Metric),
        ] {
            names.add(name, kind, Place::Lines(kind.name().into()));
        }
        names.directory(Vec::new())
    }

    #[test]
    fn names_are_found_as_people_write_them() {
        let directory = directory();
        let found = |word: &str| {
            let found = directory
                .find(word, None, true)
                .or_else(|| directory.misspelt(word, None));
            found.map(|found| (found.entity.name.as_str(), found.fit))
        };
        assert_eq!(found("Payment"), Some(("payment", Fit::Exact)));
        assert_eq!(found("DB_1"), Some(("db-1", Fit::Loose)));
        let host = "server-03.dc1.example.com";
        assert_eq!(found("server-03"), Some((host, Fit::Part)));
        assert_eq!(found("server03"), Some((host, Fit::Part)));
        assert_eq!(found("inventory"), Some(("inventory-api", Fit::Part)));
        assert_eq!(found("syslog"), Some(("file:/var/log/syslog", Fit::Part)));
        assert_eq!(found("paymnet"), Some(("payment", Fit::Misspelt)));
        assert_eq!(
            found("invnetory-apis"),
            Some(("inventory-api", Fit::Misspelt))
        );
        for unknown in ["server-05", "requests", "total", "db-2", "", "-", "pay"] {
            assert_eq!(found(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_name_is_one_thing_and_others_that_fit_are_told() {
        let directory = directory();
        let payment = directory.named("payment").unwrap();
        assert_eq!(payment.kind(), Kind::Service);
        assert!(payment.kinds.contains(&Kind::Other));
        let found = directory.find("example.com", None, true).unwrap();
        assert_eq!(found.entity.name, "server-03.dc1.example.com");
        assert_eq!(found.others, ["server-04.dc1.example.com"]);
        assert!(directory.find("payment", Some(Kind::Host), true).is_none());
    }

    proptest! {
        #[test]
        fn every_name_finds_itself_and_no_word_breaks_it(names in proptest::collection::vec("\\PC{1,20}", 0..20), word in "\\PC{0,20}") {
            let mut all = Names::default();
            for name in &names {
                all.add(name, Kind::Host, Place::Lines("host".into()));
            }
            let directory = all.directory(Vec::new());
            for entity in directory.entities() {
                let found = directory.find(&entity.name, None, true);
                prop_assert!(found.is_some_and(|found| found.entity.name.to_lowercase() == entity.name.to_lowercase()));
            }
            directory.find(&word, Some(Kind::Host), true);
            directory.misspelt(&word, None);
        }
    }
}
