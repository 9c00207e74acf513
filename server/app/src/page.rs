//! The embedded page behind the API's port.

use bytes::Bytes;
use tocsin_api::{Asset, Assets};

/// The page that `tocsin-ui` embeds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EmbeddedPage;

impl Assets for EmbeddedPage {
    fn get(&self, path: &str) -> Option<Asset> {
        let asset = tocsin_ui::asset(path)?;
        Some(Asset {
            bytes: match asset.bytes {
                std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
            },
            content_type: asset.content_type,
            etag: asset.etag,
            is_immutable: asset.immutable,
        })
    }
}
