//! A wall before a double, with a ledger in memory and a keeper that runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use tocsin_domain::ports::clock::Clock;
use tocsin_domain::ports::log_store::StoreError;
use tocsin_domain::ports::{
    CallScope, ChatMessage, ChatPiece, ChatRequest, ChatRole, ChatStream, LanguageModel,
    LedgerEntry, LedgerId, ModelError, ModelLedger, SpendScope, Spent,
};
use tocsin_domain::time::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::{ModelConfig, ProviderChoice};
use crate::double::Double;
use crate::wall::{Connected, ModelParts, ModelTelemetry, connect};

/// 2024-05-15T12:00:00Z.
pub(super) const NOON_MS: i64 = 1_715_774_400_000;

#[derive(Debug, Default)]
pub(super) struct MemoryLedger {
    pub(super) entries: Mutex<Vec<LedgerEntry>>,
    pub(super) is_full: AtomicBool,
    pub(super) is_away: AtomicBool,
}

fn away() -> StoreError {
    StoreError::Unavailable("a test took it away".into())
}

#[async_trait]
impl ModelLedger for MemoryLedger {
    async fn record(&self, entry: LedgerEntry) -> Result<(), StoreError> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err(away());
        }
        self.entries.lock().push(entry);
        Ok(())
    }

    async fn spent(&self, scope: SpendScope) -> Result<Spent, StoreError> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(away());
        }
        let entries = self.entries.lock();
        let counted = entries.iter().filter(|entry| match &scope {
            SpendScope::Question { question_id } => entry.question_id == *question_id,
            SpendScope::User { user, since_ms } => entry.user == *user && entry.at_ms >= *since_ms,
            SpendScope::Month { since_ms } => entry.at_ms >= *since_ms,
        });
        Ok(counted.fold(Spent::default(), |sum, entry| Spent {
            tokens: sum.tokens + entry.tokens_in + entry.tokens_out,
            micro_usd: sum.micro_usd + entry.micro_usd,
        }))
    }

    async fn page(&self, _: Option<LedgerId>, _: usize) -> Result<Vec<LedgerEntry>, StoreError> {
        Ok(self.entries.lock().iter().rev().cloned().collect())
    }
}

#[derive(Debug)]
pub(super) struct HandClock(pub(super) AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

pub(super) struct Rig {
    pub(super) model: Arc<dyn LanguageModel>,
    pub(super) ledger: Arc<MemoryLedger>,
    pub(super) clock: Arc<HandClock>,
    pub(super) telemetry: Arc<ModelTelemetry>,
    pub(super) shutdown: CancellationToken,
    pub(super) keeper: JoinSet<()>,
}

impl Rig {
    /// A wall before `double`, after `change` to a configuration without waits and probes.
    pub(super) fn before(double: &Double, change: impl FnOnce(&mut ModelConfig)) -> Self {
        Self::new(double, change, false)
    }

    /// The same, which probes.
    pub(super) fn probing(double: &Double, change: impl FnOnce(&mut ModelConfig)) -> Self {
        Self::new(double, change, true)
    }

    fn new(double: &Double, change: impl FnOnce(&mut ModelConfig), probes: bool) -> Self {
        let mut config = ModelConfig {
            provider: Some(ProviderChoice::OpenAi),
            model: "test-model".into(),
            base_url: double.url.clone(),
            embedding_model: Some("embedder".into()),
            ..ModelConfig::default()
        };
        config.retries.wait_ms = 1;
        config.timeouts.first_token_ms = 5_000;
        config.timeouts.idle_ms = 5_000;
        change(&mut config);
        let ledger = Arc::new(MemoryLedger::default());
        let clock = Arc::new(HandClock(AtomicI64::new(NOON_MS)));
        let parts = ModelParts {
            ledger: ledger.clone(),
            clock: clock.clone(),
            ..parts()
        };
        let Connected {
            model,
            keeper,
            telemetry,
            ..
        } = connect(&config, parts).unwrap();
        let shutdown = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let keeper = if probes {
            keeper
        } else {
            keeper.without_probe()
        };
        tasks.spawn(keeper.run(shutdown.clone()));
        Self {
            model,
            ledger,
            clock,
            telemetry,
            shutdown,
            keeper: tasks,
        }
    }

    pub(super) fn entries(&self) -> Vec<LedgerEntry> {
        self.ledger.entries.lock().clone()
    }

    pub(super) fn outcomes(&self) -> Vec<String> {
        let entries = self.entries();
        entries.into_iter().map(|entry| entry.outcome).collect()
    }

    /// Waits for the entry of a call that nobody waits for any more.
    pub(super) async fn entries_once(&self, count: usize) -> Vec<LedgerEntry> {
        while self.ledger.entries.lock().len() < count {
            tokio::task::yield_now().await;
        }
        self.entries()
    }

    pub(super) async fn ask(&self, text: &str) -> Result<Vec<ChatPiece>, ModelError> {
        all(self.model.chat(request(text)).await?).await
    }
}

/// A ledger, a clock, numbers and a host.
pub(super) fn parts() -> ModelParts {
    let count = AtomicU64::new(0);
    ModelParts {
        ledger: Arc::new(MemoryLedger::default()),
        clock: Arc::new(HandClock(AtomicI64::new(NOON_MS))),
        random: Arc::new(move || {
            let mut bytes = [0; 10];
            let number = count.fetch_add(1, Ordering::Relaxed);
            bytes[2..].copy_from_slice(&number.to_be_bytes());
            bytes
        }),
        hosts: Arc::new(|| vec!["server-03".to_owned()]),
    }
}

pub(super) async fn all(mut stream: Box<dyn ChatStream>) -> Result<Vec<ChatPiece>, ModelError> {
    let mut pieces = Vec::new();
    while let Some(piece) = stream.next().await {
        pieces.push(piece?);
    }
    Ok(pieces)
}

pub(super) fn text_of(pieces: &[ChatPiece]) -> String {
    let texts = pieces.iter().filter_map(|piece| match piece {
        ChatPiece::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

pub(super) fn request(text: &str) -> ChatRequest {
    ChatRequest {
        scope: CallScope {
            user: "alice".into(),
            question_id: 7,
            task: "answer".into(),
            prompt_hash: "beef".into(),
        },
        messages: vec![ChatMessage::text(ChatRole::User, text)],
        tools: Vec::new(),
        schema: None,
        tokens_max: 100,
        temperature: 0.0,
    }
}
