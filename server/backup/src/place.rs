//! Where a backup lies: a folder, or a prefix in a bucket of S3.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, PutMode, PutPayload};

use crate::BackupError;

/// What other programs read from the environment to reach S3: names and values of `AWS_…`.
#[derive(Clone, Default)]
pub struct AwsSettings(BTreeMap<String, String>);

impl std::fmt::Debug for AwsSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl AwsSettings {
    /// Takes what begins with `AWS_`. `AWS_…_FILE` names a file with the value in its first line,
    /// where `AWS_…` is a setting and is not given itself.
    ///
    /// # Errors
    /// Which file cannot be read.
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, BackupError> {
        let ours = |(name, _): &(String, String)| name.starts_with("AWS_");
        let given: BTreeMap<String, String> = variables.into_iter().filter(ours).collect();
        let mut settings = BTreeMap::new();
        for (name, value) in &given {
            let named = name.strip_suffix("_FILE").filter(|setting| {
                key_of(name).is_none() && key_of(setting).is_some() && !given.contains_key(*setting)
            });
            let Some(setting) = named else {
                settings.insert(name.clone(), value.clone());
                continue;
            };
            let text = std::fs::read_to_string(value).map_err(|error| {
                BackupError::Refused(format!("`{name}`: cannot read `{value}`: {error}"))
            })?;
            let line = text.lines().next().unwrap_or_default();
            settings.insert(setting.to_owned(), line.trim().to_owned());
        }
        Ok(Self(settings))
    }
}

fn key_of(name: &str) -> Option<AmazonS3ConfigKey> {
    name.to_ascii_lowercase().parse().ok()
}

/// Where a backup lies.
#[derive(Clone)]
pub struct Place {
    store: Arc<dyn ObjectStore>,
    /// The folder, if it is one.
    folder: Option<PathBuf>,
    prefix: Key,
    name: String,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Place({})", self.name)
    }
}

impl Place {
    /// The place that people name: `s3://bucket/prefix`, or a folder, which is made if `is_new`.
    ///
    /// # Errors
    /// [`BackupError::Refused`] says what is wrong with it.
    pub fn open(name: &str, aws: &AwsSettings, is_new: bool) -> Result<Self, BackupError> {
        if let Some(rest) = name.strip_prefix("s3://") {
            return Self::bucket(name, rest, aws);
        }
        if let Some((scheme, _)) = name.split_once("://") {
            return Err(BackupError::Refused(format!(
                "`{name}`: expected a folder or `s3://bucket/prefix`, not `{scheme}:`"
            )));
        }
        let unusable = |error: std::io::Error| {
            BackupError::Refused(format!("cannot use the folder `{name}`: {error}"))
        };
        if is_new {
            std::fs::create_dir_all(name).map_err(unusable)?;
        }
        let folder = std::fs::canonicalize(name).map_err(unusable)?;
        Ok(Self {
            store: Arc::new(LocalFileSystem::new_with_prefix(&folder)?),
            folder: Some(folder),
            prefix: Key::default(),
            name: name.to_owned(),
        })
    }

    fn bucket(name: &str, rest: &str, aws: &AwsSettings) -> Result<Self, BackupError> {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            let message = format!("`{name}`: expected a bucket after `s3://`");
            return Err(BackupError::Refused(message));
        }
        let mut builder = AmazonS3Builder::new().with_bucket_name(bucket);
        for (name, value) in &aws.0 {
            if let Some(key) = key_of(name) {
                builder = builder.with_config(key, value);
            }
            let is_http = name.starts_with("AWS_ENDPOINT_URL") && value.starts_with("http://");
            if is_http {
                builder = builder.with_allow_http(true);
            }
        }
        Ok(Self {
            store: Arc::new(builder.build()?),
            folder: None,
            prefix: Key::parse(prefix).map_err(object_store::Error::from)?,
            name: name.to_owned(),
        })
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn key(&self, path: &str) -> Key {
        let parts = path.split('/').map(object_store::path::PathPart::from);
        self.prefix.parts().chain(parts).collect()
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Vec<u8>, BackupError> {
        let got = self.store.get(&self.key(path)).await?;
        Ok(got.bytes().await?.to_vec())
    }

    pub(crate) async fn has(&self, path: &str) -> Result<bool, BackupError> {
        match self.store.head(&self.key(path)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes a file that is complete or not there; in a folder it is on disk on return.
    pub(crate) async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<(), BackupError> {
        self.store.put(&self.key(path), bytes.into()).await?;
        self.sync(path).await
    }

    /// The same for a file that must not be there; false if it is.
    pub(crate) async fn create(&self, path: &str, bytes: Vec<u8>) -> Result<bool, BackupError> {
        let key = self.key(path);
        let payload = PutPayload::from(bytes);
        match self
            .store
            .put_opts(&key, payload, PutMode::Create.into())
            .await
        {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<(), BackupError> {
        match self.store.delete(&self.key(path)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Names and sizes of what lies below a folder, in no order.
    pub(crate) async fn list(&self, folder: &str) -> Result<Vec<(String, u64)>, BackupError> {
        use futures_util::TryStreamExt as _;
        let prefix = self.key(folder);
        let found: Vec<_> = self.store.list(Some(&prefix)).try_collect().await?;
        let name = |meta: &object_store::ObjectMeta| meta.location.filename().map(str::to_owned);
        let named = found
            .iter()
            .filter_map(|meta| Some((name(meta)?, meta.size)));
        Ok(named.collect())
    }

    /// The library leaves it to the system when a file is on disk; a backup must be before it is
    /// said to be done.
    async fn sync(&self, path: &str) -> Result<(), BackupError> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let file = folder.join(path);
        let synced = tokio::task::spawn_blocking(move || sync(&file)).await;
        let synced = synced.map_err(|error| BackupError::Refused(error.to_string()))?;
        synced.map_err(|error| BackupError::Refused(format!("a file cannot be synced: {error}")))
    }
}

fn sync(file: &Path) -> std::io::Result<()> {
    std::fs::File::open(file)?.sync_all()?;
    match file.parent() {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_are_none_say_what_is_expected() {
        let aws = AwsSettings::default();
        let refusal = |name: &str| Place::open(name, &aws, false).unwrap_err().to_string();
        assert!(refusal("gs://x").contains("s3://bucket/prefix"));
        assert!(refusal("s3:///x").contains("bucket"));
        assert!(refusal("/no/such/folder").contains("/no/such/folder"));
    }

    #[test]
    fn secrets_come_from_files_and_are_not_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "geheim\n").unwrap();
        let variables = [
            ("AWS_SECRET_ACCESS_KEY_FILE", file.path().to_str().unwrap()),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "/some/file"),
            ("PATH", "/bin"),
        ];
        let pairs = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = AwsSettings::of(pairs.clone()).unwrap();
        assert_eq!(settings.0["AWS_SECRET_ACCESS_KEY"], "geheim");
        assert_eq!(settings.0["AWS_WEB_IDENTITY_TOKEN_FILE"], "/some/file");
        assert_eq!(settings.0.len(), 2);
        assert!(!format!("{settings:?}").contains("geheim"));
    }
}
