//! One message to a mail server and its answer, over SMTP. As with [`crate::http`], a small blocking
//! client on the runtime's blocking threads.
//!
//! The steps of a session are our own, since recipients differ: one that is unknown keeps nobody
//! else from the news, and one whose server asks to come back is tried again alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use tocsin_domain::subscription::Secret;

/// How the way to the mail server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MailSecurity {
    /// It begins in the clear and is encrypted before anything is said; a server that cannot is
    /// told nothing. Usually port 587.
    #[default]
    StartTls,
    /// It is encrypted from the first byte. Usually port 465.
    Tls,
    /// It is not encrypted, so nobody logs in. Usually port 25, on the same machine.
    None,
}

impl MailSecurity {
    /// The usual port.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// The mail server that takes our messages.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is secured.
    pub security: MailSecurity,
    /// Name and password, if it asks for them.
    pub login: Option<(String, Secret)>,
    /// Whom messages are from, unless a subscription says otherwise: `Tocsin <tocsin@example.org>`.
    pub from: String,
    /// Certificates in PEM of an authority of your own, beside the well-known ones.
    pub authority: Option<Vec<u8>>,
    /// How long each step of a session may take, in ms.
    pub timeout_ms: u64,
}

impl MailConfig {
    /// Whether it can be.
    ///
    /// # Errors
    /// What is wrong with it, with the name of the key.
    pub fn check(&self) -> Result<(), String> {
        if self.host.trim().is_empty() {
            return Err("`host` is empty: expected the name of a mail server".into());
        }
        if self.security == MailSecurity::None && self.login.is_some() {
            return Err(
                "`user` with `security = \"none\"` would send the password in the clear: expected \
                 `starttls` or `tls`, or no user"
                    .into(),
            );
        }
        mailbox(&self.from).map_err(|error| format!("`from`: {error}"))?;
        self.tls().map(drop)
    }

    fn tls(&self) -> Result<TlsParameters, String> {
        let mut tls = TlsParameters::builder(self.host.clone());
        if let Some(pem) = &self.authority {
            let certificate = Certificate::from_pem(pem)
                .map_err(|error| format!("`ca_file` has no certificates in PEM: {error}"))?;
            tls = tls.add_root_certificate(certificate);
        }
        let built = tls.build_rustls();
        built.map_err(|error| format!("no secure connection can be made: {error}"))
    }
}

/// Reads `someone@example.org` or `A name <someone@example.org>`.
pub(crate) fn mailbox(text: &str) -> Result<Mailbox, String> {
    let expected = "expected an address such as `Tocsin <tocsin@example.org>`";
    let read: Mailbox = text
        .trim()
        .parse()
        .map_err(|_| format!("`{text}` is no address: {expected}"))?;
    match read.email.to_string().is_ascii() {
        true => Ok(read),
        false => Err(format!("`{text}` has letters beyond ASCII: {expected}")),
    }
}

/// A message that is ready to leave.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    /// Whom it is from.
    pub(crate) from: Address,
    /// Who gets it; those who have it already are not among them.
    pub(crate) to: Vec<Address>,
    /// Headers and body.
    pub(crate) bytes: Vec<u8>,
}

/// A recipient that was not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) to: String,
    pub(crate) is_temporary: bool,
    pub(crate) detail: String,
}

/// What a mail server said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct MailAnswer {
    /// Who gets it: none if all were refused.
    pub(crate) taken: Vec<String>,
    pub(crate) refused: Vec<Refusal>,
    pub(crate) status: Option<u16>,
    pub(crate) detail: String,
    pub(crate) took_ms: u64,
}

/// Why nobody gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MailFailure {
    pub(crate) is_temporary: bool,
    pub(crate) status: Option<u16>,
    pub(crate) detail: String,
}

/// The client; without a server it sends nothing.
#[derive(Debug, Clone)]
pub(crate) struct Mailer {
    config: Option<Arc<MailConfig>>,
}

impl Mailer {
    pub(crate) fn new(config: Option<MailConfig>) -> Self {
        Self {
            config: config.map(Arc::new),
        }
    }

    /// Whom messages are from; none without a mail server.
    pub(crate) fn from(&self) -> Option<&str> {
        self.config.as_deref().map(|config| config.from.as_str())
    }

    /// Sends a message and waits for the answer.
    ///
    /// # Cancel safety
    /// Not safe: a message that left goes on.
    pub(crate) async fn send(&self, letter: Letter) -> Result<MailAnswer, MailFailure> {
        let Some(config) = self.config.clone() else {
            return Err(MailFailure {
                is_temporary: false,
                status: None,
                detail: "the server has no mail server: see [notify.smtp] of its configuration"
                    .into(),
            });
        };
        let done = tokio::task::spawn_blocking(move || post(&config, &letter)).await;
        done.unwrap_or_else(|_| {
            Err(MailFailure {
                is_temporary: true,
                status: None,
                detail: "the server shuts down".into(),
            })
        })
    }
}

/// One session from the greeting to the goodbye.
fn post(config: &MailConfig, letter: &Letter) -> Result<MailAnswer, MailFailure> {
    let began = Instant::now();
    let mut session = greet(config)?;
    let answer = hand_over(&mut session, letter);
    // The message is with the server or it is not: how the goodbye goes changes nothing.
    match &answer {
        Ok(_) => drop(session.quit()),
        Err(_) => session.abort(),
    }
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    answer.map(|answer| MailAnswer { took_ms, ..answer })
}

/// A session in which we are encrypted and known, as far as that is asked for.
fn greet(config: &MailConfig) -> Result<SmtpConnection, MailFailure> {
    let setup = |detail: String| MailFailure {
        is_temporary: false,
        status: None,
        detail,
    };
    let tls = config.tls().map_err(setup)?;
    let from = mailbox(&config.from).map_err(setup)?;
    // Relays turn away who says to be 127.0.0.1, and this name is one that they know.
    let hello = ClientId::Domain(from.email.domain().to_owned());
    let timeout = Duration::from_millis(config.timeout_ms.max(1));
    let from_start = (config.security == MailSecurity::Tls).then_some(&tls);
    let place = (config.host.as_str(), config.port);
    let mut session = SmtpConnection::connect(place, Some(timeout), &hello, from_start, None)
        .map_err(|error| failed(&error))?;
    if config.security == MailSecurity::StartTls {
        if !session.can_starttls() {
            session.abort();
            let detail = "the mail server offers no STARTTLS: nothing was sent in the clear";
            return Err(setup(detail.into()));
        }
        session
            .starttls(&tls, &hello)
            .map_err(|error| failed(&error))?;
    }
    if let Some((user, password)) = &config.login {
        let login = Credentials::new(user.clone(), password.0.clone());
        let known = session.auth(&[Mechanism::Plain, Mechanism::Login], &login);
        if let Err(error) = known {
            session.abort();
            let failure = failed(&error);
            let detail = format!("the login failed: {}", failure.detail);
            return Err(MailFailure { detail, ..failure });
        }
    }
    Ok(session)
}

fn hand_over(session: &mut SmtpConnection, letter: &Letter) -> Result<MailAnswer, MailFailure> {
    let from = Mail::new(Some(letter.from.clone()), Vec::new());
    session.command(from).map_err(|error| failed(&error))?;
    let mut answer = MailAnswer::default();
    for to in &letter.to {
        match session.command(Rcpt::new(to.clone(), Vec::new())) {
            Ok(_) => answer.taken.push(to.to_string()),
            // The server said no; anything else broke the session.
            Err(error) if error.status().is_some() => {
                let failure = failed(&error);
                answer.status = failure.status;
                answer.refused.push(Refusal {
                    to: to.to_string(),
                    is_temporary: failure.is_temporary,
                    detail: failure.detail,
                });
            }
            Err(error) => return Err(failed(&error)),
        }
    }
    if answer.taken.is_empty() {
        return Ok(answer);
    }
    session.command(Data).map_err(|error| failed(&error))?;
    let said = session.message(&letter.bytes);
    let said = said.map_err(|error| failed(&error))?;
    answer.status = Some(said.code().into());
    answer.detail = words_of(&said);
    Ok(answer)
}

fn words_of(said: &Response) -> String {
    let words: Vec<&str> = said.message().collect();
    format!("{} {}", said.code(), words.join(" "))
}

/// What an error means: what the server refused for good is not tried again.
fn failed(error: &Error) -> MailFailure {
    let status = error.status().map(u16::from);
    let said = std::error::Error::source(error).map(ToString::to_string);
    let detail = match (status, said) {
        (Some(status), said) => format!("{status} {}", said.unwrap_or_default()),
        (None, Some(said)) => format!("no answer of the mail server: {said}"),
        (None, None) => error.to_string(),
    };
    MailFailure {
        is_temporary: !error.is_permanent() && !error.is_client(),
        status,
        detail: detail.trim().to_owned(),
    }
}
