//! The mail server that takes messages to those who subscribed by e-mail.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use tocsin_act::{MailConfig, MailSecurity};
use tocsin_domain::subscription::Secret;

/// The mail server that takes messages to those who subscribed by e-mail.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SmtpConfig {
    /// Name or address of the mail server. Default none: nobody can subscribe by e-mail.
    pub host: Option<String>,
    /// Its port. Default: 587 with `starttls`, 465 with `tls`, 25 with `none`.
    pub port: Option<u16>,
    /// How the way there is secured: `starttls`, `tls` (from the first byte) or `none`. Default
    /// `starttls`: a server that does not offer it is told nothing.
    pub security: SmtpSecurity,
    /// The name to log in with. Default empty: nobody logs in. Not with `security = "none"`.
    pub user: String,
    /// The password. `password_file` keeps it out of this file.
    #[serde(serialize_with = "hidden")]
    pub password: String,
    /// A file with the password in its first line.
    pub password_file: Option<PathBuf>,
    /// Whom messages are from, such as `Tocsin <tocsin@example.org>`. Needed with `host`.
    pub from: String,
    /// A file in PEM with the certificate of an authority of your own, which may vouch for the mail
    /// server beside the well-known ones.
    pub ca_file: Option<PathBuf>,
}

impl std::fmt::Debug for SmtpConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// How the way to the mail server is secured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    /// In the clear until both sides agreed on encryption.
    #[default]
    StartTls,
    /// Encrypted from the first byte.
    Tls,
    /// Not at all.
    None,
}

/// A password is never shown, only that there is one.
fn hidden<S: Serializer>(password: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match password.is_empty() {
        true => "",
        false => "***",
    })
}

impl SmtpConfig {
    /// The mail server; none if there is no `host`. Reads the files that are named.
    ///
    /// # Errors
    /// What is wrong, with the name of the key.
    pub fn mail(&self, timeout_ms: u64) -> Result<Option<MailConfig>, String> {
        let wrong = |what: String| format!("notify.smtp: {what}");
        let Some(host) = self.host.clone() else {
            let is_begun = !self.user.is_empty() || !self.from.is_empty();
            return match is_begun {
                true => Err(wrong("`host` is missing: expected a mail server".into())),
                false => Ok(None),
            };
        };
        let security = match self.security {
            SmtpSecurity::StartTls => MailSecurity::StartTls,
            SmtpSecurity::Tls => MailSecurity::Tls,
            SmtpSecurity::None => MailSecurity::None,
        };
        let mail = MailConfig {
            host,
            port: self.port.unwrap_or(security.port()),
            security,
            login: self.login().map_err(wrong)?,
            from: self.from.clone(),
            authority: self.authority().map_err(wrong)?,
            timeout_ms,
        };
        mail.check().map_err(wrong)?;
        Ok(Some(mail))
    }

    fn login(&self) -> Result<Option<(String, Secret)>, String> {
        let password = match (&self.password_file, self.password.is_empty()) {
            (Some(_), false) => {
                return Err("there are `password` and `password_file`: expected one".into());
            }
            (Some(path), true) => {
                let text = std::fs::read_to_string(path);
                let text = text.map_err(|error| {
                    format!("`password_file` {} cannot be read: {error}", path.display())
                })?;
                text.lines().next().unwrap_or_default().to_owned()
            }
            (None, _) => self.password.clone(),
        };
        match (self.user.is_empty(), password.is_empty()) {
            (true, true) => Ok(None),
            (false, false) => Ok(Some((self.user.clone(), Secret(password)))),
            (true, false) => Err("there is a password but no `user`".into()),
            (false, true) => Err("there is a `user` but no password".into()),
        }
    }

    fn authority(&self) -> Result<Option<Vec<u8>>, String> {
        let read = |path: &PathBuf| {
            let bytes = std::fs::read(path);
            bytes.map_err(|error| format!("`ca_file` {} cannot be read: {error}", path.display()))
        };
        self.ca_file.as_ref().map(read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp() -> SmtpConfig {
        SmtpConfig {
            host: Some("mail.example.org".into()),
            from: "Tocsin <tocsin@example.org>".into(),
            ..SmtpConfig::default()
        }
    }

    #[test]
    fn the_port_follows_from_the_security() {
        assert!(SmtpConfig::default().mail(1).unwrap().is_none());
        for (security, port) in [
            (SmtpSecurity::StartTls, 587),
            (SmtpSecurity::Tls, 465),
            (SmtpSecurity::None, 25),
        ] {
            let smtp = SmtpConfig { security, ..smtp() };
            assert_eq!(smtp.mail(1).unwrap().unwrap().port, port);
        }
    }

    #[test]
    fn a_password_comes_from_one_place_and_is_never_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "s3cr3t\nmore\n").unwrap();
        let with = SmtpConfig {
            user: "tocsin".into(),
            password_file: Some(file.path().into()),
            ..smtp()
        };
        let login = with.mail(1).unwrap().unwrap().login.unwrap();
        assert_eq!((login.0.as_str(), login.1.0.as_str()), ("tocsin", "s3cr3t"));
        let both = SmtpConfig {
            password: "other".into(),
            ..with
        };
        assert!(both.mail(1).unwrap_err().contains("expected one"));
        let shown = serde_json::to_string(&both).unwrap() + &format!("{both:?}");
        assert!(!shown.contains("other") && shown.contains("***"), "{shown}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let wrong = |change: fn(&mut SmtpConfig)| {
            let mut smtp = smtp();
            change(&mut smtp);
            smtp.mail(1).unwrap_err()
        };
        assert!(wrong(|smtp| smtp.host = None).contains("`host`"));
        assert!(wrong(|smtp| smtp.from.clear()).contains("`from`"));
        assert!(wrong(|smtp| smtp.user = "t".into()).contains("no password"));
        assert!(wrong(|smtp| smtp.ca_file = Some("/nowhere".into())).contains("`ca_file`"));
        let clear = wrong(|smtp| {
            smtp.user = "t".into();
            smtp.password = "p".into();
            smtp.security = SmtpSecurity::None;
        });
        assert!(clear.contains("in the clear"), "{clear}");
    }
}
