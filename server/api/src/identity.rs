//! Who asks. There is no login yet: a proxy in front of the server may say in a header who it is that
//! it let in. It is believed only if it is one of the proxies that are trusted.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use tocsin_domain::ports::AuditEntry;

use crate::errors::ApiError;
use crate::state::ApiState;

/// Who acts while nobody says who it is.
pub(crate) const ANONYMOUS: &str = AuditEntry::ANONYMOUS;
/// Who acts when nobody asked.
pub(crate) const SYSTEM: &str = AuditEntry::SYSTEM;
/// The most characters of a name.
const NAME_CHARS_MAX: usize = 100;

/// Who may say who asks.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    header: Option<HeaderName>,
    proxies: Vec<IpAddr>,
}

impl Identity {
    /// The header in which proxies at these addresses say who asks; none: nobody says it.
    ///
    /// # Errors
    /// What was expected, if the name cannot be one of a header.
    pub fn new(header: Option<&str>, proxies: Vec<IpAddr>) -> Result<Self, String> {
        let header = header.map(|name| {
            let wrong = |_| format!("expected the name of a header, not `{name}`");
            name.parse::<HeaderName>().map_err(wrong)
        });
        Ok(Self {
            header: header.transpose()?,
            proxies,
        })
    }

    /// Who asks, as far as is known.
    fn name(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Result<Option<String>, ApiError> {
        let Some(header) = &self.header else {
            return Ok(None);
        };
        let is_trusted = |peer: IpAddr| {
            self.proxies
                .iter()
                .any(|one| one.to_canonical() == peer.to_canonical())
        };
        if !peer.is_some_and(is_trusted) {
            return Ok(None);
        }
        let mut said = headers.get_all(header).iter();
        match (said.next(), said.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => name(header, value.as_bytes()).map(Some),
            // What a client said, and what the proxy added.
            (Some(_), Some(_)) => {
                let detail =
                    "it is there more than once: the proxy is to replace what clients send";
                Err(ApiError::field(header.as_str(), "one name", detail))
            }
        }
    }
}

/// The name of a person.
fn name(header: &HeaderName, bytes: &[u8]) -> Result<String, ApiError> {
    let wrong = |detail: String| {
        let expected = "the name of a person: 1 to 100 characters that can be seen";
        ApiError::field(header.as_str(), expected, detail)
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(wrong("it is not UTF-8".into()));
    };
    let name = text.trim();
    let length = name.chars().count();
    if length == 0 || length > NAME_CHARS_MAX {
        return Err(wrong(format!("it has {length} characters")));
    }
    if name.chars().any(is_unseen) {
        return Err(wrong("it has characters that cannot be seen".into()));
    }
    let is_taken = |taken: &&&str| name.eq_ignore_ascii_case(taken);
    match [SYSTEM, ANONYMOUS].iter().find(is_taken) {
        Some(taken) => Err(wrong(format!("`{taken}` is nobody's name"))),
        None => Ok(name.to_owned()),
    }
}

/// Whether a character could make two names look the same: one of control, or one that takes no
/// room or changes the direction.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

/// Who asks: the name of a person, or [`ANONYMOUS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Actor(String);

impl Actor {
    /// The name.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// Whether it is somebody.
    pub(crate) fn is_known(&self) -> bool {
        self.0 != ANONYMOUS
    }
}

impl FromRequestParts<ApiState> for Actor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(address)| address.ip());
        let name = state.parts().identity.name(&parts.headers, peer)?;
        Ok(Self(name.unwrap_or_else(|| ANONYMOUS.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::http::HeaderValue;

    use super::*;

    const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn asked(values: &[&[u8]], peer: Option<IpAddr>) -> Result<Option<String>, String> {
        let identity = Identity::new(Some("X-Forwarded-User"), vec![PROXY]).unwrap();
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value).unwrap();
            headers.append("x-forwarded-user", value);
        }
        identity.name(&headers, peer).map_err(|error| error.detail)
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let ana = || Ok(Some("ana".to_owned()));
        assert_eq!(asked(&[b" ana "], Some(PROXY)), ana());
        assert_eq!(asked(&[b"ana"], "::ffff:127.0.0.1".parse().ok()), ana());
        assert_eq!(asked(&[b"ana"], "127.0.0.2".parse().ok()), Ok(None));
        assert_eq!(asked(&[b"ana"], "::1".parse().ok()), Ok(None));
        assert_eq!(asked(&[b"ana"], None), Ok(None));
        assert_eq!(asked(&[], Some(PROXY)), Ok(None));
        let nobody = Identity::new(None, vec![PROXY]).unwrap();
        let headers = HeaderMap::from_iter([(
            HeaderName::from_static("x-forwarded-user"),
            HeaderValue::from_static("ana"),
        )]);
        assert_eq!(nobody.name(&headers, Some(PROXY)).unwrap(), None);
        assert!(Identity::new(Some("no header"), vec![]).is_err());
    }

    #[test]
    fn what_is_nobodys_name_is_refused() {
        let long = "x".repeat(101);
        for wrong in [
            "",
            "  ",
            "system",
            "System",
            "anonymous",
            &long,
            "an\u{200b}a",
            "\u{202e}ana",
        ] {
            let said = asked(&[wrong.as_bytes()], Some(PROXY));
            assert!(said.is_err(), "{wrong}: {said:?}");
            // Who is not believed is not read either.
            assert_eq!(asked(&[wrong.as_bytes()], None), Ok(None));
        }
        assert!(asked(&[b"\xff"], Some(PROXY)).is_err());
        assert!(asked(&[b"ana", b"bob"], Some(PROXY)).is_err());
        let umlaut = "Jörg Müller".to_owned();
        assert_eq!(asked(&[umlaut.as_bytes()], Some(PROXY)), Ok(Some(umlaut)));
    }
}
