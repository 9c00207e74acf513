//! The manifest of a snapshot: what it holds, and by what each piece is checked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::BackupError;
use crate::object::hash;

/// The version of manifests and objects.
pub(crate) const FORMAT: u32 = 1;

/// How far a backup reaches: everything that was accepted before it is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When, in ms since the epoch.
    pub at_ms: i64,
    /// By bus, how far each partition was acknowledged: what came after is in the part of the bus.
    pub acknowledged: BTreeMap<String, Vec<u64>>,
}

/// A snapshot as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the manifest.
    pub format: u32,
    /// The version of Tocsin that wrote it.
    pub tocsin: String,
    /// Its name: when it was begun, and some characters that no other has.
    pub name: String,
    /// How far it reaches.
    pub mark: Mark,
    /// Names the data it was taken of, so that stamps of other data mean nothing to it.
    pub lineage: String,
    /// A hash of the settings the server ran with; they are not in the backup.
    pub settings: String,
    /// What it holds.
    pub parts: Vec<PartManifest>,
}

/// A part of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartManifest {
    /// Its name, such as `logs`.
    pub name: String,
    /// The form of its items.
    pub form: String,
    /// Its items, in the order in which they are put back.
    pub items: Vec<Item>,
}

/// A piece of a part: an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its name within the part.
    pub name: String,
    /// Equal for equal items of one name and lineage, if it is known without reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<String>,
    /// The hash that names the object.
    pub object: String,
    /// Bytes of the object.
    pub bytes: u64,
    /// How many records it stands for.
    pub records: u64,
}

impl PartManifest {
    /// Records of all items.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.items.iter().map(|item| item.records).sum()
    }

    /// Bytes of all items.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.items.iter().map(|item| item.bytes).sum()
    }
}

/// What is written: the manifest with its own checksum.
#[derive(Serialize, Deserialize)]
struct Sealed {
    sha256: String,
    snapshot: Manifest,
}

impl Manifest {
    /// Bytes of all parts.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(PartManifest::bytes).sum()
    }

    /// The items of a part, by name.
    pub(crate) fn items_of(&self, part: &str) -> BTreeMap<&str, &Item> {
        let parts = self.parts.iter().filter(|known| known.name == part);
        let items = parts.flat_map(|part| &part.items);
        items.map(|item| (item.name.as_str(), item)).collect()
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, BackupError> {
        let refused = |error: serde_json::Error| BackupError::Refused(error.to_string());
        let sealed = Sealed {
            sha256: hash(&serde_json::to_vec(self).map_err(refused)?),
            snapshot: self.clone(),
        };
        serde_json::to_vec(&sealed).map_err(refused)
    }

    /// Reads a manifest, whose version is looked at before anything else.
    pub(crate) fn decode(bytes: &[u8], name: &str) -> Result<Self, BackupError> {
        #[derive(Deserialize)]
        struct Versioned {
            snapshot: Version,
        }
        #[derive(Deserialize)]
        struct Version {
            format: u32,
            tocsin: String,
        }
        let damaged = |what: &str| BackupError::Damaged(format!("the snapshot `{name}` {what}"));
        let versioned: Versioned =
            serde_json::from_slice(bytes).map_err(|_| damaged("cannot be read"))?;
        let Version { format, tocsin } = versioned.snapshot;
        if format > FORMAT {
            return Err(BackupError::Refused(format!(
                "the snapshot `{name}` was written by Tocsin {tocsin} in format {format}, this \
                 version reads up to {FORMAT}: restore it with that version, or a newer one"
            )));
        }
        let sealed: Sealed =
            serde_json::from_slice(bytes).map_err(|_| damaged("cannot be read"))?;
        let again = serde_json::to_vec(&sealed.snapshot).map_err(|_| damaged("cannot be read"))?;
        if hash(&again) != sealed.sha256 {
            return Err(damaged("has a wrong checksum"));
        }
        Ok(sealed.snapshot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            format: FORMAT,
            tocsin: "0.1.0".into(),
            name: "20261129T120000Z-ab".into(),
            mark: Mark {
                at_ms: 7,
                acknowledged: BTreeMap::from([("bus".into(), vec![1, u64::MAX])]),
            },
            lineage: "x".into(),
            settings: String::new(),
            parts: vec![PartManifest {
                name: "logs".into(),
                form: "log-blocks/1".into(),
                items: vec![Item {
                    name: "block/1".into(),
                    stamp: Some("s".into()),
                    object: "00".into(),
                    bytes: 5,
                    records: 6,
                }],
            }],
        }
    }

    #[test]
    fn a_manifest_comes_back_and_a_change_is_noticed() {
        let bytes = manifest().encode().unwrap();
        assert_eq!(Manifest::decode(&bytes, "x").unwrap(), manifest());
        let text = String::from_utf8(bytes).unwrap();
        let changed = text.replace("\"records\":6", "\"records\":7");
        let error = Manifest::decode(changed.as_bytes(), "x").unwrap_err();
        assert!(matches!(error, BackupError::Damaged(_)), "{error}");
        assert!(Manifest::decode(&text.as_bytes()[..99], "x").is_err());
    }

    #[test]
    fn a_newer_format_is_refused_with_the_version_that_wrote_it() {
        let newer = r#"{"sha256":"","snapshot":{"format":2,"tocsin":"9.9.9","new":true}}"#;
        let message = Manifest::decode(newer.as_bytes(), "x")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("9.9.9") && message.contains("format 2"),
            "{message}"
        );
    }
}
