//! How many requests a client may make: counted before anything is done for it, by whoever gets the request
//! first.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tocsin_domain::ports::{Allowance, HttpTelemetry, RateLimiter};

use crate::errors::{ApiError, ErrorKind};
use crate::forward::FORWARDED;
use crate::identity::Identity;
use crate::state::ApiState;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Who counts the requests of clients, and how many there may be.
#[derive(Clone)]
pub struct Limits {
    rates: Arc<dyn RateLimiter>,
    per_minute: u32,
    identity: Identity,
    telemetry: Arc<dyn HttpTelemetry>,
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("per_minute", &self.per_minute)
            .finish_non_exhaustive()
    }
}

impl Limits {
    /// So many requests a minute for each client, by the name that `identity` believes or else by its
    /// address. None if there is no limit.
    #[must_use]
    pub fn new(
        per_minute: u32,
        rates: Arc<dyn RateLimiter>,
        identity: Identity,
        telemetry: Arc<dyn HttpTelemetry>,
    ) -> Option<Self> {
        (per_minute > 0).then_some(Self {
            rates,
            per_minute,
            identity,
            telemetry,
        })
    }

    /// Counts a request; gives what the answer says of it.
    ///
    /// # Errors
    /// The answer, if there were too many.
    pub(crate) fn admit<'a>(
        &'a self,
        request: &Request,
    ) -> impl Future<Output = Result<HeaderMap, Response>> + Send + use<'a> {
        // Its body is not to be held while it is counted.
        let client = client(&self.identity, request.headers(), request.extensions());
        async move {
            match client {
                Some(client) => self.count(&client).await,
                None => Ok(HeaderMap::new()),
            }
        }
    }

    async fn count(&self, client: &str) -> Result<HeaderMap, Response> {
        let allowance = self.rates.take(client, self.per_minute).await;
        let headers = headers(self.per_minute, allowance);
        let Some(wait) = allowance.refused_for else {
            return Ok(headers);
        };
        self.telemetry.limited();
        let detail = format!(
            "more than {} requests a minute; nothing was done, ask again later",
            self.per_minute
        );
        let mut error = ApiError::new(ErrorKind::TooManyRequests, detail);
        error.retry_after = Some(wait);
        let mut response = error.into_response();
        response.headers_mut().extend(headers);
        Err(response)
    }
}

/// Refuses what a client asks beyond its limit, and tells every client where it stands.
pub(crate) async fn limit(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let Some(limits) = &state.parts().client_limits else {
        return next.run(request).await;
    };
    match limits.admit(&request).await {
        Ok(headers) => {
            let mut response = next.run(request).await;
            response.headers_mut().extend(headers);
            response
        }
        Err(refused) => refused,
    }
}

/// Whose requests these are; none where another process counted the request before it handed it on.
fn client(identity: &Identity, headers: &HeaderMap, extensions: &Extensions) -> Option<String> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(address)| address.ip());
    if headers.contains_key(&FORWARDED) && peer.is_some_and(|peer| identity.trusts(peer)) {
        return None;
    }
    // A name that cannot be is refused later, and counts for its sender here.
    if let Ok(Some(name)) = identity.name(headers, peer) {
        return Some(format!("user:{name}"));
    }
    Some(match peer.map(|peer| peer.to_canonical()) {
        Some(IpAddr::V4(address)) => format!("address:{address}"),
        // One machine has a whole network of them.
        Some(IpAddr::V6(address)) => format!("network:{:x}", address.to_bits() >> 64),
        None => "address:unknown".into(),
    })
}

/// Where a client stands, as the drafts of RateLimit headers have it.
fn headers(per_minute: u32, allowance: Allowance) -> HeaderMap {
    HeaderMap::from_iter([
        (LIMIT, HeaderValue::from(per_minute)),
        (REMAINING, HeaderValue::from(allowance.remaining)),
        (RESET, HeaderValue::from(seconds(allowance.whole_after))),
    ])
}

/// Whole seconds that are not too few.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn of(address: &str, headers: &[(&'static str, &'static str)]) -> Option<String> {
        let proxy = Ipv4Addr::LOCALHOST.to_string();
        let identity = Identity::new(Some("x-user"), &[proxy]).unwrap();
        let mut extensions = Extensions::new();
        let address: IpAddr = address.parse().unwrap();
        extensions.insert(ConnectInfo(SocketAddr::new(address, 9)));
        let pairs = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        client(&identity, &pairs.collect(), &extensions)
    }

    #[test]
    fn a_client_is_a_name_that_is_believed_or_an_address() {
        assert_eq!(of("127.0.0.1", &[("x-user", "ana")]).unwrap(), "user:ana");
        assert_eq!(
            of("10.0.0.1", &[("x-user", "ana")]).unwrap(),
            "address:10.0.0.1"
        );
        assert_eq!(of("::ffff:10.0.0.1", &[]).unwrap(), "address:10.0.0.1");
        assert_eq!(of("2001:db8::1", &[]), of("2001:db8::2:3", &[]));
        assert_ne!(of("2001:db8::1", &[]), of("2001:db8:0:1::1", &[]));
    }

    #[test]
    fn only_another_process_has_counted_before() {
        let handed_on = [("x-tocsin-forwarded", "1")];
        assert_eq!(of("127.0.0.1", &handed_on), None);
        assert_eq!(of("10.0.0.1", &handed_on).unwrap(), "address:10.0.0.1");
    }
}
