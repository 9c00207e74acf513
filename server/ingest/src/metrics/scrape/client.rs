//! Fetches one page over HTTP/1.1, with a bound on its size. It opens a connection for each page,
//! follows a few redirects, and knows gzip; HTTP/2, proxies and cookies it does not know.

use std::pin::pin;
use std::sync::Arc;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HOST,
    HeaderMap, LOCATION, USER_AGENT,
};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::certificate;
use super::config::{Address, Scheme};
use crate::decompress::{Encoding, decompress};
use crate::limits::Limits;

/// The most redirects of one scrape.
const REDIRECTS_MAX: usize = 5;
/// What Prometheus asks for, without its protobuf.
const ACCEPTED: &str =
    "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";

/// How pages are fetched.
#[derive(Clone)]
pub(super) struct Client {
    /// For https; none if there are no certificates to trust.
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) body_bytes_max: usize,
    pub(super) timeout_secs: u64,
}

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) content_type: String,
    /// Decompressed.
    pub(super) body: Vec<u8>,
    /// When the target's certificate ends, in seconds since the Unix epoch.
    pub(super) certificate_ends: Option<i64>,
}

/// Why there is no page, as a sentence without a period.
type Failure = String;

impl Client {
    /// Fetches a page; `bearer` is a token to show.
    pub(super) async fn fetch(
        &self,
        address: &Address,
        bearer: Option<&str>,
    ) -> Result<Page, Failure> {
        let mut address = address.clone();
        let mut bearer = bearer;
        for _ in 0..=REDIRECTS_MAX {
            let (response, certificate_ends) = self.ask(&address, bearer).await?;
            match response {
                Answer::Page(head, body) => {
                    return self.page(&head, body, certificate_ends);
                }
                Answer::Moved(to) => {
                    let base = Address::parse(&to, address.scheme, &address.path);
                    let next = if to.starts_with('/') {
                        Some(Address {
                            path: to,
                            ..address.clone()
                        })
                    } else {
                        base.filter(|_| to.contains("://"))
                    };
                    let next = next.ok_or("the target redirects to nowhere")?;
                    if next.instance() != address.instance() || next.scheme != address.scheme {
                        // A token is for the target it was given for, and nobody else.
                        bearer = None;
                    }
                    address = next;
                }
            }
        }
        Err(format!("the target redirects over {REDIRECTS_MAX} times"))
    }

    async fn ask(
        &self,
        address: &Address,
        bearer: Option<&str>,
    ) -> Result<(Answer, Option<i64>), Failure> {
        let stream = connect(address).await?;
        let request = self.request(address, bearer)?;
        if address.scheme == Scheme::Http {
            return Ok((self.exchange(stream, request).await?, None));
        }
        let config = self
            .tls
            .clone()
            .ok_or("there are no certificates to trust: set `ca_file` of the job")?;
        let name = ServerName::try_from(address.host.clone())
            .map_err(|_| format!("`{}` is not the name of a server", address.host))?;
        let connected = TlsConnector::from(config).connect(name, stream).await;
        let stream = connected.map_err(|error| format!("TLS failed: {error}"))?;
        let certificates = stream.get_ref().1.peer_certificates();
        let ends = certificates
            .and_then(|all| all.first())
            .and_then(|first| certificate::ends(first));
        Ok((self.exchange(stream, request).await?, ends))
    }

    fn request(
        &self,
        address: &Address,
        bearer: Option<&str>,
    ) -> Result<Request<Empty<Bytes>>, Failure> {
        let is_default = address.port == address.scheme.port();
        let instance = address.instance();
        let host = if is_default {
            instance.rsplit_once(':').map_or("", |(host, _)| host)
        } else {
            &instance
        };
        let mut request = Request::get(&address.path)
            .header(HOST, host)
            .header(USER_AGENT, concat!("Tocsin/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, ACCEPTED)
            .header(ACCEPT_ENCODING, "gzip")
            .header(CONNECTION, "close")
            .header("X-Prometheus-Scrape-Timeout-Seconds", self.timeout_secs);
        if let Some(token) = bearer {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let built = request.body(Empty::new());
        built.map_err(|error| format!("the request cannot be made: {error}"))
    }

    /// Sends a request and reads the answer, while the connection is driven beside it.
    async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        request: Request<Empty<Bytes>>,
    ) -> Result<Answer, Failure> {
        let failed = |error: hyper::Error| format!("the target does not speak HTTP/1.1: {error}");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(failed)?;
        let mut connection = pin!(connection);
        let mut answer = pin!(async {
            let response = sender.send_request(request).await.map_err(failed)?;
            self.answer(response).await
        });
        let mut is_open = true;
        loop {
            tokio::select! {
                answer = &mut answer => return answer,
                // What went wrong with it shows in the answer.
                _ = &mut connection, if is_open => is_open = false,
            }
        }
    }

    async fn answer(&self, response: Response<Incoming>) -> Result<Answer, Failure> {
        let (head, mut body) = response.into_parts();
        if head.status.is_redirection()
            && let Some(to) = head.headers.get(LOCATION)
        {
            let to = to.to_str().map_err(|_| "the target redirects to nowhere")?;
            return Ok(Answer::Moved(to.into()));
        }
        if !head.status.is_success() {
            return Err(format!("the target answers {}", head.status));
        }
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| format!("the page ends too soon: {error}"))?;
            if let Some(data) = frame.data_ref() {
                if bytes.len() + data.len() > self.body_bytes_max {
                    return Err(format!("the page has over {} bytes", self.body_bytes_max));
                }
                bytes.extend_from_slice(data);
            }
        }
        Ok(Answer::Page(head.headers, bytes))
    }

    fn page(
        &self,
        headers: &HeaderMap,
        body: Vec<u8>,
        certificate_ends: Option<i64>,
    ) -> Result<Page, Failure> {
        let text = |name| {
            headers
                .get(name)
                .and_then(|value: &hyper::header::HeaderValue| value.to_str().ok())
        };
        let encoding = Encoding::from_header(text(CONTENT_ENCODING).unwrap_or_default());
        let encoding = encoding.map_err(|error| error.to_string())?;
        let limits = Limits {
            inflated_bytes_max: self.body_bytes_max,
            ..Limits::default()
        };
        let inflated = decompress(&body, encoding, &limits).map_err(|error| error.to_string())?;
        Ok(Page {
            content_type: text(CONTENT_TYPE).unwrap_or_default().into(),
            body: inflated.into_owned(),
            certificate_ends,
        })
    }
}

/// What a target answers.
enum Answer {
    Page(HeaderMap, Vec<u8>),
    Moved(String),
}

/// Connects to the first of a name's addresses that answers.
async fn connect(address: &Address) -> Result<TcpStream, Failure> {
    let at = (address.host.as_str(), address.port);
    let connected = TcpStream::connect(at).await;
    connected.map_err(|error| format!("{} cannot be reached: {error}", address.instance()))
}
