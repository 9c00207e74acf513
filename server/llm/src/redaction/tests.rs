//! The shipped rules against their cases, and what holds of redaction whatever the text.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::restore::{Restorer, Writing};
use super::rules::{RedactionRules, built_in, written};
use super::*;

static RULES: LazyLock<Arc<RedactionRules>> =
    LazyLock::new(|| Arc::new(RedactionRules::load(None).unwrap()));

fn rules() -> Arc<RedactionRules> {
    Arc::clone(&RULES)
}

fn redactor() -> Redactor {
    Redactor::new(rules(), &[])
}

#[test]
fn every_rule_finds_what_its_cases_mark_and_leaves_the_rest() {
    let checked = built_in()
        .into_iter()
        .filter_map(|rule| rule.check_cases().err());
    let wrong: Vec<String> = checked.map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(built_in().len() >= 35);
}

#[test]
fn the_same_value_has_the_same_placeholder_and_comes_back() {
    let mut redactor = redactor();
    let text = "10.0.0.1 -> 10.0.0.2, again 10.0.0.1; mail bob@example.de";
    let redacted = redactor.redact(text);
    assert_eq!(redacted, "<IP_1> -> <IP_2>, again <IP_1>; mail <EMAIL_1>");
    assert_eq!(redactor.restore(&redacted), text);
    let expected = [("EMAIL".to_owned(), 1), ("IP".to_owned(), 2)];
    assert_eq!(redactor.counts(), expected);
}

#[test]
fn what_looks_like_a_placeholder_is_not_taken_for_ours() {
    let mut redactor = redactor();
    let text = "someone wrote <IP_1> and \\u003cIP_2\\u003e before 10.0.0.1";
    let redacted = redactor.redact(text);
    assert_eq!(
        redacted,
        "someone wrote <LITERAL_1> and <LITERAL_2> before <IP_1>"
    );
    assert_eq!(redactor.restore(&redacted), text);
    assert_eq!(
        redactor.restore("<IP_9> <X_1> <ip_1> <IP_1"),
        "<IP_9> <X_1> <ip_1> <IP_1"
    );
    assert_eq!(redactor.counts(), [("IP".to_owned(), 1)]);
}

#[test]
fn json_stays_json_and_is_looked_at_as_what_it_says() {
    let mut redactor = redactor();
    let text = r#"{"password": "p\"a ss", "ip":["10.0.0.1"], "card":4111111111111111, "n": 17,
 "line":"user=bob pw=\"x\" key={\"api_key\":\"a\\/b c\"}", "tokens": 5, "passwords": ["a1", "b2"],
 "inner": "{\"client_secret\": \"s\\\"3\"}", "ok": null, "10.0.0.2": true}"#;
    let redacted = redactor.redact(text);
    let value: serde_json::Value = serde_json::from_str(&redacted).unwrap();
    assert_eq!(value["password"], "<PASSWORD_1>");
    assert_eq!(value["ip"][0], "<IP_1>");
    assert_eq!(value["card"], "<CARD_1>");
    assert_eq!((&value["n"], &value["tokens"]), (&17.into(), &5.into()));
    let line = value["line"].as_str().unwrap();
    assert!(line.contains("user=<USER_1>"), "{line}");
    assert!(line.contains("\"api_key\":\"<SECRET_"), "{line}");
    assert!(!line.contains("b c"), "{line}");
    let inner: serde_json::Value = serde_json::from_str(value["inner"].as_str().unwrap()).unwrap();
    assert!(
        inner["client_secret"]
            .as_str()
            .unwrap()
            .starts_with("<SECRET_"),
        "{inner}"
    );
    assert_eq!(value["<IP_2>"], true);
    let restored = redactor.originals().restore_json(&redacted);
    let restored: serde_json::Value = serde_json::from_str(&restored).unwrap();
    assert_eq!(restored["password"], "p\"a ss");
    assert_eq!(restored["10.0.0.2"], true);
}

#[test]
fn the_name_of_a_field_may_stand_beside_its_value() {
    let text = r#"[{"name": "DB_PASSWORD", "value": "hunter two"}, {"name": "REPLICAS", "value": "3"},
        {"key": "Cookie", "value": "sid=a1; x=2"}, {"headers": {"Authorization": ["Basic dXNlcjpwdw=="]}},
        {"value": "early", "name": "API_TOKEN"}]"#;
    let redacted = redactor().redact(text);
    for secret in ["hunter", "sid=a1", "dXNlcjpwdw"] {
        assert!(!redacted.contains(secret), "{redacted}");
    }
    assert!(
        redacted.contains("\"REPLICAS\", \"value\": \"3\""),
        "{redacted}"
    );
}

#[test]
fn placeholders_that_are_cut_between_pieces_come_back() {
    let mut redactor = redactor();
    redactor.redact("10.0.0.1 and 10.0.0.2");
    for size in 1..12 {
        let mut restorer = Restorer::new(redactor.originals(), Writing::Plain);
        let text = "a < b <IP_1><IP_2> <<IP_1> é <IP_ <T>::<U>() <IP_1";
        let chars: Vec<char> = text.chars().collect();
        let mut out = String::new();
        for piece in chars.chunks(size) {
            out += &restorer.push(&piece.iter().collect::<String>());
        }
        out += &restorer.finish();
        assert_eq!(
            out,
            "a < b 10.0.0.110.0.0.2 <10.0.0.1 é <IP_ <T>::<U>() <IP_1"
        );
    }
}

#[test]
fn values_in_an_answer_of_json_are_written_as_json() {
    let mut redactor = redactor();
    redactor.redact("password=\"a\\b\"");
    let mut restorer = Restorer::new(redactor.originals(), Writing::Json);
    let out = restorer.push("{\"text\": \"it is <PASSWORD_1>\"}") + &restorer.finish();
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["text"], "it is a\\b");
}

#[test]
fn known_hosts_are_cut_out_as_words() {
    let hosts = [
        "web-1".to_owned(),
        "web-10".to_owned(),
        "localhost".to_owned(),
    ];
    let mut redactor = Redactor::new(rules(), &hosts);
    let text = "web-1 web-10 web-100 (web-1) xweb-1 localhost \\nweb-1";
    let redacted = redactor.redact(text);
    assert_eq!(
        redacted,
        "<HOST_1> <HOST_2> web-100 (<HOST_1>) xweb-1 localhost \\n<HOST_1>"
    );
}

#[test]
fn ids_and_times_stay() {
    let stays = [
        "0193b3c1-7d2a-7c3e-9f00-0123456789ab",
        "2024-05-01T10:11:12.123456Z took 1700000000000000000 ns",
        "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7",
        "Failed password for root from <*> port <*> ssh2",
        "java.lang.NullPointerException at com.acme.shop.Cart.add(Cart.java:42)",
        "gateway stripe: ETIMEDOUT after 30000 ms",
        "disk /dev/sda1 92.5% full, 1.2.3 released, sshd.service failed",
        "E1 E2 [E3] order 4821 of 5 in std::collections::HashMap",
    ];
    for text in stays {
        assert_eq!(redactor().redact(text), text);
    }
}

#[test]
fn a_file_that_cannot_be_is_refused_with_what_is_wrong() {
    let refused = |text: &str| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        RedactionRules::load(Some(file.path()))
            .unwrap_err()
            .to_string()
    };
    let rule = "rules:\n  - id: x\n    kind: X\n";
    assert!(refused("rules:\n  - id: x\n    knd: X\n").contains("line 3"));
    assert!(refused(rule).contains("either `pattern` or `value_of`"));
    assert!(refused(&format!("{rule}    pattern: '('\n")).contains("`x`"));
    let without = format!("{rule}    pattern: 'a+'\n");
    assert!(refused(&without).contains("expected cases"));
    let wrong = format!("{without}    finds: ['b «aa» a']\n    leaves: [b]\n");
    assert!(
        refused(&wrong).contains("it finds [\"aa\", \"a\"]"),
        "{}",
        refused(&wrong)
    );
    assert!(refused(&rule.replace("kind: X", "kind: x y")).contains("`kind`"));
    let missing = RedactionRules::load(Some("/nowhere".as_ref())).unwrap_err();
    assert!(missing.to_string().contains("/nowhere"));
    assert!(written("rules: []").unwrap().is_empty());
}

#[test]
fn a_long_text_is_looked_at_in_good_time() {
    let line = "2024-05-01 host=web user=x a-b_c.d@ 1:2:3: https://a.b/c?d=e password password=\n";
    let text = line.repeat(4_000) + &"a-".repeat(50_000) + &"\\\"".repeat(50_000);
    let began = std::time::Instant::now();
    let mut redactor = redactor();
    let redacted = redactor.redact(&text);
    assert_eq!(redactor.restore(&redacted), text);
    // Two thousand times what a compiled build needs; what is not linear takes hours.
    assert!(began.elapsed().as_secs() < 120, "{:?}", began.elapsed());
}

/// Pieces of which texts with secrets in odd places are made.
fn odd_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("password=".to_owned()),
        Just("\"token\": \"".to_owned()),
        Just("\\\"".to_owned()),
        Just("<IP_1>".to_owned()),
        Just("<".to_owned()),
        Just("\\".to_owned()),
        Just("'".to_owned()),
        Just("10.0.0.1".to_owned()),
        Just("a@b.de".to_owned()),
        Just("::".to_owned()),
        Just("user=".to_owned()),
        Just("https://u:p@h/".to_owned()),
        Just("eyJ".to_owned()),
        Just("Cookie: ".to_owned()),
        Just("{\"a\": ".to_owned()),
        Just("}".to_owned()),
        "[ -~]{0,8}",
        "\\PC{0,3}",
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn redact_and_restore_is_identity(text in odd_text()) {
        let mut redactor = redactor();
        let redacted = redactor.redact_plain(&text);
        prop_assert_eq!(redactor.restore(&redacted), text.clone());
        let swept = redactor.sweep(&redacted);
        prop_assert_eq!(redactor.restore(&swept), text);
    }

    #[test]
    fn a_secret_in_a_field_or_a_quoted_value_does_not_survive(
        secret in "[a-zA-Z0-9!@#$%^&*(){};,./\\\\\"' -]{5,20}[a-z0-9]",
        before in "[a-z ]{0,10}",
    ) {
        prop_assume!(!secret.contains("secret"));
        let object = serde_json::json!({"x": before, "db_password": secret, "l": [{"api_key": secret}]});
        let line = format!("{before} password={} ok", serde_json::Value::from(secret.as_str()));
        let nested = serde_json::json!({"line": line}).to_string();
        for text in [object.to_string(), line, format!("got {nested}"), nested] {
            let mut redactor = redactor();
            let redacted = redactor.redact(&text);
            let escaped = json::escaped(&secret);
            prop_assert!(!redacted.contains(&secret) && !redacted.contains(&escaped), "{}", redacted);
        }
    }

    #[test]
    fn a_secret_after_a_key_does_not_survive(
        secret in "[A-Z0-9][A-Za-z0-9!@$%^*_+=~.-]{5,20}[A-Z0-9]",
        key in proptest::sample::select(vec![
            "password", "DB_PASSWORD", "dbPassword", "spring.datasource.password", "passwd", "pwd",
            "client_secret", "api_key", "apiKey", "X-Api-Key", "access_token", "token", "secret",
            "AWS_SECRET_ACCESS_KEY", "private_key", "credentials",
        ]),
        around in proptest::sample::select(vec![
            ("", "=", ""), ("", ": ", ""), ("", " = ", " and more"), ("\"", "\": \"", "\""),
            ("'", "': '", "',"), ("{", ":", "}"), ("(", "=", ")"), ("?", "=", "&x=1"),
            ("a=1;", "=", ";b=2"), ("a=1,", "=", ",b=2"), ("\\\"", "\\\":\\\"", "\\\""),
            ("--", " ", " -h x"), ("--", "=", ""), ("export ", "=\"", "\""), (":", " => '", "'"),
            ("", ":=", ""), ("[", "=", "]"), ("x|", "=", "|y=2"), ("{\"m\":\"", "=", "\\n\"}"),
        ]),
    ) {
        let (before, separator, after) = around;
        let text = format!("{before}{key}{separator}{secret}{after}");
        let redacted = redactor().redact(&text);
        prop_assert!(!redacted.contains(&secret), "{} -> {}", text, redacted);
        // Nor more of it than a character or two that may belong to what follows.
        prop_assert!(!redacted.contains(&secret[secret.len() - 4..]), "{} -> {}", text, redacted);
        prop_assert_eq!(
            redacted.matches(['"', '\\']).count(),
            text.matches(['"', '\\']).count()
        );
    }
}
