//! What every ranking must hold: identifiers first, fusion of outside hits, changes of the index.

use tocsin_retrieval::{Description, Hit, Index, Lexicon, PrototypeDocument, VIEWS_MAX};

const LINES: [&str; 6] = [
    "Received block blk_-1608999687919862906 of size 67108864 from /10.250.19.102",
    "Received block blk_7503483334202473044 of size 233217 from /10.251.215.16",
    "Deleting block blk_-1608999687919862907 file /mnt/hadoop/current/subdir5",
    "gateway stripe: ETIMEDOUT after 30000 ms",
    "GET /orders/4711 status: 500 request_id=8a7c1d52-90ab-4cde-8f01-23456789abcd",
    "Accepted password for alice from 192.0.2.7 port 49116 ssh2",
];

/// An index whose vectors point along one axis each, so that a test decides every cosine.
fn index() -> Index {
    let lexicon = Lexicon::new();
    let mut index = Index::new();
    for (key, text) in LINES.iter().enumerate() {
        let description = Description::new(&lexicon, text, None);
        let views = description.views();
        assert!(!views.is_empty() && views.len() <= VIEWS_MAX);
        let document = PrototypeDocument {
            key: key as u64,
            text,
            description: &description,
        };
        index.upsert(document, vec![axis(key); views.len()]);
    }
    index
}

fn axis(at: usize) -> Vec<f32> {
    let mut vector = vec![0.0; LINES.len()];
    vector[at] = 1.0;
    vector
}

fn first(hits: &[Hit]) -> u64 {
    hits[0].key
}

#[test]
fn a_question_with_an_identifier_finds_its_line_first() {
    let index = index();
    let cases = [
        ("what happened to blk_-1608999687919862906", 0),
        ("was blk_7503483334202473044 lost, deleted or corrupted?", 1),
        ("block deleted blk_-1608999687919862907", 2),
        (
            "why do we see ETIMEDOUT when users log in with a password",
            3,
        ),
        ("request 8a7c1d52-90ab-4cde-8f01-23456789abcd", 4),
        ("who came from 192.0.2.7", 5),
        ("blocks received from 10.251.215.16", 1),
        ("POST to /orders/4711", 4),
    ];
    for (question, expect) in cases {
        assert_eq!(first(&index.text(question, 3)), expect, "{question}");
        for elsewhere in 0..LINES.len() {
            let hits = index.hybrid(question, &axis(elsewhere), 3);
            assert_eq!(
                first(&hits),
                expect,
                "{question}, vector of line {elsewhere}"
            );
        }
    }
}

#[test]
fn plain_words_find_jargon() {
    let index = index();
    assert_eq!(first(&index.text("payment provider does not answer", 3)), 3);
    assert_eq!(first(&index.text("successful remote login", 3)), 5);
    assert_eq!(first(&index.semantic(&axis(4), 3)), 4);
}

#[test]
fn hits_of_an_outside_vector_store_fuse_like_our_own() {
    let index = index();
    let (question, vector) = ("data removed from disk", axis(5));
    let all = index.semantic(&vector, LINES.len());
    assert_eq!(
        index.fuse(question, &all, 6),
        index.hybrid(question, &vector, 6)
    );
    let only_words = index.fuse("payment provider", &[], 3);
    assert_eq!(first(&only_words), 3);
}

#[test]
fn odd_questions_are_answered_without_panic() {
    let index = index();
    let huge = "disk ".repeat(20_000);
    for question in [
        "",
        " ",
        "???",
        "<*>",
        "the of and",
        "磁盘 已满",
        &huge,
        "\u{0}",
    ] {
        assert!(index.text(question, 10).len() <= LINES.len());
        assert_eq!(index.hybrid(question, &axis(0), 2).len(), 2);
        assert!(index.fuse(question, &[], 0).is_empty());
    }
    assert!(Index::new().hybrid("disk", &axis(0), 5).is_empty());
}

#[test]
fn a_removed_prototype_is_not_found_again() {
    let mut index = index();
    index.remove(3);
    index.remove(99);
    assert_eq!(index.len(), LINES.len() - 1);
    assert!(index.text("ETIMEDOUT", 10).iter().all(|hit| hit.key != 3));
    assert!(index.semantic(&axis(3), 10).iter().all(|hit| hit.key != 3));
}
