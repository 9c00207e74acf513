//! A mined template: the static parts of a line, the typed slots between them, and how they are
//! written down. Templates are immutable; a more general one is a new template whose `parent` is
//! the old.

use std::fmt;

use xxhash_rust::xxh3::Xxh3;

/// What a slot holds, as far as the bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum VariableKind {
    /// Anything: kinds differed, or the text follows no known form.
    Any = 0,
    /// Integer or decimal, with sign, exponent or thousands commas: `-12`, `0.5`, `1,234`.
    Number = 1,
    /// Hexadecimal: `0x1f`, `003a90fc`, a digest.
    Hex = 2,
    /// IPv4 or IPv6 address.
    Ip = 3,
    /// Universally unique identifier, 8-4-4-4-12 hexadecimal digits.
    Uuid = 4,
    /// File system path.
    Path = 5,
    /// Uniform resource locator.
    Url = 6,
    /// E-mail address.
    Email = 7,
    /// Host name, with or without domain.
    Host = 8,
    /// Hardware address, six or more colon-separated octets.
    Mac = 9,
    /// Date, time of day or both.
    Time = 10,
    /// Number with a unit of time: `30s`, `10000ms`.
    Duration = 11,
    /// Number with a unit of bytes: `16K`, `1.26 KB`, `1293 bytes (1.26 KB)`.
    Size = 12,
    /// Version: `2.6.5-1.358`.
    Version = 13,
    /// Identifier of letters and digits.
    Id = 14,
    /// A word that varies among otherwise equal lines: a user, a state.
    Word = 15,
    /// Text in quotes, without the quotes.
    Quoted = 16,
    /// Padding: white space whose width varies.
    Space = 17,
    /// `true` or `false`.
    Bool = 18,
}

impl VariableKind {
    /// All kinds, by their number.
    pub const ALL: [Self; 19] = [
        Self::Any,
        Self::Number,
        Self::Hex,
        Self::Ip,
        Self::Uuid,
        Self::Path,
        Self::Url,
        Self::Email,
        Self::Host,
        Self::Mac,
        Self::Time,
        Self::Duration,
        Self::Size,
        Self::Version,
        Self::Id,
        Self::Word,
        Self::Quoted,
        Self::Space,
        Self::Bool,
    ];

    /// Short lower-case name, without brackets: `num`, `ip`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "*",
            Self::Number => "num",
            Self::Hex => "hex",
            Self::Ip => "ip",
            Self::Uuid => "uuid",
            Self::Path => "path",
            Self::Url => "url",
            Self::Email => "email",
            Self::Host => "host",
            Self::Mac => "mac",
            Self::Time => "time",
            Self::Duration => "duration",
            Self::Size => "size",
            Self::Version => "version",
            Self::Id => "id",
            Self::Word => "word",
            Self::Quoted => "quoted",
            Self::Space => "space",
            Self::Bool => "bool",
        }
    }

    /// The kind with this number, if there is one.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The narrowest kind that covers both. Associative, commutative and idempotent: a kind that
    /// was joined once stays as it is when the same is joined again, in whatever order.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        use VariableKind::{Any, Hex, Host, Id, Ip, Number, Path, Url, Version, Word};
        match (self.min(other), self.max(other)) {
            (a, b) if a == b => a,
            (Number, Hex) => Hex,
            (Number | Hex | Version | Id, Version | Id | Word) => Id,
            (Ip, Host) => Host,
            (Path, Url) => Url,
            _ => Any,
        }
    }
}

impl fmt::Display for VariableKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.name())
    }
}

/// One variable position of a template.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// What the position holds.
    pub kind: VariableKind,
    /// Attribute name of `key=value` and JSON members (nested ones dotted: `http.status`), else
    /// none.
    pub key: Option<Box<str>>,
}

/// A place in the static text of a template: byte `offset` of part number `part`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index into [`Template::parts`].
    pub part: u32,
    /// Byte offset within that part.
    pub offset: u32,
}

/// An immutable pattern: `parts[0] slot[0] parts[1] … slot[n-1] parts[n]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Hash of parts, slot kinds and keys (xxh3): the same pattern has the same id in any partition
    /// and any run.
    pub id: u64,
    /// The less general template this one was made from; none for one mined directly.
    pub parent: Option<u64>,
    /// Static text, `slots.len() + 1` pieces, any of them possibly empty.
    pub parts: Vec<Box<[u8]>>,
    /// The variables between the parts.
    pub slots: Vec<Slot>,
    /// Where the message begins (after the header of a raw line, inside the message member of a
    /// JSON body) and ends.
    pub message: (Place, Place),
}

impl Template {
    /// Makes a template and computes its id. `parts` must be one longer than `slots`; missing parts
    /// are taken as empty.
    #[must_use]
    pub fn new(
        mut parts: Vec<Box<[u8]>>,
        slots: Vec<Slot>,
        message: (Place, Place),
        parent: Option<u64>,
    ) -> Self {
        parts.resize_with(slots.len() + 1, Default::default);
        let id = content_id(&parts, &slots);
        Self {
            id,
            parent,
            parts,
            slots,
            message,
        }
    }

    /// The whole pattern with typed variables: `Accepted password for <word> from <ip> port <num>
    /// ssh2`.
    #[must_use]
    pub fn pattern(&self) -> String {
        self.render(self.whole(), false)
    }

    /// The pattern of the message alone, without header or JSON frame.
    #[must_use]
    pub fn message_pattern(&self) -> String {
        self.render(self.message, false)
    }

    /// The whole pattern with `<*>` for every variable, variables that touch written once, padding
    /// as one space.
    #[must_use]
    pub fn wildcard(&self) -> String {
        self.render(self.whole(), true)
    }

    /// As [`wildcard`](Self::wildcard), for the message alone.
    #[must_use]
    pub fn message_wildcard(&self) -> String {
        self.render(self.message, true)
    }

    /// Writes the line with these variable spans back together; the inverse of
    /// [`Miner::parse`](crate::Miner::parse).
    #[must_use]
    pub fn assemble<'a>(&self, mut variable: impl FnMut(usize) -> &'a [u8]) -> Vec<u8> {
        let mut line = Vec::new();
        for (i, part) in self.parts.iter().enumerate() {
            line.extend_from_slice(part);
            if i < self.slots.len() {
                line.extend_from_slice(variable(i));
            }
        }
        line
    }

    fn whole(&self) -> (Place, Place) {
        let last = self.parts.len().saturating_sub(1);
        let offset = self.parts.last().map_or(0, |p| p.len());
        (
            Place::default(),
            Place {
                part: last as u32,
                offset: offset as u32,
            },
        )
    }

    fn render(&self, (from, to): (Place, Place), plain: bool) -> String {
        let mut out = String::new();
        for (i, part) in self.parts.iter().enumerate() {
            let i = i as u32;
            if i < from.part || i > to.part {
                continue;
            }
            let start = if i == from.part {
                from.offset as usize
            } else {
                0
            };
            let end = if i == to.part {
                to.offset as usize
            } else {
                part.len()
            };
            out.push_str(&String::from_utf8_lossy(
                part.get(start..end).unwrap_or_default(),
            ));
            let Some(slot) = self.slots.get(i as usize).filter(|_| i < to.part) else {
                continue;
            };
            match slot.kind {
                VariableKind::Space => out.push(' '),
                _ if !plain => out.push_str(&slot.kind.to_string()),
                _ if out.ends_with("<*>") => {}
                _ => out.push_str("<*>"),
            }
        }
        out
    }
}

fn content_id(parts: &[Box<[u8]>], slots: &[Slot]) -> u64 {
    let mut hash = Xxh3::new();
    for (i, part) in parts.iter().enumerate() {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
        if let Some(slot) = slots.get(i) {
            let key = slot.key.as_deref().unwrap_or_default();
            hash.update(&[slot.kind as u8, u8::from(slot.key.is_some())]);
            hash.update(&(key.len() as u64).to_le_bytes());
            hash.update(key.as_bytes());
        }
    }
    hash.digest()
}
