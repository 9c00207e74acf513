//! Templates: what is constant in a kind of log line, and which variables stand between.

use std::fmt;
use std::sync::Arc;

use crate::batch::{LogBatch, Span};
use crate::id::TemplateId;

/// What a variable looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VariableKind {
    /// Anything.
    Any,
    /// A number, whole or not.
    Number,
    /// An IPv4 or IPv6 address, perhaps with a port.
    Ip,
    /// A UUID.
    Uuid,
    /// A path of a file or resource.
    Path,
    /// Hexadecimal digits.
    Hex,
    /// A span of time with its unit.
    Duration,
    /// Text in quotes.
    Quoted,
    /// A date or time of day.
    Time,
    /// A URL.
    Url,
    /// An e-mail address.
    Email,
    /// A host name, perhaps with a port.
    Host,
    /// A hardware address.
    Mac,
    /// A number with a unit of bytes.
    Size,
    /// A version.
    Version,
    /// An identifier of letters and digits.
    Id,
    /// A word that varies among otherwise equal lines.
    Word,
    /// White space whose width varies.
    Space,
    /// `true` or `false`.
    Bool,
}

impl VariableKind {
    /// All kinds, in the order of their codes.
    pub const ALL: [Self; 19] = [
        Self::Any,
        Self::Number,
        Self::Ip,
        Self::Uuid,
        Self::Path,
        Self::Hex,
        Self::Duration,
        Self::Quoted,
        Self::Time,
        Self::Url,
        Self::Email,
        Self::Host,
        Self::Mac,
        Self::Size,
        Self::Version,
        Self::Id,
        Self::Word,
        Self::Space,
        Self::Bool,
    ];

    /// The word between the angle brackets of a pattern; `*` for anything.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "*",
            Self::Number => "num",
            Self::Ip => "ip",
            Self::Uuid => "uuid",
            Self::Path => "path",
            Self::Hex => "hex",
            Self::Duration => "duration",
            Self::Quoted => "quoted",
            Self::Time => "time",
            Self::Url => "url",
            Self::Email => "email",
            Self::Host => "host",
            Self::Mac => "mac",
            Self::Size => "size",
            Self::Version => "version",
            Self::Id => "id",
            Self::Word => "word",
            Self::Space => "space",
            Self::Bool => "bool",
        }
    }
}

impl fmt::Display for VariableKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.name())
    }
}

/// A place in a template where a variable stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slot {
    /// What its variables look like.
    pub kind: VariableKind,
    /// The name under which its variables are attributes, for `key=value` and JSON members.
    pub key: Option<Arc<str>>,
}

/// A mined pattern. Immutable: when it generalises, a new one is minted whose `parent` it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// A hash of parts, kinds and keys.
    pub id: TemplateId,
    /// The template that this one generalises.
    pub parent: Option<TemplateId>,
    /// The constant text around the slots: one more than there are slots.
    pub parts: Vec<Box<[u8]>>,
    /// The variables' places, in order.
    pub slots: Vec<Slot>,
}

impl Template {
    /// The pattern people read, such as `Accepted password for <*> from <ip> port <num>`.
    #[must_use]
    pub fn pattern(&self) -> String {
        let mut text = String::new();
        for (index, part) in self.parts.iter().enumerate() {
            text.push_str(&String::from_utf8_lossy(part));
            if let Some(slot) = self.slots.get(index) {
                text.push_str(&slot.kind.to_string());
            }
        }
        text
    }

    /// Writes the line that this template and `variables` (one per slot) came from.
    pub fn render<'a>(&self, variables: impl IntoIterator<Item = &'a [u8]>, line: &mut Vec<u8>) {
        let mut variables = variables.into_iter();
        for part in &self.parts {
            line.extend_from_slice(part);
            if let Some(variable) = variables.next() {
                line.extend_from_slice(variable);
            }
        }
    }
}

/// What the parser found in one record of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParsedLine {
    /// Index into [`ParsedBatch::templates`].
    pub template: u32,
    /// Index into [`ParsedBatch::variables`] of the first variable; there is one for each slot.
    pub variables: u32,
}

/// A batch together with what the parser found in it.
///
/// For every record, `parts[0] variable[0] parts[1] … parts[n]` is its body, byte for byte.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedBatch {
    /// The records.
    pub batch: LogBatch,
    /// One entry for each record.
    pub lines: Vec<ParsedLine>,
    /// The variables of all records; spans are relative to the record's body.
    pub variables: Vec<Span>,
    /// The distinct templates of the batch.
    pub templates: Vec<Arc<Template>>,
}

impl ParsedBatch {
    /// The template of record `index`.
    #[must_use]
    pub fn template(&self, index: usize) -> &Arc<Template> {
        &self.templates[self.lines[index].template as usize]
    }

    /// The variables of record `index`, in the order of the slots.
    pub fn variables(&self, index: usize) -> impl Iterator<Item = &[u8]> {
        let line = self.lines[index];
        let body = self.batch.body(&self.batch.records[index]);
        let first = line.variables as usize;
        let count = self.template(index).slots.len();
        self.variables[first..first + count]
            .iter()
            .map(move |span| span.of(body))
    }
}
