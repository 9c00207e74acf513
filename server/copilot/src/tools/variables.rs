//! Where in a template the values stand that are asked for. Pure.
//!
//! A value that a kind of line always had is part of its template: `Failed password for root from <ip>`. It counts
//! where `root=` or the words around it are those around a variable of another template.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};

use tocsin_domain::{Slot, Template, VariableKind};

use super::error::ToolError;
use crate::understand::{Catalogue, Form, kind_named};

/// The most characters of what is asked for.
const OF_CHARS_MAX: usize = 64;

/// What is asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The word for one value, for sentences.
    pub(super) noun: String,
    /// What values have to be.
    pub(super) form: Option<Form>,
    kinds: Vec<VariableKind>,
    names: Vec<String>,
    loosely: Vec<String>,
}

/// The words around a value: the second and the first before it, and the one after it.
type Around = [String; 3];

/// Where values stand in a template.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Slots that hold them.
    pub(super) slots: Vec<usize>,
    /// The words around those that a word names.
    around: Vec<Around>,
    /// Values that are part of the template, named by a member.
    members: Vec<String>,
    /// Words that are part of the template, with those around them.
    words: Vec<(Around, String)>,
}

impl Places {
    /// The values that are part of the template; `known` are the words around slots of all templates.
    pub(super) fn fixed(&self, known: &HashSet<&Around>) -> Vec<&str> {
        let words = self.words.iter().filter(|(at, _)| known.contains(at));
        let words = words.map(|(_, word)| word.as_str());
        self.members
            .iter()
            .map(String::as_str)
            .chain(words)
            .collect()
    }

    /// The words around its slots.
    pub(super) fn around(&self) -> impl Iterator<Item = &Around> {
        self.around.iter()
    }
}

impl Wanted {
    /// What a name of the rules, of a kind of variable or of a member of lines means.
    pub(super) fn of(of: &str, catalogue: &Catalogue) -> Result<Self, ToolError> {
        let of = of.trim().to_lowercase();
        if of.is_empty() || of.chars().count() > OF_CHARS_MAX {
            return Err(ToolError::Invalid(
                "`of`: expected a kind of variable, such as `ip` or `user`, or the name of a member".into(),
            ));
        }
        let known = catalogue
            .variable_named(&of)
            .or_else(|| catalogue.variable(&of));
        if let Some(known) = known {
            return Ok(Self {
                noun: known.noun.clone(),
                form: known.form,
                kinds: known.slots.clone(),
                names: known.keys.iter().map(|key| plain(key)).collect(),
                loosely: known.loosely.clone(),
            });
        }
        // `customers` are values of `customer`.
        let one = of.strip_suffix('s').map(plain);
        Ok(Self {
            kinds: kind_named(&of).into_iter().collect(),
            names: [plain(&of)].into_iter().chain(one).collect(),
            noun: of,
            form: None,
            loosely: Vec::new(),
        })
    }

    /// A variable as the value that is counted; none if it is not what is asked for.
    pub(super) fn value(&self, variable: &str) -> Option<String> {
        let text = variable.trim_matches(['"', '\'']).trim();
        match self.form {
            _ if text.is_empty() => None,
            Some(Form::Address) => address(text).map(|found| found.to_string()),
            Some(Form::Name) => address(text).is_none().then(|| text.to_owned()),
            None => Some(text.to_owned()),
        }
    }

    /// Where values stand in a template.
    pub(super) fn places(&self, template: &Template) -> Places {
        let mut places = Places::default();
        let tokens = tokens(template);
        for (at, token) in tokens.iter().enumerate() {
            let around = around(&tokens, at);
            let Some((index, slot)) = token
                .slot
                .and_then(|at| Some((at, template.slots.get(at)?)))
            else {
                self.note_fixed(token, around, &mut places);
                continue;
            };
            let has_key = slot.key.as_deref().is_some_and(|key| self.is_named(key));
            let is_kind = self.kinds.contains(&slot.kind);
            let is_said = self.is_said(&around, slot);
            if has_key || is_kind || is_said {
                places.slots.push(index);
            }
            if is_said {
                places.around.push(around);
            }
        }
        places
    }

    /// Notes a value that is part of the template.
    fn note_fixed(&self, token: &Token, around: Around, places: &mut Places) {
        if let Some((key, value)) = token.text.split_once('=') {
            let value = value.trim_matches(|c: char| !c.is_alphanumeric());
            if self.is_named(word(key)) && !value.is_empty() {
                places.members.push(value.to_owned());
            }
            return;
        }
        let value = word(&token.text);
        let is_after = self.is_named(&around[1]) || self.loosely.contains(&around[1]);
        if is_after && !value.is_empty() {
            places.words.push((around, value.to_owned()));
        }
    }

    /// Whether the word before a slot says that it holds them.
    fn is_said(&self, around: &Around, slot: &Slot) -> bool {
        let is_word = matches!(
            slot.kind,
            VariableKind::Any
                | VariableKind::Word
                | VariableKind::Id
                | VariableKind::Email
                | VariableKind::Quoted
        );
        self.is_named(&around[1]) || (is_word && self.loosely.contains(&around[1]))
    }

    /// Whether a key, or the last part of it, is one of the names: `http.user`, `customer_id`.
    fn is_named(&self, key: &str) -> bool {
        let last = key.rsplit('.').next().unwrap_or(key);
        [key, last].into_iter().map(plain).any(|key| {
            self.names.iter().any(|name| {
                let rest = key.strip_prefix(name.as_str());
                rest.is_some_and(|rest| matches!(rest, "" | "id" | "name"))
            })
        })
    }
}

/// A piece of a template between white space, with one slot at most.
#[derive(Debug, Default)]
struct Token {
    /// The text before the slot; all of it where there is none.
    text: String,
    slot: Option<usize>,
    /// The text after the slot.
    tail: String,
}

fn tokens(template: &Template) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut token = Token::default();
    for (index, part) in template.parts.iter().enumerate() {
        for c in String::from_utf8_lossy(part).chars() {
            match token.slot {
                _ if c.is_whitespace() => tokens.push(std::mem::take(&mut token)),
                Some(_) => token.tail.push(c),
                None => token.text.push(c),
            }
        }
        let Some(slot) = template.slots.get(index) else {
            continue;
        };
        if slot.kind == VariableKind::Space {
            tokens.push(std::mem::take(&mut token));
            continue;
        }
        if token.slot.is_some() {
            let text = std::mem::take(&mut token.tail);
            tokens.push(std::mem::take(&mut token));
            token.text = text;
        }
        token.slot = Some(index);
    }
    tokens.push(token);
    tokens.retain(|token| token.slot.is_some() || !token.text.is_empty());
    tokens
}

/// The words around the value of a token. `port:<num>` has its word in itself.
fn around(tokens: &[Token], at: usize) -> Around {
    let plain_word = |at: Option<usize>| {
        let token = at.and_then(|at| tokens.get(at));
        let token = token.filter(|token| token.slot.is_none());
        token.map_or_else(String::new, |token| word(&token.text).to_lowercase())
    };
    let own = tokens
        .get(at)
        .filter(|token| token.slot.is_some())
        .map_or("", |token| word(&token.text));
    let after = plain_word(Some(at + 1));
    if own.is_empty() {
        let before = plain_word(at.checked_sub(1));
        [plain_word(at.checked_sub(2)), before, after]
    } else {
        [plain_word(at.checked_sub(1)), own.to_lowercase(), after]
    }
}

/// Without the punctuation around it.
fn word(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Letters and digits alone, in lower case.
fn plain(text: &str) -> String {
    let kept = text.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

/// An address, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_start_matches('/');
    let bare = text.trim_matches(['[', ']']).parse().ok();
    bare.or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A template of a pattern in which `{kind}` or `{kind=key}` are slots.
    fn template(pattern: &str) -> Template {
        let mut pieces = pattern.split('{');
        let mut parts = vec![Box::from(pieces.next().unwrap().as_bytes())];
        let mut slots = Vec::new();
        for piece in pieces {
            let (slot, rest) = piece.split_once('}').unwrap();
            let (kind, key) = slot.split_once('=').unwrap_or((slot, ""));
            slots.push(Slot {
                kind: match kind {
                    "space" => VariableKind::Space,
                    kind => kind_named(kind).unwrap_or(VariableKind::Any),
                },
                key: (!key.is_empty()).then(|| key.into()),
            });
            parts.push(Box::from(rest.as_bytes()));
        }
        Template {
            id: tocsin_domain::TemplateId(1),
            parent: None,
            parts,
            slots,
        }
    }

    fn wanted(of: &str) -> Wanted {
        Wanted::of(of, &Catalogue::built_in().unwrap()).unwrap()
    }

    #[test]
    fn slots_are_found_by_kind_by_key_and_by_the_word_before() {
        for (of, pattern, expected) in [
            (
                "ip",
                "password for {word} from {ip} port {num} ssh2",
                vec![1],
            ),
            ("ip", "block src: /{ip}:{num} dest: /{ip}:{num}", vec![0, 2]),
            ("ip", "logname= uid={num=uid} rhost={host=rhost}", vec![1]),
            ("user", "password for {word} from {ip} port {num}", vec![0]),
            ("user", "Invalid user{space}{id} from {ip}", vec![1]),
            ("user", "session for user {num}, waits for {num}", vec![0]),
            ("user", "ruser={word=ruser} user={word=user}", vec![1]),
            ("port", "from {ip} port {num}, port={num=port}", vec![1, 2]),
            ("port", "listens at port:{num}", vec![0]),
            (
                "customer",
                "c={word=customer_id} d={word=customers_max}",
                vec![0],
            ),
            ("port", "ip:{ip},port:{num}", vec![1]),
            ("customers", "order of customer {id} failed", vec![0]),
            ("status", "status={num=http.status} {num}", vec![0]),
            ("path", "GET {path} {num=status}", vec![0]),
            ("uuid", "request {uuid} took {duration}", vec![0]),
            ("nobody", "request {uuid} took {duration}", vec![]),
        ] {
            let places = wanted(of).places(&template(pattern));
            assert_eq!(places.slots, expected, "{of}: {pattern}");
        }
    }

    #[test]
    fn a_value_that_is_part_of_a_template_counts_where_another_template_has_a_variable() {
        let user = wanted("user");
        let varies = user.places(&template("Failed password for {word} from {ip}"));
        let known: HashSet<&Around> = varies.around().collect();
        for (pattern, expected) in [
            ("Failed password for root from {ip}", vec!["root"]),
            ("authentication failure; user=uucp", vec!["uucp"]),
            ("check pass; user unknown", vec![]),
            ("waiting for connection from {ip}", vec![]),
            ("no user= given", vec![]),
        ] {
            let places = user.places(&template(pattern));
            assert_eq!(places.fixed(&known), expected, "{pattern}");
        }
    }

    #[test]
    fn addresses_are_counted_without_their_port_and_names_are_none() {
        let (ip, host) = (wanted("ip"), wanted("host"));
        for (text, expected) in [
            ("10.0.0.1", Some("10.0.0.1")),
            ("/10.0.0.1:50010", Some("10.0.0.1")),
            ("[2001:db8::1]:443", Some("2001:db8::1")),
            ("ns.example.com", None),
            ("10.0.0", None),
        ] {
            assert_eq!(ip.value(text).as_deref(), expected, "{text}");
            assert_eq!(host.value(text).is_none(), expected.is_some(), "{text}");
        }
        assert_eq!(wanted("path").value("\"\""), None);
    }
}
