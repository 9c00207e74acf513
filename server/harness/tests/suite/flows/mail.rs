//! E-mail against a real mail server: over TLS and known by name, one conversation an alert, and
//! recipients that differ.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tocsin_harness::{Counterparty, TestServer, find_program, python, wait_for};

const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];
const LINE: &str = "CRITICAL: Pricing error | Missing price for <b>product</b> 999";

/// Takes mail on a free port, which it writes into a file, and keeps each message as a line. Who is
/// `unknown` is refused, who is `busy` is told to come back twice. Arguments: folder, mode.
const SERVER: &str = r#"
import asyncio, email, email.policy, json, os, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult
folder, mode = sys.argv[1:]
path = lambda name: os.path.join(folder, name)
busy = 0
class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        global busy
        if address.startswith("unknown@"):
            return "550 5.1.1 no such user"
        if address.startswith("busy@") and busy < 2:
            busy += 1
            return "451 4.7.1 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        told = {name: [str(one) for one in mail.get_all(name, [])] for name in
                ("Message-ID", "In-Reply-To", "References", "Subject", "Auto-Submitted", "From", "To")}
        told["parts"] = [part.get_content_type() for part in mail.walk()]
        told["text"] = mail.get_body(("plain",)).get_content()
        told["html"] = mail.get_body(("html",)).get_content()
        told["rcpt"], told["tls"] = envelope.rcpt_tos, session.ssl is not None
        told["login"] = session.auth_data.login.decode() if session.auth_data else None
        with open(path("mails"), "a") as mails:
            mails.write(json.dumps(told) + "\n")
        return "250 2.0.0 taken"
def known(server, session, envelope, mechanism, data):
    return AuthResult(success=data.password == b"s3cr3t", auth_data=data)
options = {}
if mode == "secure":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path("cert.pem"), path("key.pem"))
    options = dict(tls_context=context, require_starttls=True, auth_required=True, authenticator=known)
async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), hostname="localhost", **options), "localhost", 0)
    with open(path("port.new"), "w") as port:
        port.write(str(server.sockets[0].getsockname()[1]))
    os.rename(path("port.new"), path("port"))
    await server.serve_forever()
asyncio.run(main())
"#;

struct MailServer {
    folder: tempfile::TempDir,
    port: String,
    _runs: Counterparty,
}

impl MailServer {
    fn start(mode: &str) -> anyhow::Result<Self> {
        let folder = tempfile::TempDir::new()?;
        if mode == "secure" {
            certificate(folder.path())?;
        }
        let at = folder.path().to_string_lossy().into_owned();
        let runs = Counterparty::start(Command::new(python()?).args(["-c", SERVER, &at, mode]))?;
        let port = wait_for("the mail server", || {
            std::fs::read_to_string(folder.path().join("port")).ok()
        })?;
        Ok(Self {
            folder,
            port,
            _runs: runs,
        })
    }

    fn mails(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("mails")).unwrap_or_default();
        let whole = text.lines();
        whole
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}

fn certificate(folder: &Path) -> anyhow::Result<()> {
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let made = Command::new(find_program("openssl")?)
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
        .args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"])
        .args(["-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", &path("key.pem"), "-out", &path("cert.pem")])
        .output()?;
    let complained = String::from_utf8_lossy(&made.stderr);
    ensure!(made.status.success(), "{complained}");
    Ok(())
}

fn post(server: &TestServer, route: &str, body: &Value) -> anyhow::Result<Value> {
    let (status, answer) = server.post(route, JSON, body.to_string().as_bytes())?;
    ensure!(status < 300, "{route}: {status}: {answer:#}");
    Ok(answer)
}

fn subscribe(server: &TestServer, to: &[&str]) -> anyhow::Result<String> {
    let wish = json!({ "name": "by mail", "channel": { "type": "email", "to": to } });
    let made = post(server, "/api/v1/subscriptions", &wish)?;
    Ok(made["id"].as_str().context("no id")?.to_owned())
}

fn deliveries(server: &TestServer, subscription: &str) -> Option<Vec<Value>> {
    let route = format!("/api/v1/subscriptions/{subscription}/deliveries");
    let (_, answer) = server.get(&route).ok()?;
    answer["items"].as_array().cloned()
}

fn first_alert(server: &TestServer) -> Option<String> {
    let (_, answer) = server.get("/api/v1/alerts").ok()?;
    Some(answer["items"][0]["id"].as_str()?.to_owned())
}

#[test]
fn an_alert_is_one_conversation_over_tls_with_a_login() -> anyhow::Result<()> {
    let mail = MailServer::start("secure")?;
    let ca = mail.folder.path().join("cert.pem");
    let ca = ca.to_string_lossy().into_owned();
    let settings = [
        ("TOCSIN_NOTIFY__SMTP__HOST", "localhost"),
        ("TOCSIN_NOTIFY__SMTP__PORT", mail.port.as_str()),
        ("TOCSIN_NOTIFY__SMTP__FROM", "Tocsin <tocsin@example.org>"),
        ("TOCSIN_NOTIFY__SMTP__USER", "tocsin"),
        ("TOCSIN_NOTIFY__SMTP__PASSWORD", "s3cr3t"),
        ("TOCSIN_NOTIFY__SMTP__CA_FILE", ca.as_str()),
    ];
    let server = TestServer::start_with(&settings)?;
    let (_, shown) = server.get_text("/api/v1/settings")?;
    ensure!(!shown.contains("s3cr3t"), "the password is shown: {shown}");
    let id = subscribe(&server, &["db@example.org", "unknown@example.org"])?;
    let route = format!("/api/v1/subscriptions/{id}/test");
    let tested = post(&server, &route, &json!({}))?;
    ensure!(tested["is_accepted"] == true, "{tested:#}");

    server.push("shop", &[LINE])?;
    let alert = wait_for("the alert", || first_alert(&server))?;
    wait_for("its mail", || (mail.mails().len() == 2).then_some(()))
        .with_context(|| format!("{:#?}", deliveries(&server, &id)))?;
    let route = format!("/api/v1/alerts/{alert}/resolve");
    post(&server, &route, &json!({}))?;
    let mails = wait_for("the end", || Some(mail.mails()).filter(|m| m.len() == 3))?;
    let [_, fired, ended] = mails.as_slice() else {
        anyhow::bail!("{mails:#?}");
    };
    for one in &mails {
        ensure!(one["tls"] == true && one["login"] == "tocsin", "{one:#}");
        ensure!(
            one["Auto-Submitted"] == json!(["auto-generated"]),
            "{one:#}"
        );
        ensure!(one["rcpt"] == json!(["db@example.org"]), "{one:#}");
        ensure!(
            one["parts"] == json!(["multipart/alternative", "text/plain", "text/html"]),
            "{one:#}"
        );
    }
    let root = fired["Message-ID"][0].as_str().context("no id")?;
    ensure!(root.contains(&id) && root.contains(&alert), "{fired:#}");
    ensure!(fired["In-Reply-To"] == json!([]), "{fired:#}");
    ensure!(ended["In-Reply-To"] == json!([root]), "{ended:#}");
    ensure!(ended["References"] == json!([root]), "{ended:#}");
    ensure!(ended["Message-ID"][0] != root, "{ended:#}");
    let html = fired["html"].as_str().context("no html")?;
    ensure!(!html.contains("<b>product"), "{html}");
    ensure!(html.contains("&lt;b&gt;product"), "{html}");
    // The mail is there a moment before it is noted that it was sent.
    let all = wait_for("both to be noted as sent", || {
        let all = deliveries(&server, &id)?;
        all.iter().all(|one| one["state"] == "sent").then_some(all)
    })?;
    let note = all[0]["note"].as_str().unwrap_or_default();
    ensure!(
        all.iter().all(|one| one["state"] == "sent") && note.contains("550 5.1.1 no such user"),
        "who was refused is named: {all:#?}"
    );
    Ok(())
}

#[test]
fn who_is_busy_gets_it_later_and_nobody_gets_it_twice() -> anyhow::Result<()> {
    let mail = MailServer::start("plain")?;
    let settings = [
        ("TOCSIN_NOTIFY__SMTP__HOST", "localhost"),
        ("TOCSIN_NOTIFY__SMTP__PORT", mail.port.as_str()),
        ("TOCSIN_NOTIFY__SMTP__FROM", "tocsin@example.org"),
        ("TOCSIN_NOTIFY__SMTP__SECURITY", "none"),
    ];
    let server = TestServer::start_with(&settings)?;
    let id = subscribe(&server, &["db@example.org", "busy@example.org"])?;
    let lost = subscribe(&server, &["unknown@example.org"])?;
    server.push("shop", &[LINE])?;
    let settled = |id: &str, state: &str| {
        let all = deliveries(&server, id)?;
        all.into_iter().find(|one| one["state"] == state)
    };
    let sent = wait_for("all of them", || settled(&id, "sent"))?;
    ensure!(sent["attempts"] == 3, "{sent:#}");
    let dead = wait_for("the dead letter", || settled(&lost, "dead"))?;
    ensure!(dead["attempts"] == 1, "{dead:#}");
    let mails = mail.mails();
    let to: Vec<&Value> = mails.iter().map(|one| &one["rcpt"]).collect();
    ensure!(
        to == [&json!(["db@example.org"]), &json!(["busy@example.org"])],
        "{mails:#?}"
    );
    ensure!(
        mails[0]["Message-ID"] == mails[1]["Message-ID"],
        "{mails:#?}"
    );
    Ok(())
}

#[test]
fn a_mail_server_without_encryption_is_told_nothing() -> anyhow::Result<()> {
    let mail = MailServer::start("plain")?;
    let settings = [
        ("TOCSIN_NOTIFY__SMTP__HOST", "localhost"),
        ("TOCSIN_NOTIFY__SMTP__PORT", mail.port.as_str()),
        ("TOCSIN_NOTIFY__SMTP__FROM", "tocsin@example.org"),
    ];
    let server = TestServer::start_with(&settings)?;
    let id = subscribe(&server, &["db@example.org"])?;
    let route = format!("/api/v1/subscriptions/{id}/test");
    let tested = post(&server, &route, &json!({}))?;
    let detail = tested["detail"].as_str().unwrap_or_default();
    ensure!(
        tested["is_accepted"] == false && detail.contains("STARTTLS"),
        "{tested:#}"
    );
    ensure!(mail.mails().is_empty(), "something was sent");
    Ok(())
}

#[test]
fn without_a_mail_server_the_reason_is_said() -> anyhow::Result<()> {
    let server = TestServer::start()?;
    let channel = json!({ "type": "email", "to": ["db@example.org"] });
    let wish = json!({ "name": "by mail", "channel": channel }).to_string();
    let (status, answer) = server.post("/api/v1/subscriptions", JSON, wish.as_bytes())?;
    ensure!((400..500).contains(&status), "{status}: {answer:#}");
    ensure!(answer.to_string().contains("notify.smtp"), "{answer:#}");
    Ok(())
}
