//! What stays of a line when what varies is taken out: lines of one shape say the same.

/// The most characters of a shape.
const SHAPE_CHARS_MAX: usize = 400;

/// The line in lower case without numbers, ids, addresses and quoted values.
pub(crate) fn shape(line: &str) -> String {
    let mut out = String::with_capacity(line.len().min(SHAPE_CHARS_MAX));
    for word in line.split_whitespace() {
        if out.len() >= SHAPE_CHARS_MAX {
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        let parts = word.split_inclusive(['=', ':', '/', '(', ',', '"', '\'', '[', '{']);
        for part in parts {
            push(part, &mut out);
        }
    }
    out
}

fn push(part: &str, out: &mut String) {
    let is_variable = part.contains(|c: char| c.is_ascii_digit()) || is_random(part);
    if !is_variable {
        out.extend(part.chars().flat_map(char::to_lowercase));
        return;
    }
    if !out.ends_with('*') {
        out.push('*');
    }
    let end = part.chars().next_back();
    out.extend(end.filter(|c| !c.is_alphanumeric()));
}

/// Long words of mixed case without vowels enough to be spoken are ids.
fn is_random(part: &str) -> bool {
    let letters = part.chars().filter(char::is_ascii_alphabetic).count();
    let vowels = part.chars().filter(|c| "aeiouyAEIOUY".contains(*c)).count();
    letters >= 10 && part.len() == letters && vowels * 6 < letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_in_numbers_and_ids_have_one_shape() {
        let a = "Query 17 of user_1062 from 10.0.0.1 failed: id=(496255) - RequestID: k92x86k8msd";
        let b = "Query 4 of user_9 from 10.0.22.1 failed: id=(1) - RequestID: 7tjp58wxyed";
        assert_eq!(shape(a), shape(b));
        assert_ne!(
            shape(a),
            shape("Query 4 of user_9 from 10.0.22.1 succeeded")
        );
        assert_eq!(shape("took 12ms"), "took *");
    }
}
