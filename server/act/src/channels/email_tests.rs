//! What a mail looks like, and what a mail server's answer means.

use tocsin_domain::subscription::{
    Channel, MessageTemplate, News, Subscription, SubscriptionFilter, SubscriptionId,
};

use super::*;
use crate::mail::{MailConfig, MailSecurity, Refusal};
use crate::words;

const AT_MS: i64 = 1_800_000_000_000;

fn mailer() -> Mailer {
    Mailer::new(Some(MailConfig {
        host: "mail.test".into(),
        port: 587,
        security: MailSecurity::StartTls,
        login: None,
        from: "Tocsin <tocsin@example.org>".into(),
        authority: None,
        timeout_ms: 1000,
    }))
}

fn subscription(name: &str) -> Subscription {
    Subscription {
        id: SubscriptionId::new(1, [1; 10]),
        name: name.into(),
        is_enabled: true,
        version: 1,
        filter: SubscriptionFilter::default(),
        channel: Channel::Email {
            to: Vec::new(),
            from: None,
        },
        quiet_hours: None,
        digest_secs: None,
        rate_limit: None,
        template: MessageTemplate::default(),
        created_ms: 0,
        updated_ms: 0,
    }
}

/// The mail about a made-up alert, in the parts that a reader sees.
fn mail(title: &str, change: impl FnOnce(&mut Message)) -> (Letter, String) {
    let to = ["db@example.org".to_owned(), "ops@example.org".to_owned()];
    let post = Post {
        to: &to,
        from: None,
    };
    let subscription = subscription("db <a day ahead>\r\nBcc: x@example.org");
    let sender = Sender {
        subscription: &subscription,
        base_url: "https://tocsin.test",
    };
    let mut alert = crate::notifier::sample(AT_MS);
    alert.title = title.into();
    let mut message = Message::single(&alert, News::Fired, "s-1:a-1:7".into());
    words::fill(&mut message, &sender).unwrap();
    change(&mut message);
    let from = mailer().from().unwrap().to_owned();
    let letter = letter(post, &from, (&sender, &message), AT_MS).unwrap();
    let text = String::from_utf8(letter.bytes.clone()).unwrap();
    (letter, text)
}

fn header<'a>(mail: &'a str, name: &str) -> Vec<&'a str> {
    let head = mail.split("\r\n\r\n").next().unwrap();
    let lines = head.split("\r\n");
    lines
        .filter_map(|line| line.split_once(": "))
        .filter(|(own, _)| *own == name)
        .map(|(_, value)| value)
        .collect()
}

#[test]
fn a_mail_has_the_headers_that_machines_go_by() {
    let (letter, text) = mail("Disk full", |_| {});
    assert_eq!(header(&text, "Message-ID"), ["<s-1.a-1.7@example.org>"]);
    assert_eq!(header(&text, "Auto-Submitted"), ["auto-generated"]);
    assert_eq!(header(&text, "Subject"), ["[low] Disk full"]);
    assert_eq!(header(&text, "From"), ["Tocsin <tocsin@example.org>"]);
    assert_eq!(header(&text, "To"), ["db@example.org, ops@example.org"]);
    assert_eq!(header(&text, "Date"), ["Fri, 15 Jan 2027 08:00:00 +0000"]);
    assert_eq!(header(&text, "In-Reply-To"), [""; 0]);
    assert_eq!(letter.to.len(), 2);
    // Text first: a reader that shows the first part it knows shows the last of these.
    let (plain, html) = (text.find("text/plain"), text.find("text/html"));
    assert!(plain.unwrap() < html.unwrap(), "{text}");
    assert!(text.contains("multipart/alternative"), "{text}");
    assert!(text.is_ascii() && text.lines().all(|line| line.len() < 998));
    // Attempts do not differ.
    assert_eq!(letter.bytes, mail("Disk full", |_| {}).0.bytes);
}

#[test]
fn later_news_are_answers_to_the_first() {
    let root = "<first@example.org>";
    let (_, text) = mail("x", |message| message.reference = Some(root.into()));
    assert_eq!(header(&text, "In-Reply-To"), [root]);
    assert_eq!(header(&text, "References"), [root]);
    assert_ne!(header(&text, "Message-ID"), [root]);
}

#[test]
fn nothing_in_a_title_makes_a_header_or_a_tag() {
    let title = "Größe\r\nBcc: y@example.org\r\n\r\n<script>alert('1')</script> & \"q\"";
    let (_, text) = mail(title, |message| message.title = title.into());
    assert_eq!(header(&text, "Bcc"), [""; 0], "{text}");
    assert!(
        header(&text, "Subject")[0].starts_with("=?utf-8?"),
        "{text}"
    );
    let html = escape(title);
    assert!(!html.contains('<') && !html.contains('"') && !html.contains('\''));
    let post = Post {
        to: &[],
        from: None,
    };
    let one = subscription("<b>");
    let sender = Sender {
        subscription: &one,
        base_url: "https://tocsin.test",
    };
    let alert = crate::notifier::sample(AT_MS);
    let mut message = Message::single(&alert, News::Fired, "k".into());
    message.title = title.into();
    message.text = "<img src=x>".into();
    let shown = body(&mailer(), post, (&sender, &message));
    let html = shown["html"].as_str().unwrap();
    for odd in ["<script", "<img", "<b>"] {
        assert!(!html.contains(odd), "{html}");
    }
    let text = shown["text"].as_str().unwrap();
    assert!(text.starts_with("<img src=x>\n"), "plain text is as it is");
    assert!(!shown["subject"].as_str().unwrap().contains(['\r', '\n']));
}

#[test]
fn who_has_it_is_not_written_to_again() {
    let (letter, text) = mail("x", |message| {
        message.progress = Some("db@example.org".into())
    });
    assert_eq!(letter.to, ["ops@example.org".parse().unwrap()]);
    assert_eq!(header(&text, "To"), ["db@example.org, ops@example.org"]);
}

#[test]
fn one_recipient_does_not_speak_for_the_others() {
    let answer = |taken: &[&str], refused: &[(&str, bool)]| MailAnswer {
        taken: taken.iter().map(|to| (*to).to_owned()).collect(),
        refused: refused
            .iter()
            .map(|(to, is_temporary)| Refusal {
                to: (*to).to_owned(),
                is_temporary: *is_temporary,
                detail: "no".into(),
            })
            .collect(),
        detail: "250 ok".into(),
        ..MailAnswer::default()
    };
    let root = || "<r@x>".to_owned();
    let all = judged(&answer(&["a@x", "b@x"], &[]), None, root());
    assert_eq!(all.verdict, Verdict::Accepted(Some(root())));
    let some = judged(&answer(&["a@x"], &[("b@x", false)]), None, root());
    assert_eq!(some.verdict, Verdict::Accepted(Some(root())));
    assert_eq!(some.detail, "250 ok; b@x was refused: no");
    let later = judged(&answer(&["a@x"], &[("b@x", true)]), None, root());
    assert_eq!(later.verdict, Verdict::Later(None));
    assert_eq!(later.progress.as_deref(), Some("a@x"));
    let rest = judged(&answer(&[], &[("b@x", false)]), Some("a@x"), root());
    assert_eq!(rest.verdict, Verdict::Accepted(Some(root())));
    let none = judged(&answer(&[], &[("b@x", false)]), None, root());
    assert_eq!(none.verdict, Verdict::Refused);
}

#[test]
fn without_a_mail_server_nobody_can_subscribe_by_mail() {
    let to = ["db@example.org".to_owned()];
    let post = Post {
        to: &to,
        from: None,
    };
    let error = check(&Mailer::new(None), post).unwrap_err();
    assert_eq!(error.field, "channel.type");
    assert_eq!(check(&mailer(), post), Ok(()));
    let odd = Post {
        from: Some("Tocsin"),
        ..post
    };
    assert_eq!(check(&mailer(), odd).unwrap_err().field, "channel.from");
}

#[test]
fn a_password_never_leaves_in_the_clear() {
    let config = |security, login: Option<&str>| MailConfig {
        host: "mail.test".into(),
        port: 25,
        security,
        login: login.map(|user| {
            let password = tocsin_domain::subscription::Secret("p".into());
            (user.into(), password)
        }),
        from: "t@x.org".into(),
        authority: None,
        timeout_ms: 1,
    };
    assert!(config(MailSecurity::None, Some("u")).check().is_err());
    assert_eq!(config(MailSecurity::None, None).check(), Ok(()));
    assert_eq!(config(MailSecurity::StartTls, Some("u")).check(), Ok(()));
    let nobody = MailConfig {
        from: "Tocsin".into(),
        ..config(MailSecurity::Tls, None)
    };
    assert!(nobody.check().unwrap_err().contains("`from`"));
}
