//! Changes: what was deployed, configured, scaled or restarted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tocsin_domain::Timestamp;
use tocsin_domain::alert::LabelSet;
use tocsin_domain::change::{Change, ChangeId, ChangeKind};
use tocsin_domain::ports::ChangeFilter;
use utoipa::{IntoParams, ToSchema};

use super::alert_filter::named;
use super::alerts::labels;
use super::problem::ProblemItem;
use super::series::at;
use super::time;
use crate::errors::ApiError;
use crate::state::random;

/// The most changes of one request.
const CHANGES_MAX: usize = 1000;
/// The most labels of a change.
const LABELS_MAX: usize = 64;
/// The most bytes of a label's value.
const LABEL_BYTES_MAX: usize = 1024;
/// The most bytes of who did it, and of a link.
const ACTOR_BYTES_MAX: usize = 256;
const URL_BYTES_MAX: usize = 2048;
/// The most mistakes of one request that are told.
const MISTAKES_MAX: usize = 20;
const KINDS: &str = "deploy, config, scaling, restart, run or other";

/// Which changes.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangeParams {
    /// Done at this time or later. Default: all time.
    pub(crate) from: Option<String>,
    /// Done before this time. Default: all time.
    pub(crate) to: Option<String>,
    /// Only those to this service or host.
    pub(crate) entity: Option<String>,
    /// Only this kind: deploy, config, scaling, restart, run or other.
    pub(crate) kind: Option<String>,
    /// Only those with this text in title, entity or actor, case ignored.
    pub(crate) q: Option<String>,
    /// How many, 1 to 1000. Default 100.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<usize>,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

impl ChangeParams {
    pub(crate) fn read(&self, now: Timestamp) -> Result<ChangeFilter, ApiError> {
        let own = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let moment = |field: &str, text: &Option<String>| {
            let read = |text: String| time::parse(field, &text, now).map(Timestamp::millis);
            own(text).map(read).transpose()
        };
        let kind = |name: String| named("kind", &name, KINDS, ChangeKind::from_name);
        Ok(ChangeFilter {
            from_ms: moment("from", &self.from)?,
            to_ms: moment("to", &self.to)?,
            entity: own(&self.entity),
            kind: own(&self.kind).map(kind).transpose()?,
            text: own(&self.q),
        })
    }
}

/// One page of changes, or those that were recorded.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeAnswer {
    /// The changes, newest first; those that were recorded in the order they were given.
    pub(crate) items: Vec<ChangeItem>,
    /// Where the next page begins; null if this is the last.
    pub(crate) next_cursor: Option<String>,
}

/// Something that was done on purpose.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeItem {
    /// A UUIDv7.
    pub(crate) id: String,
    /// When it was done.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// deploy, config, scaling, restart, run or other.
    pub(crate) kind: &'static str,
    /// The service or host it was done to.
    pub(crate) entity: String,
    /// A line that says it all.
    pub(crate) title: String,
    /// What else is known.
    pub(crate) labels: BTreeMap<String, String>,
    /// Who told of it: `api`, or the source of the log line.
    pub(crate) source: String,
    /// Who did it.
    pub(crate) actor: Option<String>,
    /// Where to read more: `http` or `https`.
    pub(crate) url: Option<String>,
    /// The id of the log line that speaks of it.
    pub(crate) record: Option<String>,
}

impl From<&Change> for ChangeItem {
    fn from(change: &Change) -> Self {
        Self {
            id: change.id.to_string(),
            at: at(change.at_ms),
            kind: change.kind.name(),
            entity: change.entity.clone(),
            title: change.title.clone(),
            labels: labels(&change.labels),
            source: change.source.clone(),
            actor: change.actor.clone(),
            url: change.url.clone(),
            record: change.record.map(|id| id.to_string()),
        }
    }
}

/// Something that was done, as it is told.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeForm {
    /// When: RFC 3339, or an epoch in s or ms. Default: now.
    #[schema(value_type = Option<String>)]
    at: Option<Moment>,
    /// deploy, config, scaling, restart, run or other.
    kind: String,
    /// The service or host it was done to, 1 to 256 bytes.
    entity: String,
    /// A line that says it all, 1 to 1024 bytes.
    title: String,
    /// What else is known, such as `version` or `environment`; at most 64.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// Who did it, at most 256 bytes.
    actor: Option<String>,
    /// Where to read more: `http` or `https`, at most 2048 bytes.
    url: Option<String>,
}

/// One change, or up to 1000 of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the document says with it what `read` takes")]
pub(crate) enum ChangeRequest {
    /// One.
    One(ChangeForm),
    /// Several.
    Many(Vec<ChangeForm>),
}

/// A time as text or as a number.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Moment {
    Text(String),
    Number(serde_json::Number),
}

/// What is wrong with a field: its name, what was expected, what was there.
type Mistake = (String, &'static str, String);

/// Reads one change or a list of them; if one is wrong, none is taken.
pub(crate) fn read(body: Value, now: Timestamp) -> Result<Vec<Change>, ApiError> {
    let (items, is_list) = match body {
        Value::Array(items) => (items, true),
        one => (vec![one], false),
    };
    if !(1..=CHANGES_MAX).contains(&items.len()) {
        let expected = format!("1 to {CHANGES_MAX} changes");
        let detail = format!("{} were given", items.len());
        return Err(ApiError::bad_request(format!(
            "expected {expected}; {detail}"
        )));
    }
    let (mut changes, mut mistakes) = (Vec::with_capacity(items.len()), Vec::new());
    for (index, item) in items.into_iter().enumerate() {
        match change(item, now) {
            Ok(change) => changes.push(change),
            Err(mistake) => mistakes.push(problem(is_list.then_some(index), mistake)),
        }
        if mistakes.len() == MISTAKES_MAX {
            break;
        }
    }
    let Some(first) = mistakes.first() else {
        return Ok(changes);
    };
    let place = first
        .item
        .map_or(String::new(), |index| format!("change {index}: "));
    let mut error = ApiError::bad_request(format!("{place}{}; none was recorded", first.detail));
    error.errors = mistakes;
    Err(error)
}

fn problem(item: Option<usize>, (field, expected, detail): Mistake) -> ProblemItem {
    ProblemItem {
        item,
        field: Some(field),
        expected: Some(expected.to_owned()),
        detail,
    }
}

fn change(item: Value, now: Timestamp) -> Result<Change, Mistake> {
    let form: ChangeForm = serde_path_to_error::deserialize(item).map_err(malformed)?;
    let at = match form.at {
        None => now,
        Some(Moment::Text(text)) => moment(&text, now)?,
        Some(Moment::Number(number)) => moment(&number.to_string(), now)?,
    };
    let kind = ChangeKind::from_name(&form.kind).ok_or_else(|| {
        let shown: String = form.kind.chars().take(40).collect();
        ("kind".to_owned(), KINDS, format!("`{shown}` is not a kind"))
    })?;
    let optional = |field, text: Option<String>, bytes_max, expected| {
        let text = text.filter(|text| !text.trim().is_empty());
        let read = |text: String| line(field, &text, bytes_max, expected);
        text.map(read).transpose()
    };
    Ok(Change {
        id: ChangeId::new(at.millis(), random()),
        at_ms: at.millis(),
        kind,
        entity: line(
            "entity",
            &form.entity,
            Change::ENTITY_BYTES_MAX,
            "1 to 256 bytes in one line",
        )?,
        title: line(
            "title",
            &form.title,
            Change::TITLE_BYTES_MAX,
            "1 to 1024 bytes in one line",
        )?,
        labels: label_set(&form.labels)?,
        source: "api".to_owned(),
        actor: optional(
            "actor",
            form.actor,
            ACTOR_BYTES_MAX,
            "at most 256 bytes in one line",
        )?,
        url: form.url.as_deref().map(link).transpose()?,
        record: None,
    })
}

/// A field that is missing has no path; it stands in the message.
fn malformed(error: serde_path_to_error::Error<serde_json::Error>) -> Mistake {
    let path = error.path().to_string();
    let detail = error.into_inner().to_string();
    let missing = detail.strip_prefix("missing field `");
    let missing = missing.and_then(|rest| rest.split_once('`'));
    let field = missing.map_or(path, |(field, _)| field.to_owned());
    let expected = "`kind`, `entity` and `title`, and perhaps `at`, `labels`, `actor` and `url`";
    (field, expected, detail)
}

fn moment(text: &str, now: Timestamp) -> Result<Timestamp, Mistake> {
    time::parse("at", text, now).map_err(|error| {
        let expected = "an RFC 3339 time, or an epoch in s, ms, µs or ns";
        ("at".to_owned(), expected, error.detail)
    })
}

/// Reads a text of one line that is not empty.
fn line(
    field: &str,
    text: &str,
    bytes_max: usize,
    expected: &'static str,
) -> Result<String, Mistake> {
    let text = text.trim();
    let wrong = |detail: String| Err((field.to_owned(), expected, detail));
    if !(1..=bytes_max).contains(&text.len()) {
        return wrong(format!("`{field}` has {} bytes", text.len()));
    }
    if text.chars().any(char::is_control) {
        return wrong(format!("`{field}` has control characters"));
    }
    Ok(text.to_owned())
}

fn label_set(given: &BTreeMap<String, String>) -> Result<LabelSet, Mistake> {
    let expected =
        "at most 64 labels: letters, digits and underscores, values of at most 1024 bytes";
    let wrong = |detail: String| ("labels".to_owned(), expected, detail);
    if given.len() > LABELS_MAX {
        return Err(wrong(format!("{} labels were given", given.len())));
    }
    if given.values().any(|value| value.len() > LABEL_BYTES_MAX) {
        return Err(wrong("a value is too long".to_owned()));
    }
    let pairs = given.iter().map(|(name, value)| (&**name, &**value));
    LabelSet::parse(pairs).map_err(|error| wrong(error.to_string()))
}

/// Reads a link: it is shown to people, who click it.
fn link(text: &str) -> Result<String, Mistake> {
    let text = text.trim();
    let is_web = ["http://", "https://"].iter().any(|scheme| {
        let head = text.get(..scheme.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(scheme)) && text.len() > scheme.len()
    });
    let is_plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    if is_web && is_plain && text.len() <= URL_BYTES_MAX {
        return Ok(text.to_owned());
    }
    let expected = "an address that begins with `http://` or `https://`, at most 2048 bytes";
    Err(("url".to_owned(), expected, "`url` is not such".to_owned()))
}
