//! The built web page, embedded in the binary.
//!
//! This crate depends on nothing of ours, so that an edit elsewhere never embeds the page again.
//! It knows files and their types; which path of a request means which file is the caller's matter.

use std::borrow::Cow;

/// The page served when the server was compiled without a built page.
const PLACEHOLDER: &[u8] = include_bytes!("../placeholder.html");

/// Path inside `dist`, fingerprint of the content, content.
static FILES: &[(&str, &str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// One file of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The content.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type, with the character set where one applies.
    pub content_type: &'static str,
    /// A strong entity tag, in its quotes.
    pub etag: String,
    /// Whether the name changes with the content, so that it may be kept forever.
    pub immutable: bool,
}

/// Finds a file of the page; a leading slash does not matter, and `/` is `index.html`.
///
/// The page names its assets relative to where it stands, so that it works under any sub-path. A
/// page opened on a deep path asks for `deep/path/assets/x.js`: what follows the last `assets/` is
/// what counts, and as the names hold a hash of the content it is never the wrong file. The few files
/// beside the page are found by their names alone.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    let path = path.trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    let path = path.rfind("assets/").map_or(path, |start| &path[start..]);
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_beside = !path.starts_with("assets/") && name != "index.html";
    let path = if is_beside { name } else { path };
    match FILES.binary_search_by(|(name, _, _)| (*name).cmp(path)) {
        Ok(index) => {
            let (name, fingerprint, bytes) = FILES[index];
            Some(Asset {
                bytes: Cow::Borrowed(bytes),
                content_type: content_type(name),
                etag: format!("\"{fingerprint}\""),
                immutable: name.starts_with("assets/"),
            })
        }
        Err(_) if path == "index.html" => Some(placeholder()),
        Err(_) => None,
    }
}

fn placeholder() -> Asset {
    Asset {
        bytes: Cow::Borrowed(PLACEHOLDER),
        content_type: "text/html; charset=utf-8",
        etag: "\"placeholder\"".to_owned(),
        immutable: false,
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::{FILES, asset, content_type};

    #[test]
    fn there_is_always_a_page() {
        let page = asset("/").unwrap();
        assert_eq!(page.content_type, "text/html; charset=utf-8");
        assert!(!page.immutable);
        assert_eq!(asset("index.html"), Some(page));
    }

    #[test]
    fn every_file_is_found_by_its_name() {
        for (name, _, bytes) in FILES {
            let found = asset(name).unwrap();
            assert_eq!(found.bytes.as_ref(), *bytes);
            assert_eq!(found.immutable, name.starts_with("assets/"));
            if *name != "index.html" {
                assert_eq!(asset(&format!("/some/deep/{name}")), Some(found));
            }
        }
    }

    #[test]
    fn what_is_not_there_is_none() {
        assert_eq!(asset("/api/v1/nothing"), None);
        assert_eq!(asset("../Cargo.toml"), None);
        assert_eq!(asset("/some/deep/index.html"), None);
    }

    #[test]
    fn scripts_and_styles_have_types_that_browsers_accept() {
        assert_eq!(content_type("a.js"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("a.css"), "text/css; charset=utf-8");
        assert_eq!(content_type("a.bin"), "application/octet-stream");
    }
}
