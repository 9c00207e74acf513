//! The classifier with stores in memory and an embedder that knows a few words.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use tocsin_domain::alert::AlertSeverity;
use tocsin_domain::ports::{EmbedderError, VectorHit};

use super::*;

/// Keeps changes; can fail.
#[derive(Default)]
struct Changes {
    rules: Mutex<BTreeMap<String, (u32, Option<ClassificationRule>)>>,
    fails: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl ClassificationRuleStore for Changes {
    async fn changed_rules(&self) -> Result<Vec<(String, Option<ClassificationRule>)>, StoreError> {
        let rules = self.rules.lock();
        let all = rules
            .iter()
            .map(|(id, (_, rule))| (id.clone(), rule.clone()));
        Ok(all.collect())
    }

    async fn put_rule(
        &self,
        id: &str,
        rule: Option<ClassificationRule>,
    ) -> Result<u32, StoreError> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("the disk is full".into()));
        }
        let mut rules = self.rules.lock();
        let version = rules.get(id).map_or(0, |(version, _)| *version) + 1;
        rules.insert(id.into(), (version, rule));
        Ok(version)
    }
}

#[derive(Default)]
struct Vectors(Mutex<Vec<VectorPoint>>);

#[async_trait]
impl VectorStore for Vectors {
    async fn upsert(&self, points: Vec<VectorPoint>) -> Result<(), StoreError> {
        self.0.lock().extend(points);
        Ok(())
    }
    async fn search(&self, _: &[f32], _: usize) -> Result<Vec<VectorHit>, StoreError> {
        Ok(Vec::new())
    }
    async fn all(&self, view: u8) -> Result<Vec<VectorPoint>, StoreError> {
        let points = self.0.lock();
        Ok(points
            .iter()
            .filter(|one| one.view == view)
            .cloned()
            .collect())
    }
    async fn remove(&self, _: &[TemplateId]) -> Result<(), StoreError> {
        Ok(())
    }
    async fn count(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}

/// One dimension a word; without words there is no model.
struct Words(&'static [&'static str]);

impl Words {
    fn vector(&self, text: &str) -> Vec<f32> {
        let has = |word: &&str| f32::from(u8::from(text.contains(*word)));
        let mut vector: Vec<f32> = self.0.iter().map(has).collect();
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1.0);
        vector.iter_mut().for_each(|x| *x /= length);
        vector
    }
}

impl Embedder for Words {
    fn model(&self) -> &str {
        "words"
    }
    fn dimensions(&self) -> usize {
        self.0.len()
    }
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        if self.0.is_empty() {
            let remedy = "bring a model".into();
            return Err(EmbedderError::Missing { remedy });
        }
        Ok(texts.iter().map(|text| self.vector(text)).collect())
    }
}

const WORDS: Words = Words(&["disk", "space", "login", "password", "fine", "started"]);

const CATALOGUE: &str = r"
rules:
  - id: disk_full
    pattern: no space
    failure_type: disk_full
    severity: critical
    confidence: 0.9
    examples: [no space on disk, disk has no space left, no space for the disk, no space, 'disk: no space']
    counterexamples: [disk is fine]
  - id: login
    pattern: bad (password|login)
    failure_type: authentication_failure
    severity: medium
    confidence: 0.8
    examples: [bad password, bad login, login with bad password, bad password at login, bad login password]
ordinary: [started, all is fine, started and fine, fine again, has started now]
";

struct Bench {
    changes: Arc<Changes>,
    vectors: Arc<Vectors>,
    classifier: Arc<RuleClassifier>,
}

async fn open(changes: Arc<Changes>, words: Words) -> Bench {
    let vectors = Arc::new(Vectors::default());
    let parts = ClassifyParts {
        store: changes.clone(),
        vectors: vectors.clone(),
        embedder: Arc::new(words),
    };
    let catalogue = Catalogue::parse(CATALOGUE).unwrap();
    Bench {
        changes,
        vectors,
        classifier: Arc::new(RuleClassifier::open(catalogue, parts).await.unwrap()),
    }
}

async fn plain() -> Bench {
    open(Arc::default(), Words(&[])).await
}

/// Runs until the model is there.
async fn taught(bench: &Bench) {
    let run = bench.classifier.clone().run(CancellationToken::new());
    let there = async {
        while bench.classifier.taught.read().is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    tokio::select! {
        () = run => {}
        () = there => {}
    }
}

fn rule(id: &str, pattern: &str) -> ClassificationRule {
    ClassificationRule {
        id: id.into(),
        pattern: pattern.into(),
        failure_type: "own".into(),
        severity: AlertSeverity::Low,
        confidence: 0.95,
        is_enabled: true,
        examples: Vec::new(),
        counterexamples: Vec::new(),
        version: 0,
    }
}

fn point(id: u64, text: &str) -> VectorPoint {
    VectorPoint {
        template: TemplateId(id),
        view: 0,
        vector: WORDS.vector(text),
    }
}

#[tokio::test]
async fn without_an_embedder_it_works_by_rules_alone() {
    let bench = plain().await;
    bench.classifier.clone().run(CancellationToken::new()).await;
    let said = bench
        .classifier
        .classify(TemplateId(1), "No space left", Severity::UNSPECIFIED);
    let said = said.unwrap();
    assert_eq!(
        (said.failure_type.as_str(), said.confidence),
        ("disk_full", 0.9)
    );
    assert_eq!(said.because, "rule `disk_full` matches (0.90)");
    assert!(
        bench
            .classifier
            .classify(TemplateId(2), "all is fine", Severity::ERROR)
            .is_none()
    );
}

#[tokio::test]
async fn a_template_is_classified_once_and_again_when_a_rule_changes() {
    let bench = plain().await;
    let classifier = &bench.classifier;
    assert!(
        classifier
            .classify(TemplateId(1), "no space", Severity::ERROR)
            .is_some()
    );
    // The text of a known template is not looked at again.
    assert!(
        classifier
            .classify(TemplateId(1), "fine", Severity::ERROR)
            .is_some()
    );
    let before = classifier.generation();
    let kept = classifier.put(rule("mine", "gadget")).await.unwrap();
    assert_eq!(kept.version, 1);
    assert!(classifier.generation() > before);
    assert!(
        classifier
            .classify(TemplateId(1), "fine", Severity::ERROR)
            .is_none()
    );
    let said = classifier
        .classify(TemplateId(2), "gadget lost", Severity::WARN)
        .unwrap();
    assert_eq!(said.failure_type, "own");
    assert!(classifier.delete("mine").await.unwrap());
    assert!(!classifier.delete("mine").await.unwrap());
    assert!(
        classifier
            .classify(TemplateId(2), "gadget lost", Severity::WARN)
            .is_none()
    );
}

#[tokio::test]
async fn what_people_changed_is_there_after_a_restart() {
    let bench = plain().await;
    bench.classifier.put(rule("mine", "gadget")).await.unwrap();
    let mut quiet = rule("login", "bad password");
    quiet.is_enabled = false;
    bench.classifier.put(quiet).await.unwrap();
    assert!(bench.classifier.delete("disk_full").await.unwrap());
    let broken = (9, Some(rule("broken", "(")));
    bench.changes.rules.lock().insert("broken".into(), broken);
    let again = open(bench.changes.clone(), Words(&[])).await.classifier;
    let ids: Vec<_> = again.rules().into_iter().map(|one| one.id).collect();
    assert_eq!(ids, ["login", "mine"]);
    let (verdicts, said) = again.test("bad password", Severity::ERROR);
    assert_eq!((verdicts.len(), verdicts[0].is_enabled), (1, false));
    assert_eq!((verdicts[0].found, said), ((0, 12), None));
}

#[tokio::test]
async fn a_rule_that_cannot_be_is_refused_with_the_reason_and_nothing_changes() {
    let bench = plain().await;
    let before = (bench.classifier.rules(), bench.classifier.generation());
    let mut wrong = rule("mine", "gadget");
    wrong.examples = vec!["something else".into()];
    let mut bold = rule("mine", "gadget");
    bold.confidence = f64::NAN;
    for (rule, reason) in [
        (
            wrong,
            "rule `mine`, `examples`: the pattern does not match \"something else\"",
        ),
        (
            bold,
            "rule `mine`, `confidence`: expected a number from 0 to 1",
        ),
        (
            rule("Mine!", "gadget"),
            "`id`: expected 1 to 100 lower-case letters",
        ),
        (rule("mine", "(gadget"), "unclosed group"),
    ] {
        let error = bench.classifier.put(rule).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid(_)));
        assert!(error.to_string().contains(reason), "{error}");
    }
    bench.changes.fails.store(true, Ordering::Relaxed);
    assert!(bench.classifier.put(rule("mine", "gadget")).await.is_err());
    assert!(bench.classifier.delete("login").await.is_err());
    assert_eq!(
        (bench.classifier.rules(), bench.classifier.generation()),
        before
    );
}

#[tokio::test]
async fn an_embedding_moves_the_answer_and_the_generation() {
    let bench = open(Arc::default(), WORDS).await;
    bench
        .vectors
        .upsert(vec![point(1, "disk space")])
        .await
        .unwrap();
    taught(&bench).await;
    let classifier = &bench.classifier;
    // Known from the store when the model was taught.
    let said = classifier
        .classify(TemplateId(1), "no space", Severity::UNSPECIFIED)
        .unwrap();
    assert!(
        said.confidence > 0.9 && said.because.contains("agrees"),
        "{said:?}"
    );
    // Handed over later.
    let line = "wrong password at login";
    assert!(
        classifier
            .classify(TemplateId(2), line, Severity::ERROR)
            .is_none()
    );
    let before = classifier.generation();
    classifier.embedded(&[point(2, line)]);
    assert!(classifier.generation() > before);
    let said = classifier
        .classify(TemplateId(2), line, Severity::UNSPECIFIED)
        .unwrap();
    assert_eq!(said.failure_type, "authentication_failure");
    assert_eq!(said.severity, AlertSeverity::Medium);
    // The test of a line embeds it.
    let (verdicts, said) = classifier.test(line, Severity::ERROR);
    assert_eq!(said.unwrap().failure_type, "authentication_failure");
    assert!(verdicts.is_empty());
}

#[tokio::test]
async fn a_type_that_people_add_is_learnt() {
    let bench = open(Arc::default(), WORDS).await;
    let mut mine = rule("mine", "started twice");
    mine.examples = (0..6)
        .map(|at| format!("started twice login {at}"))
        .collect();
    bench.classifier.put(mine).await.unwrap();
    taught(&bench).await;
    let taught = bench.classifier.taught.read().clone().unwrap();
    assert_eq!(
        taught.classes,
        ["authentication_failure", "disk_full", "own"]
    );
}

#[tokio::test]
async fn a_new_error_is_surer_than_one_that_has_always_been_there() {
    let bench = plain().await;
    let new = bench
        .classifier
        .classify(TemplateId(1), "no space", Severity::ERROR)
        .unwrap();
    let known = Known {
        lines_before: 1_000_000,
        thought: None,
    };
    bench.classifier.known.write().insert(TemplateId(2), known);
    let old = bench
        .classifier
        .classify(TemplateId(2), "no space", Severity::ERROR)
        .unwrap();
    assert!(new.confidence > old.confidence);
}

/// Lines in the words of programs and people that the catalogue does not quote: type of failure
/// (`-` for none), a tab, the line.
const UNSEEN: &str = include_str!("unseen.tsv");

#[tokio::test]
async fn rules_alone_know_half_of_what_they_never_saw_and_raise_no_false_alarm() {
    let catalogue = Catalogue::parse(catalogue::BUILT_IN).unwrap();
    let rules = RuleSet::new(catalogue.rules);
    let (mut right, mut wrong, mut all) = (0, 0, 0);
    for (truth, line) in UNSEEN.lines().filter_map(|line| line.split_once('\t')) {
        let matches = rules.matches(line);
        let said = judge(
            &rules,
            &matches,
            None,
            Severity::UNSPECIFIED,
            Frequency::default(),
        );
        match said {
            Some(said) if truth == "-" => panic!("{line}: {said:?}"),
            Some(said) if said.failure_type == truth => right += 1,
            Some(_) => wrong += 1,
            None => {}
        }
        all += usize::from(truth != "-");
    }
    assert!(
        right * 2 >= all && wrong * 10 <= all,
        "{right} right, {wrong} wrong of {all}"
    );
}
