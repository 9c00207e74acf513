//! The web page: its files, and the page itself for every path that is not the API's.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::assets::Asset;
use crate::errors::{ApiError, ErrorKind};
use crate::state::ApiState;

/// What the page may load: its own files and nothing else. Styles may stand inside the page,
/// because components place themselves with them; scripts may not.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; \
     object-src 'none'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'";

/// Paths that belong to programs: a wrong one is an error, not the page.
const PROGRAM_PATHS: [&str; 9] = [
    "/api/",
    "/v1/",
    "/loki/",
    "/services/",
    "/ws/",
    "/health/",
    "/otlp/",
    "/_",
    "/metrics",
];

/// Answers what no route answers.
pub(crate) async fn fallback(State(state): State<ApiState>, request: Request) -> Response {
    let path = request.uri().path();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read || PROGRAM_PATHS.iter().any(|prefix| path.starts_with(prefix)) {
        let shown: String = path.chars().take(100).collect();
        return ApiError::not_found(format!("there is nothing at {shown}")).into_response();
    }
    file(&state, path, request.headers())
}

/// Answers a method that a route does not have.
pub(crate) async fn method_not_allowed(request: Request) -> ApiError {
    let detail = format!("{} is not possible here", request.method());
    ApiError::new(ErrorKind::MethodNotAllowed, detail)
}

/// The file at a path, or the page if the client is a browser on its way to a view of it.
pub(crate) fn file(state: &ApiState, path: &str, headers: &HeaderMap) -> Response {
    let assets = &state.parts().assets;
    let found = assets.get(path).or_else(|| {
        let accepted = headers
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok());
        let wants_page = accepted.is_some_and(|accepted| accepted.contains("text/html"));
        if wants_page {
            assets.get("/index.html")
        } else {
            None
        }
    });
    match found {
        Some(asset) => answer(asset, headers),
        None => {
            let shown: String = path.chars().take(100).collect();
            ApiError::not_found(format!("there is nothing at {shown}")).into_response()
        }
    }
}

fn answer(asset: Asset, headers: &HeaderMap) -> Response {
    let cache = if asset.is_immutable {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let is_page = asset.content_type.starts_with("text/html");
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| known.contains(&asset.etag) || known == "*");
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, asset.content_type)], asset.bytes).into_response()
    };
    let to = response.headers_mut();
    to.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(etag) = HeaderValue::from_str(&asset.etag) {
        to.insert(header::ETAG, etag);
    }
    if is_page {
        to.insert(header::VARY, HeaderValue::from_static("accept"));
        to.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(CONTENT_SECURITY_POLICY),
        );
        to.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        to.insert(
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        );
    }
    response
}
