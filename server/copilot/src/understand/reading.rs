//! A question, read: what is wanted, of what and of when.

use std::ops::Range;

use regex::Regex;
use tocsin_domain::Severity;

use super::catalogue::{Catalogue, Need};
use super::directory::{Directory, Entity, Fit, Kind, Match};
use super::follow_up::{Said, go_on};
use super::intent::Intent;
use super::time::{Asker, DAY_MS, HOUR_MS, TimeSpan, Word, times, words};
use super::variable::{Counted, counted, how_many};

/// The most entities that are taken from a question.
const ENTITIES_MAX: usize = 6;
/// The most words that a name may have.
const NAME_WORDS_MAX: usize = 3;

/// What a question is read with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// The rules.
    pub(crate) catalogue: &'a Catalogue,
    /// What is known.
    pub(crate) directory: &'a Directory,
    /// Who asks, and when.
    pub(crate) asker: Asker,
    /// Whether an alert, incident or line is open on the page.
    pub(crate) has_page: bool,
    /// The question before.
    pub(crate) previous: Option<&'a Reading>,
}

/// A name in a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundEntity {
    /// What it is.
    pub(crate) entity: Entity,
    /// The words that name it; empty where it comes from the question before.
    pub(crate) words: String,
    /// How they name it.
    pub(crate) fit: Fit,
    /// Others that they could have named.
    pub(crate) others: Vec<String>,
}

/// A question, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    /// What is wanted.
    pub(crate) intent: Intent,
    /// The services, hosts and so on that it names.
    pub(crate) entities: Vec<FoundEntity>,
    /// What is measured, by the names of the rules.
    pub(crate) subjects: Vec<String>,
    /// The least severity that is asked for.
    pub(crate) severity: Option<Severity>,
    /// Types of failure that it names.
    pub(crate) failure_types: Vec<String>,
    /// The times that it names, in its order.
    pub(crate) times: Vec<TimeSpan>,
    /// The words that said them.
    pub(crate) time_words: Option<String>,
    /// The phrases that are quoted, else the words that are left: what lines are about.
    pub(crate) topic: Vec<String>,
    /// Whether they are quoted.
    pub(crate) is_quoted: bool,
    /// Of whom or what the most is asked for; none where it is lines.
    pub(crate) counted: Option<Counted>,
    /// How many of the first are asked for.
    pub(crate) how_many: Option<usize>,
    /// Names that were said to be of a kind of which none of that name is known: kind and word.
    pub(crate) unknown: Vec<(Kind, String)>,
    /// Whether something was taken from the question before.
    pub(crate) is_follow_up: bool,
    /// All the time of which lines are stored, where no time was said and nothing is as new as what is
    /// mostly asked of; in ms.
    pub(crate) stored_ms: Option<(i64, i64)>,
}

impl Reading {
    /// First and last moment that are asked about, in ms: what was said, else what the intent is
    /// mostly asked of.
    pub(crate) fn range_ms(&self, asker: Asker) -> (i64, i64) {
        let now = asker.now_ms;
        if let Some(time) = self.times.first() {
            return (time.from_ms, time.to_ms);
        }
        let of_page = match self.intent {
            Intent::Why
            | Intent::Cause
            | Intent::Changes
            | Intent::Errors
            | Intent::Search
            | Intent::Metric
            | Intent::Count
            | Intent::Top
            | Intent::Patterns => asker.page_ms,
            _ => None,
        };
        if let Some(range) = of_page.or(self.stored_ms) {
            return range;
        }
        let back = match self.intent {
            Intent::Why | Intent::Cause | Intent::Status | Intent::Errors => HOUR_MS,
            Intent::Metric => 3 * HOUR_MS,
            Intent::FirstSeen | Intent::Similar => 30 * DAY_MS,
            Intent::FillUp => return (now, now + 7 * DAY_MS),
            _ => DAY_MS,
        };
        (now - back, now)
    }

    /// Looks at all the time of which lines are stored, if no time was said and they are older than what is
    /// mostly asked of: logs that were imported are asked about as a whole.
    pub(crate) fn look_at_stored(&mut self, asker: Asker, directory: &Directory) {
        let is_of_lines = matches!(
            self.intent,
            Intent::Why
                | Intent::Cause
                | Intent::Errors
                | Intent::Search
                | Intent::Count
                | Intent::Top
                | Intent::Patterns
                | Intent::FirstSeen
        );
        if !is_of_lines || !self.times.is_empty() || asker.page_ms.is_some() {
            return;
        }
        let (from_ms, _) = self.range_ms(asker);
        let named: Vec<&str> = self.things().map(|entity| entity.name.as_str()).collect();
        let of_named = directory.stored_ms(&named).filter(|_| !named.is_empty());
        let stored = of_named.or_else(|| directory.stored_ms(&[]));
        self.stored_ms = stored.filter(|(_, last)| *last < from_ms);
    }

    /// The entities that are no metrics.
    pub(crate) fn things(&self) -> impl Iterator<Item = &Entity> {
        let all = self.entities.iter().map(|found| &found.entity);
        all.filter(|entity| entity.kind() != Kind::Metric)
    }

    /// The metrics that are named.
    pub(crate) fn metrics(&self) -> impl Iterator<Item = &str> {
        let all = self.entities.iter().map(|found| &found.entity);
        let metrics = all.filter(|entity| entity.kind() == Kind::Metric);
        metrics.map(|entity| entity.name.as_str())
    }
}

/// Reads a question.
pub(crate) fn read(question: &str, context: Context<'_>) -> Reading {
    let spans = times(question, context.asker);
    let words = words(question);
    let mut reader = Reader {
        question,
        context,
        is_used: words
            .iter()
            .map(|word| spans.iter().any(|span| overlaps(&span.bytes, &word.bytes)))
            .collect(),
        words,
        quoted: Vec::new(),
        topic: Vec::new(),
        unknown: Vec::new(),
    };
    reader.take_quoted();
    let entities = reader.take_entities();
    let subjects = reader.subjects();
    let metric = entities.iter().any(|one| one.entity.kind() == Kind::Metric);
    let thing = entities.iter().any(|one| one.entity.kind() != Kind::Metric);
    let severity = reader.severity();
    let counted = counted(&reader.words, &reader.is_used, context.catalogue);
    let intent = reader.take_intent(&spans, |need| match need {
        Need::Page => context.has_page,
        Need::Entity => thing,
        Need::Subject => metric || !subjects.is_empty(),
    });
    let before = context.previous.map(|previous| previous.intent);
    let is_top = intent.or(before) == Some(Intent::Top);
    let counted = counted.filter(|_| is_top).map(|found| reader.take(found));
    let how_many = how_many(&reader.words).filter(|_| is_top);
    let how_many = how_many.map(|found| reader.take(found));
    let time_words: Vec<&str> = spans
        .iter()
        .filter_map(|span| question.get(span.bytes.clone()))
        .collect();
    let mut reading = Reading {
        intent: intent.unwrap_or(Intent::Search),
        entities,
        subjects,
        severity,
        failure_types: reader.failure_types(),
        time_words: (!time_words.is_empty()).then(|| time_words.join(", ")),
        times: spans,
        topic: reader.topic(),
        is_quoted: !reader.quoted.is_empty(),
        unknown: reader.unknown.clone(),
        is_follow_up: false,
        stored_ms: None,
        counted,
        how_many,
    };
    if let Some(previous) = context.previous {
        let said = Said {
            question,
            words: reader.words.len(),
            has_pronoun: reader
                .free()
                .any(|(_, word)| context.catalogue.is_pronoun(word)),
            has_no_intent: intent.is_none(),
        };
        go_on(&mut reading, previous, &said, context.catalogue);
    }
    if !super::uses_topic(reading.intent) {
        // What is measured was understood.
        let is_measured = |word: &String| context.catalogue.subject(&word.to_lowercase()).is_some();
        reading.topic.retain(|word| !is_measured(word));
    }
    if reading.intent == Intent::Search {
        search_for_misspelt(&mut reading);
    }
    reading
}

/// A misspelt name would hide the lines that are searched for.
fn search_for_misspelt(reading: &mut Reading) {
    let all = std::mem::take(&mut reading.entities).into_iter();
    let (sure, unsure): (Vec<_>, Vec<_>) = all.partition(|one| one.fit != Fit::Misspelt);
    reading.entities = sure;
    reading
        .topic
        .extend(unsure.into_iter().map(|one| one.words));
}

fn overlaps(one: &Range<usize>, two: &Range<usize>) -> bool {
    one.start < two.end && two.start < one.end
}

struct Reader<'a> {
    question: &'a str,
    context: Context<'a>,
    words: Vec<Word>,
    /// Which words are spoken for.
    is_used: Vec<bool>,
    /// Where quoted phrases stand.
    quoted: Vec<Range<usize>>,
    /// Quoted phrases.
    topic: Vec<String>,
    unknown: Vec<(Kind, String)>,
}

impl Reader<'_> {
    /// Takes quoted phrases that are no names as topics.
    fn take_quoted(&mut self) {
        let Ok(quotes) = Regex::new("\"([^\"]{1,200})\"|`([^`]{1,200})`|“([^”]{1,200})”")
        else {
            return;
        };
        for found in quotes.captures_iter(self.question) {
            let Some(inner) = found.iter().skip(1).flatten().next() else {
                continue;
            };
            let phrase = inner.as_str().trim();
            if phrase.is_empty() || self.context.directory.find(phrase, None, false).is_some() {
                continue;
            }
            self.topic.push(phrase.to_owned());
            self.quoted.push(inner.range());
            for (word, is_used) in self.words.iter().zip(&mut self.is_used) {
                *is_used |= overlaps(&word.bytes, &inner.range());
            }
        }
    }

    /// The text of some words in a row, as written; none if one of them is spoken for.
    fn phrase(&self, at: usize, count: usize) -> Option<&str> {
        let words = self.words.get(at..at + count)?;
        let is_free = self.is_used.get(at..at + count)?.iter().all(|used| !used);
        let bytes = words.first()?.bytes.start..words.last()?.bytes.end;
        let text = is_free.then(|| self.question.get(bytes)).flatten()?;
        Some(text.strip_suffix("'s").unwrap_or(text))
    }

    fn take_entities(&mut self) -> Vec<FoundEntity> {
        let mut found: Vec<FoundEntity> = Vec::new();
        let mut at = 0;
        while at < self.words.len() && found.len() < ENTITIES_MAX {
            let taken = (1..=NAME_WORDS_MAX)
                .rev()
                .find_map(|count| Some((self.entity(at, count)?, count)));
            let Some((entity, count)) = taken else {
                self.note_unknown(at);
                at += 1;
                continue;
            };
            if !found.iter().any(|one| one.entity == entity.entity) {
                found.push(entity);
            }
            for used in self.is_used.iter_mut().skip(at).take(count) {
                *used = true;
            }
            at += count;
        }
        found
    }

    fn entity(&self, at: usize, count: usize) -> Option<FoundEntity> {
        let phrase = self.phrase(at, count)?;
        let directory = self.context.directory;
        let hint = self.hint(at);
        let as_found = |found: Match<'_>| FoundEntity {
            entity: found.entity.clone(),
            words: phrase.to_owned(),
            fit: found.fit,
            others: found
                .others
                .iter()
                .map(|other| (*other).to_owned())
                .collect(),
        };
        if count > 1 {
            return directory.find(phrase, hint, false).map(as_found);
        }
        let word = phrase.to_lowercase();
        let is_stop = self.context.catalogue.is_stop_word(&word);
        let is_plain = is_stop
            || self.context.catalogue.is_common(&word)
            || word.chars().all(|c| c.is_ascii_digit());
        let hinted = hint.and_then(|kind| directory.find(phrase, Some(kind), !is_plain));
        if let Some(found) = hinted {
            return Some(as_found(found));
        }
        if is_stop || word.chars().all(|c| c.is_ascii_digit()) {
            return None;
        }
        let found = directory
            .find(phrase, None, !is_plain)
            .or_else(|| (!is_plain).then(|| directory.misspelt(phrase, hint))?)?;
        // `up` and `load1` are metrics, and `up` is a word as well.
        let is_word = found.entity.kind() == Kind::Metric && !word.contains(['_', ':', '.']);
        (!is_word || self.is_quoted(at)).then(|| as_found(found))
    }

    /// Of which kind the word before says that a name is.
    fn hint(&self, at: usize) -> Option<Kind> {
        let before = self.words.get(at.checked_sub(1)?)?;
        self.context.catalogue.kind_after(&before.text)
    }

    fn is_quoted(&self, at: usize) -> bool {
        let start = self.words.get(at).map_or(0, |word| word.bytes.start);
        self.question[..start].ends_with(['"', '`', '“'])
    }

    /// `host web-9`, where there is no such host.
    fn note_unknown(&mut self, at: usize) {
        let (Some(kind), Some(word)) = (self.hint(at), self.phrase(at, 1)) else {
            return;
        };
        let is_name = word.contains(|c: char| c.is_ascii_digit() || "-_./:".contains(c));
        if is_name && word.chars().any(char::is_alphanumeric) {
            self.unknown.push((kind, word.to_owned()));
        }
    }

    /// Words that are not spoken for, in lower case.
    fn free(&self) -> impl Iterator<Item = (usize, &str)> {
        let words = self.words.iter().zip(&self.is_used).enumerate();
        let free = words.filter(|(_, (_, used))| !**used);
        free.map(|(at, (word, _))| (at, word.text.as_str()))
    }

    fn subjects(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (_, word) in self.free() {
            if let Some(subject) = self.context.catalogue.subject(word)
                && !names.contains(&subject.name)
            {
                names.push(subject.name.clone());
            }
        }
        names
    }

    /// What was found in some words, which are spoken for now.
    fn take<T>(&mut self, (found, words): (T, Range<usize>)) -> T {
        let used = self.is_used.iter_mut().skip(words.start);
        used.take(words.len()).for_each(|used| *used = true);
        found
    }

    /// The intent; the words that said it are spoken for.
    fn take_intent(&mut self, spans: &[TimeSpan], has: impl Fn(Need) -> bool) -> Option<Intent> {
        let mut text = String::new();
        let mut places: Vec<(usize, Range<usize>)> = Vec::new();
        for (at, word) in self.words.iter().enumerate() {
            let is_time = spans.iter().any(|span| overlaps(&span.bytes, &word.bytes));
            // What is quoted is looked for, whatever it says.
            if is_time || self.quoted.iter().any(|one| overlaps(one, &word.bytes)) {
                continue;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            let start = text.len();
            text.push_str(&word.text);
            places.push((at, start..text.len()));
        }
        let (intent, bytes) = self.context.catalogue.intent(&text, has)?;
        for (at, place) in places {
            if overlaps(&bytes, &place)
                && let Some(used) = self.is_used.get_mut(at)
            {
                // What stands between the words that say the intent is still looked for.
                let is_cue = self.context.catalogue.is_common(&self.words[at].text);
                *used |= is_cue;
            }
        }
        Some(intent)
    }

    fn severity(&self) -> Option<Severity> {
        // A word within quotes, or within a name, is no severity.
        self.free()
            .filter_map(|(_, word)| self.context.catalogue.severity(word))
            .min()
    }

    fn failure_types(&self) -> Vec<String> {
        let text = self.question.to_lowercase();
        let mut found: Vec<String> = Vec::new();
        let known = &self.context.directory.failure_types;
        let named = known.iter().filter(|name| {
            let spaced = name.replace('_', " ");
            text.contains(&spaced) || text.contains(name.as_str())
        });
        for name in named
            .map(String::as_str)
            .chain(self.context.catalogue.failures(&text))
        {
            if !found.iter().any(|have| have == name) {
                found.push(name.to_owned());
            }
        }
        found
    }

    /// Quoted phrases; else the words that are left, as written.
    fn topic(&self) -> Vec<String> {
        if !self.topic.is_empty() {
            return self.topic.clone();
        }
        let catalogue = self.context.catalogue;
        let left = self.free().filter(|(_, word)| {
            !catalogue.is_stop_word(word)
                && catalogue.severity(word).is_none()
                && word.chars().any(char::is_alphanumeric)
        });
        left.filter_map(|(at, _)| self.phrase(at, 1).map(str::to_owned))
            .collect()
    }
}
