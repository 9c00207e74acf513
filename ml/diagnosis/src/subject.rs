//! What an observation is about, and whether that is what was asked for.

use std::collections::BTreeSet;

use crate::fields::{Field, Names};
use crate::form::Reading;
use crate::question::Question;
use crate::vocabulary::{is_kind, is_stop};

/// The fewest letters of a name that is looked for within other names.
const PART_LETTERS_MIN: usize = 5;

/// Something with a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Subject {
    /// `pod`, `job`, …; empty where it is not known.
    pub kind: String,
    /// What it is called.
    pub name: String,
    /// The namespace, where one is known.
    pub namespace: Option<String>,
}

/// The subjects of a section: of the whole, and of its objects from a line on.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    whole: Option<Subject>,
    /// The line from which on an object is described, from 1.
    from: Vec<(u32, Subject)>,
}

impl Subjects {
    pub(crate) fn of(reading: &Reading) -> Self {
        let whole = told_by(&reading.section.about);
        let kind = whole
            .as_ref()
            .map(|subject| subject.kind.clone())
            .unwrap_or_default();
        let mut from: Vec<(u32, Subject)> = Vec::new();
        for field in &reading.fields {
            match field.path.as_slice() {
                [key] if key == "Name" && !field.value.is_empty() => {
                    let subject = Subject {
                        kind: kind.clone(),
                        name: field.value.clone(),
                        namespace: None,
                    };
                    from.push((field.place.line, subject));
                }
                [key] if key == "Namespace" => {
                    if let Some((_, subject)) = from.last_mut() {
                        subject.namespace = Some(field.value.clone());
                    }
                }
                _ => {}
            }
        }
        Self { whole, from }
    }

    /// What a line is about.
    pub(crate) fn at(&self, line: u32) -> Option<Subject> {
        let after = self.from.partition_point(|(from, _)| *from <= line);
        let object = after.checked_sub(1).and_then(|at| self.from.get(at));
        object
            .map(|(_, subject)| subject.clone())
            .or_else(|| self.whole.clone())
    }

    /// What a field is about: the object around it, or what its line is about.
    pub(crate) fn around(&self, field: &Field, names: &Names<'_>) -> Option<Subject> {
        if self.from.is_empty()
            && let Some(name) = names.around(field)
        {
            let whole = self.whole.as_ref().filter(|whole| whole.name == name);
            return Some(whole.cloned().unwrap_or_else(|| Subject {
                name: name.to_owned(),
                ..Subject::default()
            }));
        }
        self.at(field.place.line)
    }
}

/// Programs whose arguments are a verb, a kind and a name.
const TOOLS: [&str; 9] = [
    "kubectl",
    "oc",
    "k",
    "systemctl",
    "docker",
    "podman",
    "helm",
    "argocd",
    "kube-lineage",
];
/// Flags with a value.
const VALUED: [&str; 7] = [
    "-n",
    "--namespace",
    "-c",
    "--container",
    "-o",
    "--tail",
    "--since",
];

/// What a command or the name of a file says that its output is about: `kubectl logs web-1 -n shop`.
pub(crate) fn told_by(about: &str) -> Option<Subject> {
    let command = about.split(" | ").next().unwrap_or(about);
    let words: Vec<&str> = command
        .split(|c: char| c.is_whitespace() || matches!(c, '_' | '|' | ','))
        .filter(|word| !word.is_empty())
        .collect();
    let at = |names: &[&str]| {
        words
            .iter()
            .position(|word| names.contains(&word.to_lowercase().as_str()))
    };
    let after = |names: &[&str]| at(names).and_then(|at| words.get(at + 1)).copied();
    let named = |kind: &str, name: &str| Subject {
        kind: kind.to_owned(),
        name: name.to_owned(),
        namespace: after(&["-n", "--namespace"]).map(str::to_owned),
    };
    if let Some(at) = at(&["logs"]) {
        let rest = arguments(&words, at + 1);
        let name = rest.iter().find(|word| !is_kind(word) && word.len() > 2)?;
        return Some(named("pod", name.rsplit('/').next().unwrap_or(name)));
    }
    if let Some(unit) = after(&["-u", "--unit"]) {
        return Some(named("unit", unit));
    }
    let is_tool = words
        .first()
        .is_some_and(|word| TOOLS.contains(&word.to_lowercase().as_str()));
    let at = at(&["describe", "get", "status"]).filter(|_| is_tool)?;
    let rest = arguments(&words, at + 1);
    let (first, second) = (rest.first()?, rest.get(1));
    if let Some((kind, name)) = first.split_once('/') {
        return Some(named(kind, name));
    }
    match second {
        Some(name) if name.len() > 2 && !name.contains('=') => {
            Some(named(&first.to_lowercase(), name))
        }
        None if !is_kind(&first.to_lowercase()) && first.len() > 2 => Some(named("", first)),
        _ => None,
    }
}

/// The words from a place on that are neither flags nor their values.
fn arguments<'w>(words: &[&'w str], from: usize) -> Vec<&'w str> {
    let mut arguments = Vec::new();
    let mut is_value = false;
    for word in words.iter().skip(from) {
        let is_flag = word.starts_with('-');
        if !is_flag && !is_value {
            arguments.push(word.trim_end_matches(".txt"));
        }
        is_value = is_flag && VALUED.contains(word);
    }
    arguments
}

/// What was asked for, held against the names that the documents know.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) names: Vec<String>,
    /// Names of what belongs to them: claims, owners, nodes.
    pub(crate) related: BTreeSet<String>,
    pub(crate) namespaces: Vec<String>,
}

impl Asked {
    /// `known` are all names that stand in the documents.
    pub(crate) fn new(question: &Question, known: &BTreeSet<String>) -> Self {
        let mut names = question.names.clone();
        for name in known {
            let stem = stem(name).to_lowercase();
            let is_plain = is_stop(&stem)
                || is_kind(&stem)
                || stem.len() < 3
                || question.namespaces.contains(&stem);
            if !is_plain && question.words.contains(&stem) {
                names.push(stem);
            }
        }
        // A plain word may be the beginning of names: `redis` of `redis-master-0`.
        for word in &question.words {
            let is_start = |name: &String| name.to_lowercase().starts_with(&format!("{word}-"));
            let is_plain = is_stop(word)
                || is_kind(word)
                || word.len() < 4
                || question.namespaces.contains(word);
            if !is_plain && known.iter().any(is_start) {
                names.push(word.clone());
            }
        }
        names.sort_by_key(|name| name.to_lowercase());
        names.dedup();
        Self {
            names,
            related: BTreeSet::new(),
            namespaces: question.namespaces.clone(),
        }
    }

    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.names.iter().any(|asked| is_same(asked, name))
    }

    pub(crate) fn is_related(&self, name: &str) -> bool {
        self.related.iter().any(|related| is_same(related, name))
    }

    /// Whether nothing speaks against it: no name was asked for, or this one.
    pub(crate) fn admits(&self, subject: Option<&Subject>) -> bool {
        let Some(subject) = subject else { return true };
        if !self.names.is_empty() {
            return self.is_named(&subject.name) || self.is_related(&subject.name);
        }
        let Some(namespace) = &subject.namespace else {
            return true;
        };
        self.namespaces.is_empty() || self.namespaces.contains(&namespace.to_lowercase())
    }
}

/// Whether two names are of one thing: equal, or one is that of what the other owns.
fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let (a, b) = (last_part(&a), last_part(&b));
    let owns = |owner: &str, owned: &str| {
        owned
            .strip_prefix(owner)
            .is_some_and(|rest| rest.starts_with(['-', '.', '@', ':']))
    };
    !a.is_empty() && !b.is_empty() && (a == b || owns(a, b) || owns(b, a) || is_part(a, b))
}

/// Whether a name stands within another between signs: `rabbitmq` in `rabbit@rabbitmq-0.shop`.
fn is_part(asked: &str, name: &str) -> bool {
    asked.len() >= PART_LETTERS_MIN
        && name.match_indices(asked).any(|(at, found)| {
            let before = name[..at].chars().next_back();
            let after = name[at + found.len()..].chars().next();
            let is_sign = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            is_sign(before) && is_sign(after)
        })
}

/// `pod/web-1` is `web-1`.
fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A name without the hashes that Kubernetes puts behind it.
pub(crate) fn stem(name: &str) -> &str {
    let mut stem = name;
    for _ in 0..2 {
        let Some((head, tail)) = stem.rsplit_once('-') else {
            break;
        };
        let is_hash = (4..=11).contains(&tail.len())
            && tail
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            && (tail.contains(|c: char| c.is_ascii_digit())
                || !tail.contains(['a', 'e', 'i', 'o', 'u']));
        if !is_hash {
            break;
        }
        stem = head;
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::question::QuestionReader;

    #[test]
    fn commands_tell_what_their_output_is_about() {
        for (about, kind, name) in [
            ("kubectl logs web-1 -n shop", "pod", "web-1"),
            ("kubectl logs deploy/web --tail 20", "pod", "web"),
            ("kubectl describe job import -n shop", "job", "import"),
            ("kubectl -n shop describe pod web-1", "pod", "web-1"),
            ("kubectl_describe_pod_web-1.txt", "pod", "web-1"),
            ("journalctl -u nginx.service", "unit", "nginx.service"),
            ("systemctl status nginx", "", "nginx"),
        ] {
            let subject = told_by(about).unwrap();
            assert_eq!(
                (subject.kind.as_str(), subject.name.as_str()),
                (kind, name),
                "{about}"
            );
        }
        assert_eq!(told_by("kubectl get pods"), None);
        assert_eq!(told_by("app.log"), None);
    }

    #[test]
    fn hashes_are_no_part_of_a_stem() {
        for (name, expected) in [
            ("web-6bc5876d74-4lbfd", "web"),
            ("import-2s4j2", "import"),
            ("redis-master-0", "redis-master-0"),
            ("order-service", "order-service"),
        ] {
            assert_eq!(stem(name), expected);
        }
    }

    #[test]
    fn names_of_documents_are_found_in_questions() {
        let known: BTreeSet<String> = ["front-end-6bc5876d74-4lbfd", "kafka-0", "api", "pod"]
            .map(str::to_owned)
            .into();
        let asked = |text: &str| Asked::new(&QuestionReader::new().unwrap().read(text), &known);
        assert!(asked("why did the shop front-end stop?").is_named("front-end-6bc5876d74-4lbfd"));
        assert!(asked("is kafka healthy?").is_named("kafka-0"));
        assert!(!asked("is kafka healthy?").is_named("api"));
        assert!(asked("what is wrong?").admits(Some(&Subject {
            name: "x".into(),
            ..Subject::default()
        })));
        assert!(!asked("what is wrong with api?").admits(Some(&Subject {
            name: "kafka-0".into(),
            ..Subject::default()
        })));
    }
}
