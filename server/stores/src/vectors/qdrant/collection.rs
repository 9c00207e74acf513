//! The collection of a model: made when it is missing, behind the alias when it is complete, removed
//! a while after another took its place.
//!
//! When that was stands in the metadata of the collection, since Qdrant has no other place for it.
//! Several processes may do all this at once: each step may be done twice.

use std::collections::HashMap;

use qdrant_client::qdrant::{
    CollectionInfo, CreateAliasBuilder, CreateCollection, CreateFieldIndexCollectionBuilder,
    Disabled, Distance, FieldType, QuantizationConfig, QuantizationConfigDiff, QuantizationType,
    ScalarQuantization, UpdateCollection, Value, VectorParamsBuilder, VectorsConfig,
    quantization_config, quantization_config_diff, value, vectors_config,
};
use tocsin_domain::ports::StoreError;
use xxhash_rust::xxh3::Xxh3;

use super::points::{TEMPLATE, VIEW};
use super::{Inner, NOT_FOUND, Quantisation, code};

/// Which model the vectors are of.
const MODEL: &str = "tocsin_model";
/// Seconds since 1970 when another collection took the alias; 0 while none did.
const RETIRED_AT: &str = "tocsin_retired_at";

/// The collection of a model: its vectors are never compared with those of another, nor of another
/// length.
pub(super) fn name(prefix: &str, model: &str, dimensions: usize) -> String {
    let mut hash = Xxh3::new();
    hash.update(model.as_bytes());
    hash.update(b"\n");
    hash.update(dimensions.to_string().as_bytes());
    format!("{prefix}_{:016x}", hash.digest())
}

impl Inner {
    /// Sees to it once that the collection is there and as it must be.
    pub(super) async fn make_ready(&self) -> Result<(), StoreError> {
        let mut is_ready = self.is_ready.lock().await;
        if *is_ready {
            return Ok(());
        }
        let info = match self.info(&self.collection).await? {
            Some(info) => info,
            None => self.create().await?,
        };
        self.check_length(&info)?;
        self.quantise(&info).await?;
        for (field, kind) in [(TEMPLATE, FieldType::Keyword), (VIEW, FieldType::Integer)] {
            if !info.payload_schema.contains_key(field) {
                let request = CreateFieldIndexCollectionBuilder::new(&self.collection, field, kind);
                let made = self.client.create_field_index(request.wait(true)).await;
                made.map_err(|error| self.failed(error))?;
            }
        }
        *is_ready = true;
        Ok(())
    }

    /// None if there is no such collection.
    async fn info(&self, name: &str) -> Result<Option<CollectionInfo>, StoreError> {
        match self.client.collection_info(name).await {
            Ok(answer) => Ok(answer.result),
            Err(error) if code(&error) == Some(NOT_FOUND) => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    async fn create(&self) -> Result<CollectionInfo, StoreError> {
        let vectors = VectorParamsBuilder::new(self.dimensions as u64, Distance::Dot).build();
        let quantization = match self.settings.quantisation {
            Quantisation::None => None,
            Quantisation::Int8 => Some(QuantizationConfig {
                quantization: Some(quantization_config::Quantization::Scalar(int8())),
            }),
        };
        let made = self
            .client
            .create_collection(CreateCollection {
                collection_name: self.collection.clone(),
                vectors_config: Some(VectorsConfig {
                    config: Some(vectors_config::Config::Params(vectors)),
                }),
                quantization_config: quantization,
                shard_number: self.settings.shards,
                replication_factor: self.settings.replicas,
                metadata: HashMap::from([(MODEL.to_owned(), self.model.clone().into())]),
                ..CreateCollection::default()
            })
            .await;
        // Another process may have been first.
        match (self.info(&self.collection).await?, made) {
            (Some(info), _) => Ok(info),
            (None, Err(error)) => Err(self.failed(error)),
            (None, Ok(_)) => Err(StoreError::Unavailable(
                format!(
                    "Qdrant does not know the collection `{}` it just made",
                    self.collection
                )
                .into(),
            )),
        }
    }

    fn check_length(&self, info: &CollectionInfo) -> Result<(), StoreError> {
        let params = info
            .config
            .as_ref()
            .and_then(|config| config.params.as_ref());
        let config = params.and_then(|params| params.vectors_config.as_ref()?.config.as_ref());
        match config {
            Some(vectors_config::Config::Params(vectors))
                if vectors.size == self.dimensions as u64
                    && vectors.distance == i32::from(Distance::Dot) =>
            {
                Ok(())
            }
            _ => Err(StoreError::Invalid(format!(
                "the collection `{}` in Qdrant was not made by this server: expected one vector of \
                 {} numbers a point, compared by their product. Remove it, or set another \
                 `vectors.qdrant.prefix`",
                self.collection, self.dimensions
            ))),
        }
    }

    /// Has the collection quantised as it is set now.
    async fn quantise(&self, info: &CollectionInfo) -> Result<(), StoreError> {
        let config = info.config.as_ref();
        let is_int8 = config
            .and_then(|config| config.quantization_config.as_ref()?.quantization.as_ref())
            .is_some_and(|it| matches!(it, quantization_config::Quantization::Scalar(_)));
        let wanted = match (self.settings.quantisation, is_int8) {
            (Quantisation::Int8, false) => quantization_config_diff::Quantization::Scalar(int8()),
            (Quantisation::None, true) => {
                quantization_config_diff::Quantization::Disabled(Disabled {})
            }
            _ => return Ok(()),
        };
        let update = UpdateCollection {
            collection_name: self.collection.clone(),
            quantization_config: Some(QuantizationConfigDiff {
                quantization: Some(wanted),
            }),
            ..UpdateCollection::default()
        };
        let updated = self.client.update_collection(update).await;
        updated.map(drop).map_err(|error| self.failed(error))
    }

    /// Puts the collection behind the alias, and removes those that have been out of use for long
    /// enough.
    pub(super) async fn complete(&self) -> Result<(), StoreError> {
        self.make_ready().await?;
        let aliases = self.client.list_aliases().await;
        let aliases = aliases.map_err(|error| self.failed(error))?.aliases;
        let before = aliases
            .into_iter()
            .find(|alias| alias.alias_name == self.settings.prefix)
            .map(|alias| alias.collection_name);
        if before.as_deref() != Some(&self.collection) {
            // An alias that is there is moved: there is no moment without one.
            let request = CreateAliasBuilder::new(&self.collection, &self.settings.prefix);
            let moved = self.client.create_alias(request).await;
            moved.map_err(|error| self.failed(error))?;
            tracing::info!(
                collection = self.collection,
                before,
                model = self.model,
                "the vectors of the model are complete"
            );
        }
        self.remove_retired(before.as_deref()).await
    }

    /// Notes of each other collection since when it is out of use, and removes it in the end.
    async fn remove_retired(&self, before: Option<&str>) -> Result<(), StoreError> {
        let now = self.clock.now().millis() / 1000;
        let keep = i64::try_from(self.settings.keep.as_secs()).unwrap_or(i64::MAX);
        let listed = self.client.list_collections().await;
        let listed = listed.map_err(|error| self.failed(error))?.collections;
        let prefix = format!("{}_", self.settings.prefix);
        let names = listed.into_iter().map(|each| each.name);
        for name in names.filter(|name| has_hash(name, &prefix)) {
            // One that this server did not make is not ours to remove.
            let Some(info) = self.info(&name).await?.filter(is_ours) else {
                continue;
            };
            let retired_at = retired_at(&info);
            if name == self.collection {
                if retired_at != 0 {
                    self.note_retired(&name, 0).await?;
                }
            } else if retired_at == 0 {
                tracing::info!(
                    collection = name,
                    is_before = before == Some(&name),
                    "vectors of another model are out of use"
                );
                self.note_retired(&name, now).await?;
            } else if now.saturating_sub(retired_at) >= keep {
                let gone = self.client.delete_collection(&name).await;
                gone.map_err(|error| self.failed(error))?;
                tracing::info!(collection = name, "vectors of another model are removed");
            }
        }
        Ok(())
    }

    async fn note_retired(&self, name: &str, at_secs: i64) -> Result<(), StoreError> {
        let update = UpdateCollection {
            collection_name: name.to_owned(),
            metadata: HashMap::from([(RETIRED_AT.to_owned(), at_secs.into())]),
            ..UpdateCollection::default()
        };
        let updated = self.client.update_collection(update).await;
        updated.map(drop).map_err(|error| self.failed(error))
    }
}

/// Whether a collection is named as ours are.
fn has_hash(name: &str, prefix: &str) -> bool {
    let digits = name.strip_prefix(prefix).unwrap_or_default();
    digits.len() == 16 && digits.chars().all(|c| c.is_ascii_hexdigit())
}

fn is_ours(info: &CollectionInfo) -> bool {
    let config = info.config.as_ref();
    config.is_some_and(|config| config.metadata.contains_key(MODEL))
}

fn retired_at(info: &CollectionInfo) -> i64 {
    let metadata = info.config.as_ref().map(|config| &config.metadata);
    let noted = metadata.and_then(|metadata| metadata.get(RETIRED_AT));
    match noted.and_then(|value: &Value| value.kind.as_ref()) {
        Some(value::Kind::IntegerValue(secs)) => *secs,
        // JSON has one kind of number.
        Some(value::Kind::DoubleValue(secs)) => *secs as i64,
        _ => 0,
    }
}

fn int8() -> ScalarQuantization {
    ScalarQuantization {
        r#type: QuantizationType::Int8.into(),
        quantile: Some(0.99),
        ..ScalarQuantization::default()
    }
}
