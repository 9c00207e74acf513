//! The shipped prompts against their cases, and what is refused of a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tocsin_domain::ports::{
    CallScope, ChatMessage, ChatPiece, ChatRequest, ChatRole, ChatStream, Finish, LanguageModel,
    ModelError, ModelGrade, ModelInfo, ModelProvider, Usage,
};

use super::*;

fn folder(task: Task) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../prompts");
    root.join(task.name())
}

#[test]
fn every_prompt_takes_and_gives_what_its_cases_say() {
    let prompts = Prompts::load(None).unwrap();
    for task in Task::ALL {
        let prompt = prompts.of(task);
        assert_eq!(prompt.task(), task);
        let cases: Vec<_> = std::fs::read_dir(folder(task).join("cases"))
            .unwrap()
            .collect();
        assert!(!cases.is_empty(), "{}", task.name());
        for case in cases {
            let path = case.unwrap().path();
            let name = path.display();
            let case: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let rendered = prompt
                .render(&case["input"])
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            for part in case["contains"].as_array().unwrap() {
                let part = part.as_str().unwrap();
                assert!(
                    rendered.user.contains(part),
                    "{name}: {part}\n{}",
                    rendered.user
                );
            }
            assert!(
                !rendered.user.contains("{{") && !rendered.system.contains("{%"),
                "{name}"
            );
            prompt
                .check_output(&case["output"])
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            for wrong in case["wrong"].as_array().unwrap() {
                assert!(prompt.check_output(wrong).is_err(), "{name}: {wrong}");
            }
            let extra = json!({"surprise": 1});
            assert!(prompt.render(&extra).is_err(), "{name}");
        }
    }
}

#[test]
fn the_folder_of_prompts_holds_what_is_shipped_and_nothing_else() {
    Prompts::load(folder(Task::Answer).parent()).unwrap();
}

fn refused(files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    Prompts::load(Some(folder.path())).unwrap_err().to_string()
}

#[test]
fn a_file_of_ones_own_takes_the_place_of_a_shipped_one() {
    let own = tempfile::tempdir().unwrap();
    std::fs::create_dir(own.path().join("answer")).unwrap();
    std::fs::write(own.path().join("answer/system.j2"), "Be kind.\n").unwrap();
    let shipped = Prompts::load(None).unwrap();
    let changed = Prompts::load(Some(own.path())).unwrap();
    let input = json!({"question": "q", "now": "n", "evidence": []});
    let (before, after) = (shipped.of(Task::Answer), changed.of(Task::Answer));
    assert_eq!(after.render(&input).unwrap().system, "Be kind.");
    assert_eq!(
        after.render(&input).unwrap().user,
        before.render(&input).unwrap().user
    );
    let info = info();
    assert_ne!(after.hash(&info), before.hash(&info));
    let other = ModelInfo {
        name: "other".into(),
        ..info.clone()
    };
    assert_ne!(before.hash(&other), before.hash(&info));
    let plan = |prompts: &Prompts| prompts.of(Task::Plan).hash(&info);
    assert_eq!(plan(&changed), plan(&shipped));
    assert_ne!(plan(&shipped.with_temperature(1.0)), plan(&changed));
}

#[test]
fn what_is_wrong_is_named_with_file_and_line() {
    let message = refused(&[("answer/user.j2", "{{ question }}\n{% if %}\n")]);
    assert!(
        message.contains("answer/user.j2") && message.contains("line 2"),
        "{message}"
    );
    let message = refused(&[("plan/system.j2", "a\nb\n{{ qestion }}\n")]);
    assert!(
        message.contains("line 3") && message.contains("`qestion`"),
        "{message}"
    );
    assert!(message.contains("question"), "{message}");
    let message = refused(&[("hyde/input.schema.json", "{\n\"type\": }")]);
    assert!(message.contains("line 2"), "{message}");
    let message = refused(&[("hyde/output.schema.json", "{\"type\": \"object\"}")]);
    assert!(message.contains("`x-tokens-max`"), "{message}");
    let message = refused(&[(
        "hyde/output.schema.json",
        "{\"oneOf\": [], \"x-tokens-max\": 5}",
    )]);
    assert!(message.contains("`/oneOf`"), "{message}");
    assert!(refused(&[("anwser/user.j2", "")]).contains("`follow_ups`"));
    assert!(refused(&[("answer/usr.j2", "")]).contains("`user.j2`"));
    assert!(refused(&[("repair.j2", "{{ x }}")]).contains("repair.j2"));
    let missing = Prompts::load(Some(Path::new("/nowhere"))).unwrap_err();
    assert!(missing.to_string().contains("/nowhere"));
}

fn info() -> ModelInfo {
    ModelInfo {
        provider: ModelProvider::OpenAi,
        name: "m".into(),
        host: "h".into(),
        grade: ModelGrade::unknown("", 8_000),
    }
}

/// Says one thing after the other, and keeps what it was told.
struct Scripted {
    says: Mutex<Vec<(&'static str, Finish)>>,
    told: Arc<Mutex<Vec<ChatRequest>>>,
}

struct Saying(Vec<ChatPiece>);

#[async_trait]
impl ChatStream for Saying {
    async fn next(&mut self) -> Option<Result<ChatPiece, ModelError>> {
        self.0.pop().map(Ok)
    }
}

#[async_trait]
impl LanguageModel for Scripted {
    fn model(&self) -> ModelInfo {
        info()
    }

    fn count_tokens(&self, text: &str) -> usize {
        text.len() / 3
    }

    async fn chat(&self, request: ChatRequest) -> Result<Box<dyn ChatStream>, ModelError> {
        self.told.lock().push(request);
        let (text, finish) = self.says.lock().remove(0);
        let usage = Usage::default();
        Ok(Box::new(Saying(vec![
            ChatPiece::Done { finish, usage },
            ChatPiece::Text(text.into()),
        ])))
    }

    async fn embed(&self, _: &CallScope, _: &[String]) -> Result<Vec<Vec<f32>>, ModelError> {
        Err(ModelError::NoModel)
    }
}

async fn asked(
    says: &[(&'static str, Finish)],
    question: &str,
) -> (Result<Value, AskError>, Vec<ChatRequest>) {
    let told = Arc::default();
    let model = Scripted {
        says: Mutex::new(says.to_vec()),
        told: Arc::clone(&told),
    };
    let prompts = Prompts::load(None).unwrap();
    let asker = Asker {
        user: "alice".into(),
        question_id: 7,
    };
    let input = json!({"question": question, "examples": []});
    let answer = ask(&model, prompts.of(Task::Hyde), &input, &asker).await;
    let told = told.lock().clone();
    (answer, told)
}

#[tokio::test]
async fn an_answer_keeps_to_its_schema_or_is_asked_for_once_more() {
    let (answer, told) = asked(&[("{\"line\": \"a\"}", Finish::Stop)], "q").await;
    assert_eq!(answer.unwrap(), json!({"line": "a"}));
    assert_eq!((told.len(), told[0].tokens_max), (1, 150));
    assert_eq!(
        (told[0].scope.task.as_str(), told[0].scope.prompt_hash.len()),
        ("hyde", 64)
    );
    let schema: Value = serde_json::from_str(told[0].schema.as_ref().unwrap()).unwrap();
    assert!(schema.get("x-tokens-max").is_none(), "{schema}");

    let dressed = "<think>{hm}</think>Sure!\n```json\n{\"line\": \"a\"}\n```\n";
    let (answer, told) = asked(&[(dressed, Finish::Stop)], "q").await;
    assert_eq!((answer.unwrap(), told.len()), (json!({"line": "a"}), 1));

    let says = [
        ("{\"lines\": 1}", Finish::Stop),
        ("{\"line\": \"b\"}", Finish::Stop),
    ];
    let (answer, told) = asked(&says, "q").await;
    assert_eq!(answer.unwrap(), json!({"line": "b"}));
    let repair = &told[1].messages;
    assert_eq!(
        repair[2],
        ChatMessage::text(ChatRole::Assistant, "{\"lines\": 1}")
    );
    assert!(
        repair[3].text.contains("`line` is missing"),
        "{}",
        repair[3].text
    );

    let says = [("no", Finish::Stop), ("no", Finish::Stop)];
    let (answer, told) = asked(&says, "q").await;
    let Err(AskError::Model(ModelError::Malformed { text, .. })) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!((text.as_str(), told.len()), ("no", 2));
}

#[tokio::test]
async fn what_is_too_long_is_not_asked_for_again() {
    let (answer, told) = asked(&[("{\"line\": ", Finish::Length)], "q").await;
    assert!(
        answer
            .unwrap_err()
            .to_string()
            .contains("longer than it may be")
    );
    assert_eq!(told.len(), 1);
    let says = [("", Finish::Stop)];
    let long = "x".repeat(4_000);
    let prompts = Prompts::load(None).unwrap();
    let asker = Asker {
        user: "alice".into(),
        question_id: 7,
    };
    let model = Scripted {
        says: Mutex::new(says.to_vec()),
        told: Arc::default(),
    };
    let evidence: Vec<Value> = (0..10)
        .map(|at| json!({"id": format!("E{at}"), "kind": "log", "text": long}))
        .collect();
    let input = json!({"question": "q", "now": "n", "evidence": evidence});
    let answer = ask(&model, prompts.of(Task::Answer), &input, &asker).await;
    let Err(AskError::Model(error)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(error.kind(), "context_too_long");
}
