//! Whether the lines of a template can hold some words in a row, judged from the template alone:
//! surely, surely not, or depending on the variables, and then on which of them.

use super::dictionary::{Element, TemplateInfo};

/// Words that must follow one another, lower case; the last may be but the beginning of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) words: Vec<Box<[u8]>>,
    pub(crate) is_prefix: bool,
}

/// What the template alone says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    Never,
    Always,
    /// It depends on the variables of these groups, given as first and last group of each stretch
    /// of the line that has to be looked at.
    Depends(Vec<(usize, usize)>),
}

/// What may stand in the variables.
pub(crate) trait Variables {
    /// True if a token of the group can be word number `word`.
    fn can_hold(&self, group: usize, word: usize) -> bool;
    /// True if word number `word` and the two after it can follow one another within the group.
    fn can_be_window(&self, group: usize, word: usize) -> bool;
    /// True if word number `word` can be the first token of the group.
    fn can_open(&self, group: usize, word: usize) -> bool;
    /// True if word number `word` can be the last token of the group.
    fn can_close(&self, group: usize, word: usize) -> bool;
    /// True if a group may hold no token at all.
    fn can_be_tokenless(&self) -> bool;
}

impl Words {
    fn is_at(&self, word: usize, token: &[u8]) -> bool {
        if self.is_prefix && word + 1 == self.words.len() {
            token.starts_with(&self.words[word])
        } else {
            *token == *self.words[word]
        }
    }

    /// Judges the lines of a template.
    pub(crate) fn judge(&self, info: &TemplateInfo, variables: &impl Variables) -> Judgement {
        if self.words.is_empty() || self.is_constant(info) {
            return Judgement::Always;
        }
        let stretches = if let [_] = self.words.as_slice() {
            (0..info.groups.len())
                .filter(|group| variables.can_hold(*group, 0))
                .map(|group| (group, group))
                .collect()
        } else {
            self.stretches(info, variables)
        };
        if stretches.is_empty() {
            Judgement::Never
        } else {
            Judgement::Depends(stretches)
        }
    }

    fn is_constant(&self, info: &TemplateInfo) -> bool {
        info.elements.windows(self.words.len()).any(|window| {
            window
                .iter()
                .enumerate()
                .all(|(word, element)| match element {
                    Element::Sure(token) => self.is_at(word, token),
                    Element::Group(_) => false,
                })
        })
    }

    /// The stretches of groups over which the words may lie. Works backwards over elements and
    /// words: `ends[e][w]` is the farthest element at which the words from `w` on may end if the
    /// first of them begins at or after the beginning of element `e`, right there.
    fn stretches(&self, info: &TemplateInfo, variables: &impl Variables) -> Vec<(usize, usize)> {
        let count = self.words.len();
        let elements = &info.elements;
        let width = count + 1;
        // Where the words end if those from `w` on begin with element `e`; 0 for nowhere, else the
        // element after the last one that is used.
        let mut from = vec![0u32; (elements.len() + 1) * width];
        for at in (0..elements.len()).rev() {
            let after = (at + 1) as u32;
            let (here, next) = (at * width, (at + 1) * width);
            // The same if word `w` is a token of this group, not necessarily its first: if the
            // word after it is not in the group, and if it is.
            let (mut last, mut inside) = (0u32, 0u32);
            for word in (0..count).rev() {
                let ends_after = |from: &[u32]| match word + 1 == count {
                    true => after,
                    false => from[next + word + 1],
                };
                match &elements[at] {
                    Element::Sure(token) => {
                        if self.is_at(word, token) {
                            from[here + word] = ends_after(&from);
                        }
                    }
                    Element::Group(group) => {
                        if variables.can_hold(*group, word) {
                            inside = match variables.can_be_window(*group, word) {
                                true => last.max(inside),
                                false => last,
                            };
                            let is_end = word + 1 == count || variables.can_close(*group, word);
                            last = if is_end { ends_after(&from) } else { 0 };
                        } else {
                            (last, inside) = (0, 0);
                        }
                        let skipped = match variables.can_be_tokenless() && word > 0 {
                            true => from[next + word],
                            false => 0,
                        };
                        let begun = match word == 0 || variables.can_open(*group, word) {
                            true => last.max(inside),
                            false => 0,
                        };
                        from[here + word] = begun.max(skipped);
                    }
                }
            }
        }
        let mut stretches: Vec<(usize, usize)> = Vec::new();
        for at in 0..elements.len() {
            let end = from[at * width] as usize;
            let groups = elements[at..end.max(at)]
                .iter()
                .filter_map(|element| match element {
                    Element::Group(group) => Some(*group),
                    Element::Sure(_) => None,
                });
            let (Some(first), Some(last)) = (groups.clone().min(), groups.max()) else {
                continue;
            };
            match stretches.last_mut() {
                Some(before) if first <= before.1 => before.1 = before.1.max(last),
                _ => stretches.push((first, last)),
            }
        }
        stretches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tocsin_domain::{Slot, Template, TemplateId, VariableKind};

    struct Any(bool);

    impl Variables for Any {
        fn can_hold(&self, _: usize, _: usize) -> bool {
            true
        }

        fn can_be_window(&self, _: usize, _: usize) -> bool {
            true
        }

        fn can_open(&self, _: usize, _: usize) -> bool {
            true
        }

        fn can_close(&self, _: usize, _: usize) -> bool {
            true
        }

        fn can_be_tokenless(&self) -> bool {
            self.0
        }
    }

    fn judge(parts: &[&str], words: &[&str]) -> Judgement {
        let slot = Slot {
            kind: VariableKind::Any,
            key: None,
        };
        let template = Template {
            id: TemplateId(1),
            parent: None,
            parts: parts.iter().map(|part| part.as_bytes().into()).collect(),
            slots: vec![slot; parts.len() - 1],
        };
        let words = Words {
            words: words.iter().map(|word| word.as_bytes().into()).collect(),
            is_prefix: false,
        };
        words.judge(&TemplateInfo::new(Arc::new(template), 0), &Any(false))
    }

    #[test]
    fn the_template_alone_says_whether_words_are_in_its_lines() {
        let parts = ["Failed password for ", " from ", " port ", ""];
        assert_eq!(judge(&parts, &["failed"]), Judgement::Always);
        assert_eq!(judge(&parts, &["password", "for"]), Judgement::Always);
        let each = Judgement::Depends(vec![(0, 0), (1, 1), (2, 2)]);
        assert_eq!(
            judge(&parts, &["for", "root"]),
            each,
            "or within any variable"
        );
        let both = Judgement::Depends(vec![(0, 1)]);
        assert_eq!(judge(&["a ", " b ", ""], &["x", "b", "y"]), both);
        assert_eq!(judge(&["ok"], &["failed"]), Judgement::Never);
        assert_eq!(
            judge(&["a ", " b"], &["a", "b"]),
            Judgement::Depends(vec![(0, 0)])
        );
    }
}
