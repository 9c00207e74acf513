//! What the configuration of the model takes and refuses.

use super::*;

fn openai() -> ModelConfig {
    ModelConfig {
        provider: Some(ProviderChoice::OpenAi),
        ..ModelConfig::default()
    }
}

fn refused(change: impl Fn(&mut ModelConfig)) -> String {
    let mut config = openai();
    change(&mut config);
    config.check().unwrap_err().to_string()
}

#[test]
fn nothing_set_is_no_model() {
    let config = ModelConfig::default().with_conventional(|_| None);
    assert_eq!(config.provider(), ProviderChoice::Extractive);
    assert!(config.settings().unwrap().is_none());
}

#[test]
fn the_conventional_variables_fill_what_was_left_open() {
    let variables = |name: &str| match name {
        "OPENAI_API_KEY" => Some("sk-test".to_owned()),
        "OLLAMA_BASE_URL" => Some("http://10.0.0.5:11434/".to_owned()),
        "OPENAI_BASE_URL" => Some(" ".to_owned()),
        _ => None,
    };
    let settings = |config: ModelConfig| {
        let config = config.with_conventional(variables);
        config.settings().unwrap().map(|settings| settings.endpoint)
    };
    let by_key = settings(ModelConfig::default()).unwrap();
    assert_eq!(by_key.base_url, "https://api.openai.com/v1");
    assert_eq!(by_key.host, "api.openai.com");
    assert_eq!(by_key.api_key.expose(), "sk-test");
    let ollama = settings(ModelConfig {
        provider: Some(ProviderChoice::Ollama),
        ..ModelConfig::default()
    });
    let ollama = ollama.unwrap();
    assert_eq!(ollama.host, "10.0.0.5:11434");
    assert!(ollama.api_key.is_empty());
    let off = settings(ModelConfig {
        provider: Some(ProviderChoice::Extractive),
        ..ModelConfig::default()
    });
    assert!(off.is_none());
    // A server that the configuration names is not sent the key of the environment.
    let own = settings(ModelConfig {
        base_url: "https://llm.example.org/v1".into(),
        ..openai()
    });
    assert!(own.unwrap().api_key.is_empty());
}

#[test]
fn what_cannot_be_is_named_with_what_was_expected() {
    assert!(refused(|c| c.temperature = f32::NAN).starts_with("`temperature`: expected a number"));
    assert!(refused(|c| c.context_tokens = Some(10)).contains("`context_tokens`"));
    assert!(refused(|c| c.concurrency = 0).contains("`concurrency`"));
    assert!(refused(|c| c.queue = 5000).contains("`queue`"));
    assert!(refused(|c| c.timeouts.idle_ms = 0).contains("`timeouts.idle_ms`"));
    assert!(refused(|c| c.retries.attempts_max = 11).contains("`retries.attempts_max`"));
    assert!(refused(|c| c.breaker.failures = 0).contains("`breaker.failures`"));
    assert!(refused(|c| c.ca_file = Some("/nowhere".into())).contains("`ca_file`"));
    assert!(refused(|c| c.api_key_file = Some("/nowhere".into())).contains("`api_key_file`"));
    for url in [
        "ftp://a",
        "https://u:p@a/v1",
        "https://a/v1?x=1",
        "nonsense",
        "https://",
    ] {
        assert!(
            refused(|c| c.base_url = url.into()).contains("`base_url`"),
            "{url}"
        );
    }
    let unknown = toml::from_str::<ModelConfig>("redact = false\n").unwrap_err();
    assert!(unknown.to_string().contains("redact"), "{unknown}");
}

#[test]
fn a_key_is_not_sent_in_the_clear_and_never_shown() {
    let mut config = openai();
    config.api_key = ModelSecret::new("sk-s3cret".into());
    config.base_url = "http://gpu-box:8000/v1".into();
    let message = config.check().unwrap_err().to_string();
    assert!(message.contains("could be read on the way"), "{message}");
    config.allow_key_over_http = true;
    config.check().unwrap();
    let shown = format!("{config:?}") + &serde_json::to_string(&config).unwrap();
    let shown = shown + &format!("{:?}", config.settings().unwrap());
    assert!(
        !shown.contains("s3cret") && shown.contains("***"),
        "{shown}"
    );
    config.api_key_file = Some("/somewhere".into());
    assert!(config.check().unwrap_err().to_string().contains("not both"));
}

#[test]
fn prices_are_rounded_up() {
    let prices = ModelPricesConfig {
        micro_usd_per_million_in: 150_000,
        micro_usd_per_million_out: 600_000,
    };
    assert_eq!(prices.cost_micro_usd(0, 0), 0);
    assert_eq!(prices.cost_micro_usd(1, 0), 1);
    assert_eq!(prices.cost_micro_usd(1_000_000, 500_000), 450_000);
    let dear = ModelPricesConfig {
        micro_usd_per_million_in: u64::MAX,
        micro_usd_per_million_out: u64::MAX,
    };
    assert_eq!(dear.cost_micro_usd(u64::MAX, u64::MAX), u64::MAX);
}
