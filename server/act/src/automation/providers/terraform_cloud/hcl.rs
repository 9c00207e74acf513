//! Values as literals of HCL, which is how a run takes its variables. Nothing in a text is syntax:
//! no interpolation, no directive, no end of the text.

use tocsin_domain::automation::Param;

/// A value as an expression that is nothing but that value.
pub(super) fn literal(value: &Param) -> String {
    match value {
        Param::Null => "null".to_owned(),
        Param::Bool(truth) => truth.to_string(),
        Param::Int(number) => number.to_string(),
        Param::Number(number) => serde_json::Value::from(*number).to_string(),
        Param::Text(text) => quoted(text),
        Param::List(values) => {
            let values: Vec<String> = values.iter().map(literal).collect();
            format!("[{}]", values.join(", "))
        }
        Param::Map(values) => {
            let pair = |(name, value): (&String, &Param)| {
                // In parentheses a key is a value, never a name.
                format!("({}) = {}", quoted(name), literal(value))
            };
            let pairs: Vec<String> = values.iter().map(pair).collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    let mut all = String::with_capacity(text.len() + 2);
    all.push('"');
    let mut rest = text.chars().peekable();
    while let Some(sign) = rest.next() {
        match sign {
            '"' | '\\' => {
                all.push('\\');
                all.push(sign);
            }
            '\n' => all.push_str("\\n"),
            '\r' => all.push_str("\\r"),
            '\t' => all.push_str("\\t"),
            // Twice, it is itself and begins nothing.
            '$' | '%' if rest.peek() == Some(&'{') => {
                all.push(sign);
                all.push(sign);
            }
            ' '..='~' => all.push(sign),
            _ => match u32::from(sign) {
                code @ 0..=0xffff => all.push_str(&format!("\\u{code:04x}")),
                code => all.push_str(&format!("\\U{code:08x}")),
            },
        }
    }
    all.push('"');
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_literal() {
        let text = |text: &str| literal(&Param::Text(text.into()));
        assert_eq!(text("a\"b\\c\n"), r#""a\"b\\c\n""#);
        assert_eq!(
            text("${x} $${y} %{z} $5 100%"),
            r#""$${x} $$${y} %%{z} $5 100%""#
        );
        assert_eq!(text("é😀\u{1b}"), r#""\u00e9\U0001f600\u001b""#);
    }
}
