//! Prose as sentences, and the ids that stand in them in brackets.

/// Words that end with a point inside a sentence.
const SHORT: [&str; 10] = [
    "e.g", "i.e", "etc", "approx", "vs", "no", "nr", "fig", "ca", "resp",
];

/// Cuts prose into sentences: at `.`, `!`, `?` before a space, and at line ends. Brackets that follow
/// the end, such as `[E1]`, belong to the sentence before. Marks of lists and headings are cut off.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    for line in text.lines() {
        let line = without_list_mark(line.trim());
        let mut start = 0;
        for (at, c) in line.char_indices() {
            let end = at + c.len_utf8();
            if at < start || !matches!(c, '.' | '!' | '?' | '。') {
                continue;
            }
            let word = line[start..at]
                .rsplit(char::is_whitespace)
                .next()
                .unwrap_or_default();
            let is_short = SHORT.contains(&word.trim_start_matches('(').to_lowercase().as_str());
            let after = &line[end..];
            if is_short
                || !(after.is_empty() || after.starts_with([' ', '\t', '[', '【', '"', '”', ')']))
            {
                continue;
            }
            let end = end + trailing_brackets(after);
            sentences.push(line[start..end].trim().to_owned());
            start = end;
        }
        sentences.push(line[start..].trim().to_owned());
    }
    sentences.retain(|sentence| sentence.chars().any(char::is_alphanumeric));
    sentences
}

/// How many bytes of closing quotes and brackets with ids follow the end of a sentence.
fn trailing_brackets(after: &str) -> usize {
    let mut rest = after.trim_start_matches(['"', '”', ')']);
    loop {
        let trimmed = rest.trim_start_matches([' ', ',']);
        match bracket(trimmed) {
            Some((_, length)) => rest = trimmed[length..].trim_start_matches('.'),
            None => return after.len() - rest.len(),
        }
    }
}

fn without_list_mark(line: &str) -> &str {
    let bare = line.trim_start_matches(['#', '>', '-', '*', '•', ' ']);
    let bare = if bare.starts_with(|c: char| c.is_ascii_digit())
        && line != bare
        && line.starts_with('-')
        && !line.starts_with("- ")
    {
        // A negative number begins the line.
        line
    } else {
        bare
    };
    let digits = bare.len() - bare.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if (1..=2).contains(&digits) {
        let after = &bare[digits..];
        if let Some(text) = after
            .strip_prefix(". ")
            .or_else(|| after.strip_prefix(") "))
        {
            return text;
        }
    }
    bare
}

/// Whether a text has the form of an id: letters, perhaps a sign, digits, as `E3` or `log-12`.
fn is_id(text: &str) -> bool {
    let digits = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let letters = text.len() - digits.len();
    let digits = digits.strip_prefix(['-', '_', ':']).unwrap_or(digits);
    (1..=12).contains(&letters)
        && (1..=9).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Ids in brackets at the start of a text, and how many bytes that is: `[E1]`, `[E1, E2]`, `【E1】`.
fn bracket(text: &str) -> Option<(Vec<&str>, usize)> {
    let (open, close) = match text.chars().next()? {
        '[' => ('[', ']'),
        '【' => ('【', '】'),
        _ => return None,
    };
    let end = text.find(close)?;
    let inner = text.get(open.len_utf8()..end)?.trim_start_matches('^');
    let ids: Vec<&str> = inner
        .split([',', ';', ' '])
        .map(|id| id.trim().trim_start_matches('^'))
        .filter(|id| !id.is_empty() && *id != "and" && *id != "&")
        .collect();
    let are_ids = !ids.is_empty() && ids.iter().all(|id| is_id(id));
    are_ids.then_some((ids, end + close.len_utf8()))
}

/// Takes the ids in brackets out of a sentence. `(E1)` is taken out too where `knows` the id.
pub(super) fn take_cites(sentence: &str, knows: impl Fn(&str) -> bool) -> (String, Vec<String>) {
    let mut text = String::with_capacity(sentence.len());
    let mut cites = Vec::new();
    let mut rest = sentence;
    while let Some(c) = rest.chars().next() {
        if let Some((ids, length)) = bracket(rest) {
            cites.extend(ids.into_iter().map(str::to_owned));
            rest = &rest[length..];
            continue;
        }
        let round = rest.strip_prefix('(').and_then(|inner| {
            let end = inner.find(')')?;
            let ids: Vec<&str> = inner[..end].split(',').map(str::trim).collect();
            ids.iter().all(|id| knows(id)).then_some((ids, end + 2))
        });
        if let Some((ids, length)) = round {
            cites.extend(ids.into_iter().map(str::to_owned));
            rest = &rest[length..];
            continue;
        }
        text.push(c);
        rest = &rest[c.len_utf8()..];
    }
    (tidy(&text), cites)
}

/// Closes the gaps that ids leave: no two spaces, none before a point.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let is_point = matches!(word, "." | "," | "!" | "?" | ";" | ":");
        if !out.is_empty() && !is_point {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_a_reader_ends_them() {
        let text = "1. The disk is full [E1]. It has 93.4 % used, e.g. /var.[E2] [E3] Next!\n- web-1 fails\n\n## Why\n-5 dB is low.";
        assert_eq!(
            split(text),
            [
                "The disk is full [E1].",
                "It has 93.4 % used, e.g. /var.[E2] [E3]",
                "Next!",
                "web-1 fails",
                "Why",
                "-5 dB is low.",
            ]
        );
    }

    #[test]
    fn ids_are_taken_out_and_words_in_brackets_stay() {
        let take = |text| take_cites(text, |id| id == "E4");
        assert_eq!(
            take("Disk [E1, E2] is full 【E3】 (E4) (E5) [ERROR] [x]."),
            (
                "Disk is full (E5) [ERROR] [x].".to_owned(),
                ["E1", "E2", "E3", "E4"].map(String::from).to_vec()
            )
        );
        assert_eq!(take("[^E1] a").1, ["E1"]);
        assert_eq!(take("index[12]").1, Vec::<String>::new());
    }
}
