//! Which parts of messages are variables, and which messages are one.

use crate::mine;

fn check(line: &str, pattern: &str) {
    assert_eq!(mine(&[line])[0].pattern(), pattern);
}

#[test]
fn variables_are_found_by_their_form() {
    check(
        "Accepted password for x from 10.0.0.1 port 22 ssh2",
        "Accepted password for x from <ip> port <num> ssh2",
    );
    check(
        "Received block blk_-16082 of size 67 from /10.1.2.3:50010",
        "Received block blk_<num> of size <num> from /<ip>:<num>",
    );
    check(
        "session 0x14ed93111f20027 took 12ms, 1,293 bytes (1.26 KB)",
        "session <hex> took <duration>, <size>",
    );
    check(
        "id 123e4567-e89b-12d3-a456-426614174000 in /var/lib/x",
        "id <uuid> in <path>",
    );
    check(
        "GET http://a.example.com/x?y=1 mail bob@example.org",
        "GET <url> mail <email>",
    );
    check("at Fri Jun 17 07:07:00 2005", "at <time>");
    check(
        "mac 00:11:43:e3:ba:c3 host ns1.example.com load -0.5",
        "mac <mac> host <host> load <num>",
    );
    check(
        "java.io.IOException in dfs.DataNode$Packet",
        "java.io.IOException in dfs.DataNode$Packet",
    );
    check("", "");
    check("  ", "  ");
}

#[test]
fn keys_name_their_values() {
    let template = &mine(&["uid=0 done, size = 4, rhost=10.0.0.1"])[0];
    let keys: Vec<_> = template.slots.iter().map(|s| s.key.as_deref()).collect();
    assert_eq!(keys, [Some("uid"), None, Some("rhost")]);
}

#[test]
fn words_become_variables_when_enough_differ() {
    let users = ["anna", "bert", "cleo", "dora", "emil", "fred"];
    let lines: Vec<String> = users
        .iter()
        .map(|u| format!("Login of {u} was refused"))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let templates = mine(&lines);
    assert!(
        templates
            .iter()
            .all(|t| t.wildcard() == "Login of <*> was refused"),
        "{templates:?}"
    );
    let few = mine(&["state is open now ok", "state is shut now ok"]);
    assert_ne!(few[0].id, few[1].id);
}

#[test]
fn a_more_general_template_names_its_parent() {
    let templates = mine(&["job for user anna done"]);
    let first = templates[0].id;
    let templates = mine(&["job for user anna done", "job for user bert done"]);
    assert_eq!(templates[0].parent, Some(first));
    assert_eq!(templates[0].pattern(), "job for user <word> done");
}

#[test]
fn empty_and_full_brackets_are_one_message() {
    let templates = mine(&[
        "connection from 10.0.0.1 (a.example.com) at 10:11:12",
        "connection from 10.0.0.1 () at 10:11:12",
    ]);
    assert_eq!(templates[0].id, templates[1].id);
}

#[test]
fn ids_do_not_depend_on_the_miner() {
    let a = mine(&["first 1", "second 2"]);
    let b = mine(&["second 77"]);
    assert_eq!(a[1].id, b[0].id);
}

#[test]
fn several_words_that_vary_at_once_do_not_fill_the_memory() {
    let word = |mut n: u32| {
        let mut letters = String::new();
        while n > 0 {
            letters.push(char::from(b'a' + (n % 26) as u8));
            n /= 26;
        }
        letters
    };
    let mut miner = tocsin_templates::Miner::new(tocsin_templates::MinerConfig::default());
    let mut variables = Vec::new();
    for i in 0..3000_u32 {
        let (a, b) = (word(1_000_000 + i * 7919), word(2_000_000 + i * 104_729));
        let line = format!("Peer {a} was moved to zone {b} by the balancer");
        miner.parse(line.as_bytes(), &mut variables);
    }
    assert!(miner.template_count() < 200, "{}", miner.template_count());
}
