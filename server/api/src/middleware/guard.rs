//! Keeps web pages of other sites away while there is no authentication.
//!
//! Two ways lead from a page that a person visits to a server on their own machine. A name of the
//! page's owner may be pointed at 127.0.0.1 (DNS rebinding): then `Host` is that name. Or the page
//! sends a request it cannot read the answer of, or opens a WebSocket: then `Origin` is the page's.
//! Programs send the address they were given as `Host` and no `Origin`.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::config::ApiConfig;
use crate::errors::{ApiError, ErrorKind};
use crate::state::ApiState;

/// Refuses requests that another site made a browser send.
pub(crate) async fn guard(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    match check(&state.parts().config, &request) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// Whether a request may pass.
pub(crate) fn check(config: &ApiConfig, request: &Request) -> Result<(), ApiError> {
    let named = text(request.headers(), &header::HOST);
    let named = named.or_else(|| {
        request
            .uri()
            .authority()
            .map(|authority| authority.as_str())
    });
    if let Some(host) = named
        && config.check_host
        && !is_known(config, host)
    {
        let shown: String = host.chars().take(100).collect();
        let detail = format!(
            "`{shown}` is not a name of this server; address it as localhost or add the name to \
             `allowed_hosts`"
        );
        return Err(ApiError::new(ErrorKind::UnknownHost, detail));
    }
    let is_read = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if is_read && !request.headers().contains_key(header::UPGRADE) {
        return Ok(());
    }
    match text(request.headers(), &header::ORIGIN) {
        Some(origin) if !is_own(config, origin, named.unwrap_or_default()) => {
            let shown: String = origin.chars().take(100).collect();
            let detail = format!("a page of `{shown}` may not do this");
            Err(ApiError::new(ErrorKind::ForbiddenOrigin, detail))
        }
        _ => Ok(()),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// True if the page came from this server, or from this machine (a development server, say).
fn is_own(config: &ApiConfig, origin: &str, host: &str) -> bool {
    let Some((_, authority)) = origin.split_once("://") else {
        return false;
    };
    authority.eq_ignore_ascii_case(host) || is_known(config, authority)
}

fn is_known(config: &ApiConfig, authority: &str) -> bool {
    let name = without_port(authority);
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
        || address
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| address.is_loopback())
        || config
            .allowed_hosts
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(name))
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(method: Method, headers: &[(&str, &str)]) -> Option<ErrorKind> {
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let config = ApiConfig {
            allowed_hosts: vec!["logs.example".into()],
            ..ApiConfig::default()
        };
        let request = request.body(axum::body::Body::empty()).unwrap();
        check(&config, &request).err().map(|error| error.kind)
    }

    #[test]
    fn only_names_of_this_server_are_answered() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:80",
            "logs.example",
        ] {
            assert_eq!(refused(Method::GET, &[("host", host)]), None, "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example:8080",
            "192.168.0.1",
            "",
            "0.0.0.0",
        ] {
            let kind = refused(Method::GET, &[("host", host)]);
            assert_eq!(kind, Some(ErrorKind::UnknownHost), "{host}");
        }
        assert_eq!(refused(Method::GET, &[]), None, "HTTP/1.0 has no Host");
    }

    #[test]
    fn pages_of_other_sites_may_only_read_what_they_cannot_see() {
        let host = ("host", "127.0.0.1:8080");
        for (origin, kind) in [
            ("http://127.0.0.1:8080", None),
            ("http://localhost:5173", None),
            ("https://evil.example", Some(ErrorKind::ForbiddenOrigin)),
            ("null", Some(ErrorKind::ForbiddenOrigin)),
        ] {
            assert_eq!(
                refused(Method::POST, &[host, ("origin", origin)]),
                kind,
                "{origin}"
            );
            let upgrade = [host, ("origin", origin), ("upgrade", "websocket")];
            assert_eq!(refused(Method::GET, &upgrade), kind, "{origin}");
            assert_eq!(refused(Method::GET, &[host, ("origin", origin)]), None);
        }
        assert_eq!(refused(Method::POST, &[host]), None);
    }
}
