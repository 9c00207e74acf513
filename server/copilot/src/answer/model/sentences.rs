//! Sentences of an answer as they arrive: each is given as soon as its object is whole.

use super::evidence::Sentence;

/// The most bytes of an answer.
const BYTES_MAX: usize = 256 << 10;

/// What arrived so far, and which of it was given.
#[derive(Debug, Default)]
pub(super) struct Arriving {
    text: String,
    /// The place after the last sentence that was given; none before the list began.
    given: Option<usize>,
}

impl Arriving {
    /// Takes more text, and gives the sentences that are whole now.
    pub(super) fn push(&mut self, more: &str) -> Vec<Sentence> {
        if self.text.len() + more.len() <= BYTES_MAX {
            self.text.push_str(more);
        }
        let mut whole = Vec::new();
        while let Some(sentence) = self.next() {
            whole.push(sentence);
        }
        whole
    }

    /// All that arrived.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn next(&mut self) -> Option<Sentence> {
        // What a model thinks aloud is no answer, whatever it looks like.
        let thought = self.text.rfind("</think>");
        if thought.is_none() && self.text.trim_start().starts_with("<think>") {
            return None;
        }
        let begin = thought.unwrap_or(0);
        let at = match self.given.filter(|at| *at > begin) {
            Some(at) => at,
            None => {
                let list = self.text.get(begin..)?.find("\"sentences\"")? + begin;
                let open = self.text.get(list..)?.find('[')? + list + 1;
                *self.given.insert(open)
            }
        };
        let rest = self.text.get(at..)?;
        let skipped = rest.len() - rest.trim_start_matches([',', ' ', '\n', '\r', '\t']).len();
        let rest = rest.get(skipped..)?;
        if !rest.starts_with('{') {
            return None;
        }
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Sentence>();
        let sentence = stream.next()?.ok()?;
        self.given = Some(at + skipped + stream.byte_offset());
        Some(sentence)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANSWER: &str = r#"<think>{"sentences": [</think>{"sentences": [
        {"text": "It is full. \"}\" [", "cites": ["E1"]}, {"text": "Since ä.", "cites": []}
    ]}"#;

    proptest! {
        #[test]
        fn sentences_come_whole_wherever_the_text_is_cut(cuts in proptest::collection::vec(0usize..ANSWER.len(), 0..8)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|at| ANSWER.floor_char_boundary(at)).collect();
            cuts.extend([0, ANSWER.len()]);
            cuts.sort_unstable();
            let mut arriving = Arriving::default();
            let mut found = Vec::new();
            for pair in cuts.windows(2) {
                found.extend(arriving.push(&ANSWER[pair[0]..pair[1]]));
            }
            let texts: Vec<&str> = found.iter().map(|one| one.text.as_str()).collect();
            prop_assert_eq!(texts, ["It is full. \"}\" [", "Since ä."]);
            prop_assert_eq!(arriving.into_text(), ANSWER);
        }

        #[test]
        fn nothing_breaks_it(text in "\\PC{0,80}") {
            let mut arriving = Arriving::default();
            arriving.push(&text);
            arriving.push("{\"sentences\":[");
            arriving.push(&text);
        }
    }
}
