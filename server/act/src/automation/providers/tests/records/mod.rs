//! Providers that work in systems of records, against the doubles of these. What all must do alike is
//! here, what is one's own in its file.

mod github;
mod jira;
mod servicenow;

use std::collections::BTreeMap;
use std::time::Duration;

use tocsin_domain::automation::{CallKind, Param, Params, Plan, PlannedAction, RunId};
use tocsin_harness::trackers::{Mood, Reply, Request};

use super::{action, draft, leave_as, leave_to_undo, plan_as, text};
use crate::automation::policy::Approval;
use crate::automation::provider::{
    Begun, CallError, Certainty, Draft, Order, PlanError, Planned, Provider, Status,
};
use crate::http::HttpConfig;
use crate::trackers::ConfigSecret;

/// The run that is planned and carried out.
const RUN: RunId = RunId(77);

fn http() -> HttpConfig {
    HttpConfig {
        timeout_ms: 30_000,
        proxy: None,
    }
}

fn secret(text: &str) -> ConfigSecret {
    ConfigSecret::new(text.into())
}

/// Parameters of texts.
fn texts(pairs: &[(&str, &str)]) -> Params {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), text(value));
    pairs.iter().map(own).collect()
}

/// Parameters with some fields.
fn with_fields(params: Params, fields: &[(&str, &str)]) -> Params {
    let mut params = params;
    params.insert("fields".into(), Param::Map(texts(fields)));
    params
}

fn key() -> String {
    RUN.to_string()
}

async fn planned(provider: &dyn Provider, params: &Params) -> Result<Planned, PlanError> {
    let draft = Draft {
        run: RUN,
        ..draft(params)
    };
    provider.plan(&draft).await
}

/// The leave to do what parameters say.
async fn leave(provider: &dyn Provider, params: &Params) -> Approval {
    let planned = planned(provider, params).await.unwrap();
    leave_as(RUN, &action(params), None, &planned)
}

/// The plan of what is done and how it is undone.
async fn plan_of(provider: &dyn Provider, params: &Params, undo: &Params) -> Plan {
    let planned = planned(provider, params).await.unwrap();
    let draft = Draft {
        run: RUN,
        ..draft(undo)
    };
    let undone = provider.describe(&draft).await.unwrap();
    let undo: PlannedAction = action(undo);
    plan_as(RUN, &action(params), Some((&undo, &undone)), &planned)
}

fn order<'a>(plan: &'a Plan, handle: Option<&'a str>) -> Order<'a> {
    Order {
        plan,
        kind: CallKind::Execute,
        handle,
    }
}

fn undoing<'a>(plan: &'a Plan, handle: Option<&'a str>) -> Order<'a> {
    Order {
        kind: CallKind::Rollback,
        ..order(plan, handle)
    }
}

/// Does what parameters say, once, and gives how the provider calls it and what came of it.
async fn done(provider: &dyn Provider, params: &Params) -> (String, Status) {
    let approval = leave(provider, params).await;
    let Begun { handle, over } = provider.execute(&approval).await.unwrap();
    assert_eq!(over, None, "it is looked at again");
    let order = order(approval.plan(), Some(&handle));
    let status = provider.status(&order).await.unwrap();
    (handle, status)
}

#[track_caller]
fn succeeded(status: &Status) -> &str {
    match status {
        Status::Succeeded(detail) => detail,
        other => panic!("{other:?}"),
    }
}

/// What becomes of requests that change something, while others are obeyed.
fn writes(mood: Mood) -> impl Fn(u64, &Request) -> Mood + Send + Sync + 'static {
    move |_, request| {
        let is_search = request.path.ends_with("/search/jql");
        match request.method == "GET" || is_search {
            true => Mood::Obey,
            false => mood.clone(),
        }
    }
}

/// What must be so of a new record whose making was not answered: it is found by another server, and
/// told no second time. `open` starts a server.
async fn made_once<P: Provider>(open: impl Fn() -> P, params: &Params, set: impl Fn(Mood)) {
    let provider = open();
    let approval = leave(&provider, params).await;
    let plan = approval.plan();
    assert_eq!(
        provider.status(&order(plan, None)).await,
        Ok(Status::Unknown)
    );
    set(Mood::Answer(Reply::empty(429).with("Retry-After", 1)));
    let error = provider.execute(&approval).await.unwrap_err();
    assert_eq!(error.certainty, Certainty::NotNow);
    assert_eq!(
        provider.status(&order(plan, None)).await,
        Ok(Status::Unknown)
    );
    for mood in [
        Mood::Drop,
        Mood::Answer(Reply::empty(500)),
        Mood::DoAndDrop,
        Mood::DoAndDrop,
    ] {
        set(mood);
        match provider.execute(&approval).await {
            Err(CallError { certainty, .. }) => assert_eq!(certainty, Certainty::Unsure),
            Ok(begun) => assert!(!begun.handle.is_empty() && begun.over.is_none()),
        }
    }
    set(Mood::Obey);
    // The server is killed, and another one asks.
    let other = open();
    let mut handle = None;
    for _ in 0..9 {
        let order = order(plan, handle);
        match other.status(&order).await.unwrap() {
            Status::Ready => {
                handle = Some("");
                other.advance(&order, &approval).await.unwrap();
            }
            status => {
                succeeded(&status);
                break;
            }
        }
    }
    // Told again, it sees that it is done.
    let begun = other.execute(&approval).await.unwrap();
    assert!(!begun.handle.is_empty());
    let status = other.status(&order(plan, Some(&begun.handle))).await;
    succeeded(&status.unwrap());
}

/// Requests that are lost, refused and answered, mixed as a number says.
fn mixed(seed: u64) -> impl Fn(u64, &Request) -> Mood + Send + Sync + 'static {
    move |number, _| {
        let mut hash = (seed << 32 | number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        match (hash ^ (hash >> 31)) % 20 {
            0..=2 => Mood::DoAndDrop,
            3 => Mood::Drop,
            4 => Mood::Answer(Reply::empty(503)),
            5 => Mood::Answer(Reply::empty(429)),
            6 => Mood::Answer(Reply::empty(500)),
            _ => Mood::Obey,
        }
    }
}

/// Carries a plan out as the run machine does, over servers that are killed, until it is over.
/// Nothing is told before it was asked for, but for the first time.
async fn carried_out<P: Provider>(open: &impl Fn() -> P, approval: &Approval) -> Status {
    let mut provider = open();
    let mut handle: Option<String> = None;
    let mut is_to_tell = true;
    for round in 0..400 {
        if round % 7 == 6 {
            provider = open();
        }
        if is_to_tell {
            is_to_tell = false;
            match provider.execute(approval).await {
                Ok(Begun { over, .. }) if over.is_some() => return over.unwrap(),
                Ok(begun) => handle = Some(begun.handle),
                Err(error) => assert_ne!(error.certainty, Certainty::Never, "{error:?}"),
            }
            continue;
        }
        let order = order(approval.plan(), handle.as_deref());
        let status = match provider.status(&order).await {
            Ok(Status::Ready) => provider.advance(&order, approval).await,
            status => status,
        };
        match status {
            Ok(Status::Unknown) => {
                assert_eq!(handle, None, "it is known there");
                is_to_tell = true;
            }
            Ok(Status::Running | Status::Ready) => {
                handle.get_or_insert_default();
            }
            Err(_) => {}
            Ok(status) => return status,
        }
    }
    panic!("it does not end");
}

/// Twenty runs of parameters in bad weather, over servers that are killed. Gives their keys.
async fn weather<P: Provider>(
    open: impl Fn() -> P,
    params: &Params,
    set: impl Fn(Option<u64>),
) -> Vec<String> {
    let mut keys = Vec::new();
    for number in 0..20_u64 {
        let run = RunId(1000 + u128::from(number));
        let draft = Draft {
            run,
            ..draft(params)
        };
        set(None);
        let planned = open().plan(&draft).await.unwrap();
        set(Some(number));
        let approval = leave_as(run, &action(params), None, &planned);
        succeeded(&carried_out(&open, &approval).await);
        keys.push(run.to_string());
    }
    keys
}

/// How often each of some keys stands in what is there.
fn counted(keys: &[String], count: impl Fn(&str) -> usize) -> BTreeMap<usize, usize> {
    let mut times = BTreeMap::new();
    for key in keys {
        *times.entry(count(key)).or_default() += 1;
    }
    times
}

/// Parameters that are wrong, and what is said of them.
async fn refused(provider: &dyn Provider, params: Params, said: &str) {
    let error = planned(provider, &params).await.unwrap_err();
    assert!(!error.is_temporary, "{error:?}");
    assert!(error.detail.contains(said), "{error:?}");
}

/// What must be so of every one of them.
async fn is_bound_to_what_was_seen(provider: &dyn Provider, params: &Params, other: &Params) {
    let planned = planned(provider, params).await.unwrap();
    let approval = leave_as(RUN, &action(other), None, &planned);
    let error = provider.execute(&approval).await.unwrap_err();
    assert_eq!(error.certainty, Certainty::Never);
    assert!(error.detail.contains("another one"), "{error:?}");
    let elsewhere = Draft {
        run: RUN,
        base_url: Some("https://other.example".into()),
        ..draft(params)
    };
    let error = provider.plan(&elsewhere).await.unwrap_err();
    assert!(error.detail.contains("does not know"), "{error:?}");
    let mut unknown = params.clone();
    unknown.insert("no_such".into(), text("x"));
    refused(provider, unknown, "no such parameter").await;
    refused(provider, Params::new(), "params.action").await;
}

/// A time for which nothing is believed to be lost.
const LONG: Duration = Duration::from_secs(3600);
