//! What is strange about a session, as a sentence.

use std::collections::HashMap;
use std::sync::Arc;

use tocsin_domain::ports::TemplateSummary;
use tocsin_domain::{Template, TemplateId};
use tocsin_sequence::{Difference, Step, Verdict};

/// The most of a template that is quoted, in characters.
const QUOTE_MAX: usize = 80;
/// How many differences are named.
const NAMED_MAX: usize = 3;
/// The most templates that are remembered; beyond it all are learned anew.
const TEMPLATES_MAX: usize = 50_000;
/// The most templates that generalise each other in turn.
const LINEAGE_MAX: usize = 100;

/// What events are called, and which are the same: a template that generalises another is the same
/// event as it.
#[derive(Debug, Default)]
pub(super) struct Events {
    roots: HashMap<TemplateId, TemplateId>,
    texts: HashMap<TemplateId, Arc<str>>,
}

impl Events {
    /// The events of templates that were met before.
    pub(super) fn knowing(templates: &[TemplateSummary]) -> Self {
        let parents: HashMap<TemplateId, TemplateId> = templates
            .iter()
            .filter_map(|one| Some((one.template.id, one.template.parent?)))
            .collect();
        let mut events = Self::default();
        for TemplateSummary { template, .. } in templates.iter().take(TEMPLATES_MAX) {
            let mut root = template.id;
            // Templates that are each other's parents would be a fault of the register.
            for _ in 0..LINEAGE_MAX {
                let Some(parent) = parents.get(&root) else {
                    break;
                };
                root = *parent;
            }
            events.roots.insert(template.id, root);
            events.texts.insert(root, cut(&template.pattern()).into());
        }
        events
    }

    /// The event that a line of a template is.
    pub(super) fn of(&mut self, template: &Template) -> u64 {
        if let Some(root) = self.roots.get(&template.id) {
            return root.0;
        }
        if self.roots.len() >= TEMPLATES_MAX {
            self.roots.clear();
            self.texts.clear();
        }
        let parent = template.parent;
        let root = parent.map_or(template.id, |parent| {
            self.roots.get(&parent).copied().unwrap_or(parent)
        });
        self.roots.insert(template.id, root);
        // The newest wording, which is the most general.
        self.texts.insert(root, cut(&template.pattern()).into());
        root.0
    }

    fn quote(&self, event: u64) -> String {
        match self.texts.get(&TemplateId(event)) {
            Some(text) => format!("\"{text}\""),
            None => format!("template {}", TemplateId(event)),
        }
    }

    /// A sentence about a strange session of a source.
    pub(super) fn explain(&self, source: &str, name: Option<&str>, verdict: &Verdict) -> String {
        let mut said: Vec<String> = Vec::new();
        for one in verdict.differences.iter().take(NAMED_MAX) {
            said.push(self.difference(one));
        }
        if said.is_empty() {
            said.extend(verdict.steps.iter().take(1).map(|step| self.step(step)));
        }
        let who = name.map_or_else(|| "a session".to_owned(), |name| format!("session {name}"));
        match said.is_empty() {
            true => format!("{who} of {source} is unlike all before"),
            false => format!(
                "{who} of {source} is unlike all before: {}",
                said.join("; ")
            ),
        }
    }

    fn difference(&self, one: &Difference) -> String {
        let text = self.quote(one.template);
        match (one.seen, one.usual) {
            (0, _) => format!("it lacks {text}"),
            (seen, _) if one.is_new => format!("it says {text} {}, which none did", times(seen)),
            (seen, 0) => format!("it says {text} {}, usually never", times(seen)),
            (seen, usual) => format!("it says {text} {}, usually {}", times(seen), times(usual)),
        }
    }

    fn step(&self, step: &Step) -> String {
        match (step.before, step.after) {
            (Some(before), Some(after)) => {
                let (before, after) = (self.quote(before), self.quote(after));
                format!("{after} right after {before} was never seen")
            }
            (None, Some(after)) => format!("it begins with {}", self.quote(after)),
            (Some(before), None) => format!("it ends with {}", self.quote(before)),
            (None, None) => "it is empty".into(),
        }
    }
}

fn times(count: u32) -> String {
    match count {
        1 => "once".into(),
        2 => "twice".into(),
        more => format!("{more} times"),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(QUOTE_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
