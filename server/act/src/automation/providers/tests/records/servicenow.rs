//! `servicenow` against its double.

use serde_json::Value;
use tocsin_harness::trackers::{ServiceNowDouble, ServiceNowRecord};

use super::*;
use crate::automation::providers::records::Desk;
use crate::automation::providers::servicenow::{ServiceNowActionsConfig, ServiceNowRecords};
use crate::automation::providers::tests::NASTY;
use crate::trackers::text as texts_of;

fn config(double: &ServiceNowDouble) -> ServiceNowActionsConfig {
    ServiceNowActionsConfig {
        url: double.url(),
        user: ServiceNowDouble::USER.into(),
        password: secret(ServiceNowDouble::PASSWORD),
        password_file: None,
        token: secret(""),
        token_file: None,
        close_code: "Solution provided".into(),
        lag_secs: 0,
    }
}

fn open(config: ServiceNowActionsConfig) -> Desk<ServiceNowRecords> {
    Desk::new(ServiceNowRecords::new(config, &http()).unwrap())
}

fn start() -> (ServiceNowDouble, Desk<ServiceNowRecords>) {
    let double = ServiceNowDouble::start().unwrap();
    let provider = open(config(&double));
    (double, provider)
}

fn create_incident() -> Params {
    let fields = [("short_description", "web-1 is full"), ("impact", "2")];
    with_fields(texts(&[("action", "create_incident")]), &fields)
}

/// A change that is taken as far as `until`.
fn change(until: &str) -> Params {
    let params = texts(&[("action", "create_change"), ("until", until)]);
    let mut params = with_fields(params, &[("short_description", "Clean web-1")]);
    if until == "closed" {
        params.insert("close_notes".into(), text("It was cleaned."));
    }
    params
}

fn state_of(double: &ServiceNowDouble) -> (String, String) {
    let changes = double.changes();
    let change = changes.last().unwrap();
    let field = |name| change.field(name).to_owned();
    (field("state"), field("approval"))
}

/// The states that were sent to the double, and whether each was offered right before.
fn hops(double: &ServiceNowDouble) -> Vec<(String, bool)> {
    let mut is_asked = false;
    let mut hops = Vec::new();
    for request in double.requests() {
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        match (request.method.as_str(), body["state"].as_str()) {
            ("GET", _) => is_asked |= request.path.ends_with("/nextstates"),
            ("PATCH", Some(state)) => {
                hops.push((state.to_owned(), is_asked));
                is_asked = false;
            }
            _ => {}
        }
    }
    hops
}

fn offered(states: &[&str]) -> Vec<(String, bool)> {
    states.iter().map(|one| ((*one).to_owned(), true)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_made_as_it_was_shown_and_closed_to_undo_it() {
    let (double, provider) = start();
    provider.check().await.unwrap();
    let undo = texts(&[("action", "close_incident"), ("close_notes", "In vain.")]);
    let plan = plan_of(&provider, &create_incident(), &undo).await;
    let approval = leave(&provider, &create_incident()).await;
    let begun = provider.execute(&approval).await.unwrap();
    assert_eq!(begun.handle, "INC0000001");
    let ended = order(&plan, Some("INC0000001"));
    let status = provider.status(&ended).await.unwrap();
    let made = "INC0000001 was made: http://";
    assert!(succeeded(&status).starts_with(made), "{status:?}");
    let (output, _) = provider.output(&ended, 0).await.unwrap();
    assert!(output.contains("/nav_to.do?uri=%2Fincident.do"), "{output}");
    let incident = &double.incidents()[0];
    let own = ("correlation_id", "correlation_display");
    assert_eq!(
        (incident.field(own.0), incident.field(own.1)),
        (&*key(), "Tocsin")
    );
    assert_eq!(incident.field("impact"), "2");
    let requests = double.requests();
    let sent = requests.iter().find(|one| one.method == "POST").unwrap();
    let sent: Value = serde_json::from_str(&sent.body).unwrap();
    let shown = &approval.plan().preview.text;
    assert!(shown.contains(&format!("{sent:#}")), "{shown}");

    let leave = leave_to_undo(&plan);
    let begun = provider.rollback(&leave).await.unwrap();
    let order = undoing(&plan, Some(&begun.handle));
    assert!(succeeded(&provider.status(&order).await.unwrap()).ends_with("closed"));
    let incident = &double.incidents()[0];
    assert_eq!(
        (incident.field("state"), incident.field("close_notes")),
        ("6", "In vain.")
    );
    let said = format!(
        "By Tocsin, run {key}-rollback.\n\n{key}-rollback",
        key = key()
    );
    assert_eq!(incident.notes, [said]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_that_is_named_is_shown_and_changed() {
    let (double, provider) = start();
    succeeded(&done(&provider, &create_incident()).await.1);
    let update = |note| {
        let params = [
            ("action", "update_incident"),
            ("incident", "INC0000001"),
            ("work_note", note),
        ];
        with_fields(texts(&params), &[("urgency", "1"), ("category", "disk")])
    };
    let planned = planned(&provider, &update("Seen")).await.unwrap();
    assert_eq!(planned.template, "servicenow update_incident INC0000001");
    let shown = &planned.preview.text;
    assert!(
        shown.starts_with("INC0000001 is 1 now: web-1 is full\n"),
        "{shown}"
    );
    is_bound_to_what_was_seen(&provider, &update("a"), &update("b")).await;
    let (handle, status) = done(&provider, &update("Seen")).await;
    assert_eq!(handle, "INC0000001");
    assert!(succeeded(&status).ends_with("noted"));
    let incident = &double.incidents()[0];
    assert_eq!(
        (incident.field("urgency"), incident.field("category")),
        ("1", "disk")
    );
    assert_eq!(incident.notes, [format!("Seen\n\n{}", key())]);
    let wrong = |fields: &[(&str, &str)]| with_fields(update("x"), fields);
    for name in [
        "approval",
        "correlation_id",
        "work_notes",
        "sys_id",
        "a^b",
        "Á",
    ] {
        refused(&provider, wrong(&[(name, "x")]), "params.fields").await;
    }
    refused(&provider, wrong(&[("u_none", "x")]), "no field `u_none`").await;
    for name in ["", "INC0000001^ORactive=true", "incident", "INC", "0000001"] {
        let params = texts(&[("action", "close_incident"), ("incident", name)]);
        refused(&provider, params, "a number or a `sys_id`").await;
    }
    let away = texts(&[("action", "close_incident"), ("incident", "INC0000009")]);
    refused(&provider, away, "no INC0000009").await;
    let nothing = texts(&[("action", "update_incident"), ("incident", "INC0000001")]);
    refused(&provider, nothing, "params.work_note").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_waits_for_its_approval_and_then_goes_its_way() {
    for stays in [false, true] {
        let (double, provider) = start();
        double.configure(|settings| settings.stays = stays);
        let approval = leave(&provider, &change("closed")).await;
        let plan = approval.plan();
        let begun = provider.execute(&approval).await.unwrap();
        assert_eq!((&*begun.handle, begun.over), ("CHG0030001", None));
        assert_eq!(state_of(&double), ("-4".into(), "requested".into()));
        let order = order(plan, Some("CHG0030001"));
        for _ in 0..3 {
            assert_eq!(provider.status(&order).await, Ok(Status::Running));
        }
        let (output, end) = provider.output(&order, 0).await.unwrap();
        assert!(output.ends_with("its approval is asked for\n"), "{output}");
        assert_eq!(hops(&double), offered(&["-4"]));

        double.decide("CHG0030001", "approved");
        assert_eq!(provider.status(&order).await, Ok(Status::Ready));
        let status = provider.advance(&order, &approval).await.unwrap();
        assert!(succeeded(&status).ends_with("it is closed"), "{status:?}");
        assert_eq!(provider.status(&order).await.as_ref(), Ok(&status));
        let way: &[&str] = match stays {
            false => &["-4", "-1", "0", "3"],
            true => &["-4", "-3", "-2", "-1", "0", "3"],
        };
        assert_eq!(hops(&double), offered(way));
        let change = &double.changes()[0];
        assert_eq!(
            (change.field("close_code"), change.field("close_notes")),
            ("successful", "It was cleaned.")
        );
        let (output, _) = provider.output(&order, end).await.unwrap();
        assert_eq!(
            output,
            "it is approved\nit is being implemented\nit is under review\nit is closed\n"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_not_approved_fails_and_one_called_off_is_cancelled() {
    let (double, provider) = start();
    let approval = leave(&provider, &change("implement")).await;
    let order = order(approval.plan(), Some("CHG0030001"));
    provider.execute(&approval).await.unwrap();
    double.decide("CHG0030001", "rejected");
    let status = provider.status(&order).await;
    let why = "CHG0030001 was not approved".to_owned();
    assert_eq!(status, Ok(Status::Failed(why.clone())));
    // Though it is asked to go on, nothing is sent.
    let status = provider.advance(&order, &approval).await;
    assert_eq!(status, Ok(Status::Failed(why)));
    assert_eq!(hops(&double), offered(&["-4"]));

    let (double, provider) = start();
    provider
        .execute(&approval_of(&provider, "implement").await)
        .await
        .unwrap();
    provider.cancel(&order).await.unwrap();
    assert_eq!(state_of(&double).0, "4");
    let why = "CHG0030001 was called off".to_owned();
    assert_eq!(provider.status(&order).await, Ok(Status::Cancelled(why)));
    assert_eq!(hops(&double), offered(&["-4", "4"]));
}

async fn approval_of(provider: &dyn Provider, until: &str) -> Approval {
    leave(provider, &change(until)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_stop_goes_no_further_though_it_cannot_be_called_off() {
    let (double, provider) = start();
    let approval = approval_of(&provider, "closed").await;
    let order = order(approval.plan(), Some("CHG0030001"));
    provider.execute(&approval).await.unwrap();
    double.decide("CHG0030001", "approved");
    // The last word, which would close it, gets lost.
    double.set_mood(|_, request| match request.body.contains("\"3\"") {
        true => Mood::Drop,
        false => Mood::Obey,
    });
    assert!(provider.advance(&order, &approval).await.is_err());
    assert_eq!(state_of(&double).0, "0");
    double.set_mood(|_, _| Mood::Obey);
    provider.cancel(&order).await.unwrap();
    let status = provider.status(&order).await.unwrap();
    assert!(matches!(status, Status::Cancelled(_)), "{status:?}");
    assert_eq!(state_of(&double).0, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_change_is_of_a_template_and_approved_beforehand() {
    let (double, provider) = start();
    let template = ServiceNowDouble::TEMPLATE;
    let params = texts(&[
        ("action", "create_change"),
        ("template", template),
        ("until", "implement"),
    ]);
    let planned = planned(&provider, &params).await.unwrap();
    let shown = &planned.preview.text;
    assert!(
        shown.starts_with("By the template `Clean a disk`"),
        "{shown}"
    );
    assert!(shown.contains(&format!("/change/standard/{template}")));
    let (handle, status) = done(&provider, &params).await;
    assert_eq!(handle, "CHG0030001");
    assert!(succeeded(&status).ends_with("it is being implemented"));
    assert_eq!(hops(&double), offered(&["-2", "-1"]));
    assert_eq!(double.changes()[0].field("correlation_id"), key());
    let none = texts(&[("action", "create_change"), ("template", &"0".repeat(32))]);
    refused(&provider, none, "No Record found").await;
    let wrong = texts(&[("action", "create_change"), ("template", "../normal")]);
    refused(&provider, wrong, "params.template").await;
    let own = with_fields(params, &[("state", "-1")]);
    refused(&provider, own, "params.fields.state").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_changed_closed_and_called_off_by_name() {
    let (double, provider) = start();
    succeeded(&done(&provider, &texts_of_change("requested")).await.1);
    let name = ("change", "CHG0030001");
    let update = texts(&[("action", "update_change"), name, ("work_note", "Soon")]);
    let now = planned(&provider, &update).await.unwrap().preview.text;
    let expected =
        "CHG0030001 is -4 now, its approval is requested, and it may go to Canceled, Assess";
    assert!(now.starts_with(expected), "{now}");
    double.decide("CHG0030001", "approved");
    let close = texts(&[
        ("action", "close_change"),
        name,
        ("close_code", "unsuccessful"),
        ("close_notes", "In vain."),
    ]);
    let approval = leave_of(&provider, RunId(2), &close).await;
    provider.execute(&approval).await.unwrap();
    let order = order(approval.plan(), Some("CHG0030001"));
    let status = provider.status(&order).await.unwrap();
    assert!(succeeded(&status).ends_with("it is closed"));
    let changes = double.changes();
    let change = &changes[0];
    assert_eq!(
        (change.field("state"), change.field("close_code")),
        ("3", "unsuccessful")
    );
    assert!(change.notes[0].ends_with(&RunId(2).to_string()));
}

fn texts_of_change(until: &str) -> Params {
    change(until)
}

async fn leave_of(provider: &dyn Provider, run: RunId, params: &Params) -> Approval {
    let draft = Draft {
        run,
        ..draft(params)
    };
    let planned = provider.plan(&draft).await.unwrap();
    leave_as(run, &action(params), None, &planned)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_change_of_a_run_is_called_off_to_undo_it() {
    let (double, provider) = start();
    let undo = texts(&[("action", "cancel_change"), ("work_note", "In vain.")]);
    let plan = plan_of(&provider, &change("requested"), &undo).await;
    succeeded(&done(&provider, &change("requested")).await.1);
    let begun = provider.rollback(&leave_to_undo(&plan)).await.unwrap();
    let order = undoing(&plan, Some(&begun.handle));
    let status = provider.status(&order).await.unwrap();
    assert!(succeeded(&status).ends_with("noted; called off"));
    assert_eq!(state_of(&double).0, "4");
    assert_eq!(
        double.changes()[0].notes,
        [format!("In vain.\n\n{}-rollback", key())]
    );
    // Once it is closed it cannot be called off, which is said.
    let (double, provider) = start();
    let closed = texts(&[
        ("action", "create_change"),
        ("template", ServiceNowDouble::TEMPLATE),
        ("until", "closed"),
        ("close_notes", "Done."),
    ]);
    let plan = plan_of(&provider, &closed, &undo).await;
    succeeded(&done(&provider, &closed).await.1);
    let begun = provider.rollback(&leave_to_undo(&plan)).await.unwrap();
    let Some(Status::Failed(why)) = begun.over else {
        panic!("{begun:?}");
    };
    assert!(why.contains("cannot be called off"), "{why}");
    assert_eq!(state_of(&double).0, "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_lacks_and_what_is_taken_back_is_said() {
    let (double, provider) = start();
    double.configure(|settings| settings.asks_group = true);
    let approval = approval_of(&provider, "implement").await;
    provider.execute(&approval).await.unwrap();
    let order = order(approval.plan(), Some("CHG0030001"));
    assert_eq!(provider.status(&order).await, Ok(Status::Ready));
    let error = provider.advance(&order, &approval).await.unwrap_err();
    let expected = "CHG0030001 may not go on from New; not met: Assignment group is set";
    assert!(error.contains(expected), "{error}");
    double.configure(|settings| {
        settings.asks_group = false;
        settings.takes_back = true;
    });
    let Ok(Status::Failed(why)) = provider.advance(&order, &approval).await else {
        panic!("a state that is taken back was not noticed");
    };
    assert!(
        why.contains("did not keep the state of CHG0030001"),
        "{why}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_not_asked_for_is_not_taken_for_the_one_that_was() {
    let (double, provider) = start();
    let params = texts(&[
        ("action", "update_incident"),
        ("incident", "INC0000001"),
        ("work_note", "x"),
    ]);
    succeeded(&done(&provider, &create_incident()).await.1);
    planned(&provider, &params).await.unwrap();
    let approval = leave_of(&provider, RunId(2), &create_incident()).await;
    let other =
        r#"{"result": [{"sys_id": "00000000000000000000000000000002", "number": "INC0000002"}]}"#;
    double.set_mood(|_, request| match request.path.ends_with("/incident") {
        true => Mood::Answer(Reply {
            status: 200,
            headers: Vec::new(),
            body: other.into(),
        }),
        false => Mood::Obey,
    });
    refused(&provider, params, "no INC0000001").await;
    let error = provider.execute(&approval).await.unwrap_err();
    assert_eq!(error.certainty, Certainty::Never, "{error:?}");
    assert_eq!(double.incidents().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_may_not_use_changes_is_told_so() {
    let (double, provider) = start();
    for (status, said) in [(404, "Change Management API"), (403, "permissions")] {
        double.set_mood(
            move |_, request| match request.path.contains("sn_chg_rest") {
                true => Mood::Answer(Reply::empty(status)),
                false => Mood::Obey,
            },
        );
        let error = provider.check().await.unwrap_err();
        assert!(error.contains(said), "{error}");
        assert!(!error.contains(ServiceNowDouble::PASSWORD));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_restricts_nothing_is_not_believed() {
    let (double, provider) = start();
    succeeded(&done(&provider, &create_incident()).await.1);
    double.configure(|settings| settings.is_without_correlation = true);
    assert!(provider.check().await.is_err());
    let approval = leave_of(&provider, RunId(2), &create_incident()).await;
    let error = provider.execute(&approval).await.unwrap_err();
    assert_eq!(error.certainty, Certainty::Never);
    assert_eq!(double.incidents().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_answered_is_there_once() {
    let (double, _) = start();
    let config = config(&double);
    let set = |mood| double.set_mood(writes(mood));
    made_once(|| open(config.clone()), &create_incident(), set).await;
    assert_eq!(double.count(&key()), 1);
    double.set_mood(|_, _| Mood::Obey);
    made_once(|| open(config.clone()), &change_at_once(), set).await;
    let with_key = |one: &&ServiceNowRecord| one.field("correlation_id") == key();
    assert_eq!(double.changes().iter().filter(with_key).count(), 1);
}

/// A change that needs nobody.
fn change_at_once() -> Params {
    texts(&[
        ("action", "create_change"),
        ("template", ServiceNowDouble::TEMPLATE),
        ("until", "closed"),
        ("close_notes", "Done."),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn in_bad_weather_everything_is_done_once() {
    let (double, _) = start();
    let config = config(&double);
    let set = |seed: Option<u64>| match seed {
        Some(seed) => double.set_mood(mixed(seed)),
        None => double.set_mood(|_, _| Mood::Obey),
    };
    let keys = weather(|| open(config.clone()), &create_incident(), set).await;
    let once = BTreeMap::from([(1, 20)]);
    assert_eq!(counted(&keys, |key| double.count(key)), once);
    let keys = weather(|| open(config.clone()), &change_at_once(), set).await;
    let changes = double.changes();
    let by = |key: &str| {
        let has = |one: &&ServiceNowRecord| one.field("correlation_id") == key;
        changes.iter().filter(has).count()
    };
    assert_eq!(counted(&keys, by), once);
    assert!(changes.iter().all(|one| one.field("state") == "3"));
    let name = ("incident", "INC0000003");
    let note = texts(&[("action", "update_incident"), name, ("work_note", "Again.")]);
    let keys = weather(|| open(config.clone()), &note, set).await;
    let notes = double.incidents()[2].notes.clone();
    let by = |key: &str| notes.iter().filter(|note| note.ends_with(key)).count();
    assert_eq!(counted(&keys, by), once);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_value_is_one_literal() {
    let (double, provider) = start();
    let vicious = [
        "x^ORsys_idISNOTEMPTY^EQ",
        "javascript:gs.log(1)",
        "[code]<script>alert(1)</script>[/code] @[5b10a2844c20165700ede21g00000000:Ops]",
        "${gs.getProperty('x')}",
    ];
    for (number, nasty) in (100..).zip(NASTY.iter().chain(&vicious)) {
        let run = RunId(number);
        let fields = [
            ("short_description", &*format!("x {nasty}")),
            ("description", nasty),
        ];
        let params = with_fields(texts(&[("action", "create_incident")]), &fields);
        let approval = leave_of(&provider, run, &params).await;
        provider.execute(&approval).await.unwrap();
        let incidents = double.incidents();
        let incident = incidents.last().unwrap();
        let short = texts_of::one_line(&format!("x {nasty}"), 160);
        assert_eq!(incident.field("short_description"), short, "{nasty}");
        assert_eq!(incident.field("description"), texts_of::clean(nasty));
        assert_eq!(incident.field("correlation_id"), run.to_string());
        assert_eq!(incident.field("state"), "1");

        let name = ("incident", incident.field("number"));
        let note = [("action", "update_incident"), name, ("work_note", nasty)];
        let approval = leave_of(&provider, run, &texts(&note)).await;
        provider.execute(&approval).await.unwrap();
        let said = double.incidents().last().unwrap().notes[0].clone();
        let said = said.strip_suffix(&format!("\n\n{run}")).unwrap();
        assert!(!said.contains("[code]") && !said.contains("@["), "{said}");
        let plain = said.replace('\u{200b}', "");
        assert_eq!(plain, texts_of::clean(nasty).trim_end(), "{nasty}");
    }
}

#[test]
fn a_configuration_that_cannot_be_is_named() {
    let (double, _) = start();
    let wrong = |change: fn(&mut ServiceNowActionsConfig)| {
        let mut config = config(&double);
        change(&mut config);
        ServiceNowRecords::new(config, &http()).err().unwrap().field
    };
    assert_eq!(wrong(|c| c.url = "http://a.example".into()), "url");
    assert_eq!(wrong(|c| c.token = secret("t")), "user");
    assert_eq!(wrong(|c| c.password = secret("")), "user");
}
