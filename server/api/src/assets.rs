//! The port to the built web page. Which crate embeds it is `app`'s matter.

use bytes::Bytes;

/// One file of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The content.
    pub bytes: Bytes,
    /// Its media type, with the character set where one applies.
    pub content_type: &'static str,
    /// A strong entity tag, in its quotes.
    pub etag: String,
    /// Whether the name changes with the content, so that it may be kept forever.
    pub is_immutable: bool,
}

/// The files of the page.
pub trait Assets: Send + Sync {
    /// The file at a path of a request; `/` is the page itself.
    fn get(&self, path: &str) -> Option<Asset>;
}
