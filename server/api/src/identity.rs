//! Who asks. There is no login yet: a proxy in front of the server may say in a header who it is that
//! it let in. It is believed only if it is one of the proxies that are trusted.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;
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
    proxies: Vec<IpNet>,
}

impl Identity {
    /// The header in which proxies at these addresses or in these networks (`10.0.0.0/8`) say who
    /// asks; none: nobody says it.
    ///
    /// # Errors
    /// What was expected, if the name cannot be one of a header, or one of the others no address.
    pub fn new(header: Option<&str>, proxies: &[String]) -> Result<Self, String> {
        let header = header.map(|name| {
            let wrong = |_| format!("expected the name of a header, not `{name}`");
            name.parse::<HeaderName>().map_err(wrong)
        });
        let network = |text: &String| {
            let address = text.parse::<IpAddr>().map(IpNet::from).ok();
            let network = address.or_else(|| text.parse().ok());
            network.ok_or_else(|| format!("expected an address or a network, not `{text}`"))
        };
        Ok(Self {
            header: header.transpose()?,
            proxies: proxies.iter().map(network).collect::<Result<_, _>>()?,
        })
    }

    /// Takes away what a client says itself, before a request is handed on to a process that trusts
    /// this one.
    pub(crate) fn cleanse(&self, headers: &mut HeaderMap, peer: Option<IpAddr>) {
        if let Some(header) = &self.header
            && !peer.is_some_and(|peer| self.trusts(peer))
        {
            headers.remove(header);
        }
    }

    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.proxies.iter().any(|one| one.contains(&peer))
    }

    /// Who asks, as far as is known.
    pub(crate) fn name(
        &self,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
    ) -> Result<Option<String>, ApiError> {
        let Some(header) = &self.header else {
            return Ok(None);
        };
        if !peer.is_some_and(|peer| self.trusts(peer)) {
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

    #[test]
    fn a_network_of_proxies_is_trusted_and_what_others_say_is_taken_away() {
        let networks = ["10.1.0.0/16".to_owned(), "::1".to_owned()];
        let identity = Identity::new(Some("X-User"), &networks).unwrap();
        for (peer, is_kept) in [("10.1.2.3", true), ("10.2.0.1", false), ("::1", true)] {
            let mut headers = HeaderMap::new();
            headers.insert("x-user", HeaderValue::from_static("ann"));
            identity.cleanse(&mut headers, Some(peer.parse().unwrap()));
            assert_eq!(headers.contains_key("x-user"), is_kept, "{peer}");
        }
        assert!(Identity::new(None, &["10.0.0.0/40".to_owned()]).is_err());
    }

    const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn asked(values: &[&[u8]], peer: Option<IpAddr>) -> Result<Option<String>, String> {
        let identity = Identity::new(Some("X-Forwarded-User"), &[PROXY.to_string()]).unwrap();
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
        let nobody = Identity::new(None, &[PROXY.to_string()]).unwrap();
        let headers = HeaderMap::from_iter([(
            HeaderName::from_static("x-forwarded-user"),
            HeaderValue::from_static("ana"),
        )]);
        assert_eq!(nobody.name(&headers, Some(PROXY)).unwrap(), None);
        assert!(Identity::new(Some("no header"), &[]).is_err());
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
