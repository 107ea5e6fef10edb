//! An S3-compatible store, by the crate `object_store`. Requests go where the settings say, which
//! is the operator's word, so the guard of `outgoing` is not asked.

use super::said::trouble;
use super::{Object, Put, StoreError, Upload, Watch};
use crate::db::Hash;
use crate::{config, outgoing};
use anyhow::Context;
use bytes::Bytes;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{HttpClient, HttpConnector};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, ClientOptions, Error, GetOptions, HeaderMap, HeaderValue, ObjectStore,
    PutMode, PutMultipartOptions, PutOptions, RetryConfig,
};
use reqwest::header::IF_NONE_MATCH;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Bytes that are held and sent at a time: 8 MiB. What is no longer goes in one piece.
const PART: u64 = 8 * 1024 * 1024;
/// The most parts that a store takes: with longer files each part is longer.
const MOST_PARTS: u64 = 10_000;
/// How often whoever waits is asked whether to go on.
const LOOK: Duration = Duration::from_secs(1);
const CONNECT: Duration = Duration::from_secs(5);
/// How long to try to remove what was begun; it is tried again by whoever goes on.
const FORGET: Duration = Duration::from_secs(5);
/// Tries of one request at once; beyond that, whoever asks waits longer.
const RETRIES: usize = 2;
/// The name under which a file's SHA-256 stands beside it, as hexadecimal digits.
const SHA256: &str = "sha256";

/// A bucket, or a part of it.
pub struct Store {
    s3: AmazonS3,
    /// The same, by which parts become a file only where its name is free.
    free: AmazonS3,
    prefix: Path,
    url: String,
    runtime: Runtime,
}

impl Store {
    /// The store of the settings, at `url` (`s3://BUCKET/PREFIX`). Nothing is asked yet.
    pub fn open(settings: &config::Store, url: &str) -> anyhow::Result<Self> {
        let parts = config::Store::parts(url);
        let (bucket, prefix) =
            parts.with_context(|| format!("{url} is not `s3://BUCKET` or `s3://BUCKET/PREFIX`"))?;
        let builder = builder(settings).with_bucket_name(&bucket);
        let header = (IF_NONE_MATCH, HeaderValue::from_static("*"));
        let options = ClientOptions::new().with_default_headers(HeaderMap::from_iter([header]));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self {
            s3: builder.clone().build()?,
            free: builder.with_client_options(options).build()?,
            prefix: Path::parse(&prefix)?,
            url: format!("s3://{bucket}/{prefix}").trim_end_matches('/').to_owned(),
            runtime,
        })
    }

    /// What all names there begin with, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Puts a file under its name, whole or not at all, unless it is there. Another file under the
    /// name is left as it is, and is a final error.
    pub fn put(&self, object: &Object<'_>, watch: &mut dyn Watch) -> Result<Put, StoreError> {
        let place = self.place(object.name)?;
        if self.is_there(object, &place, watch)? {
            return Ok(Put::Same);
        }
        if object.bytes > PART {
            return self.put_in_parts(object, &place, watch);
        }
        let bytes = std::fs::read(object.path).map_err(|error| unreadable(object, &error))?;
        compare(object, &Hash(Sha256::digest(&bytes).into()))?;
        let options = PutOptions {
            mode: PutMode::Create,
            attributes: attributes(object),
            ..PutOptions::default()
        };
        let work = self.s3.put_opts(&place, Bytes::from(bytes).into(), options);
        match self.wait(watch, work)? {
            Ok(_) => Ok(Put::Made),
            Err(error) => self.same(&error, object, &place, watch),
        }
    }

    /// Removes what was begun in parts; whether it is gone.
    pub fn forget(&self, upload: &Upload) -> bool {
        let Ok(place) = self.place(&upload.name) else { return true };
        let work = self.s3.abort_multipart(&place, &upload.id);
        let done = self.runtime.block_on(async { tokio::time::timeout(FORGET, work).await });
        matches!(done, Ok(Ok(()) | Err(Error::NotFound { .. })))
    }

    /// Whether the store answers, and lets this key list what is there.
    pub fn examine(&self) -> Result<(), StoreError> {
        use object_store::list::{PaginatedListOptions, PaginatedListStore};
        let options = PaginatedListOptions { max_keys: Some(1), ..PaginatedListOptions::default() };
        let prefix = Some(self.prefix.as_ref()).filter(|prefix| !prefix.is_empty());
        let done = self.runtime.block_on(self.s3.list_paginated(prefix, options));
        done.map(drop).map_err(|error| trouble(&error))
    }

    fn place(&self, name: &str) -> Result<Path, StoreError> {
        let all = format!("{}/{name}", self.prefix);
        Path::parse(&all).map_err(|error| StoreError::Final(format!("{all}: {error}")))
    }

    /// What a request gives, unless whoever waits for it ends it.
    fn wait<T>(
        &self,
        watch: &mut dyn Watch,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<object_store::Result<T>, StoreError> {
        let mut work = std::pin::pin!(work);
        loop {
            let step = async { tokio::time::timeout(LOOK, work.as_mut()).await };
            match self.runtime.block_on(step) {
                Ok(done) => return Ok(done),
                Err(_) if watch.goes_on() => {}
                Err(_) => return Err(StoreError::Stopped),
            }
        }
    }

    /// Whether the file is there. Another one under its name is a final error.
    fn is_there(
        &self,
        object: &Object<'_>,
        place: &Path,
        watch: &mut dyn Watch,
    ) -> Result<bool, StoreError> {
        let head = GetOptions { head: true, ..GetOptions::default() };
        let found = match self.wait(watch, self.s3.get_opts(place, head))? {
            Ok(found) => found,
            // Who may not list is told this of what is not there.
            Err(Error::NotFound { .. } | Error::PermissionDenied { .. }) => return Ok(false),
            Err(error) => return Err(trouble(&error)),
        };
        let sha256 = found.attributes.get(&Attribute::Metadata(SHA256.into()));
        let is_same = sha256.is_some_and(|found| **found == hex::encode(object.sha256.0));
        if is_same && found.meta.size == object.bytes {
            return Ok(true);
        }
        Err(StoreError::Final(format!(
            "Another file is called {}/{} already ({} bytes); it is left as it is. Remove it \
             there, or set another prefix in `store.url`.",
            self.url, object.name, found.meta.size
        )))
    }

    /// After an error: whether the file is there all the same, put by somebody else meanwhile or
    /// by a request whose answer was lost.
    fn same(
        &self,
        error: &Error,
        object: &Object<'_>,
        place: &Path,
        watch: &mut dyn Watch,
    ) -> Result<Put, StoreError> {
        let is_taken = matches!(
            error,
            Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotFound { .. }
        );
        if is_taken && self.is_there(object, place, watch)? {
            return Ok(Put::Same);
        }
        Err(trouble(error))
    }

    fn put_in_parts(
        &self,
        object: &Object<'_>,
        place: &Path,
        watch: &mut dyn Watch,
    ) -> Result<Put, StoreError> {
        let options = PutMultipartOptions {
            attributes: attributes(object),
            ..PutMultipartOptions::default()
        };
        let begun = self.wait(watch, self.s3.create_multipart_opts(place, options))?;
        let id = begun.map_err(|error| trouble(&error))?;
        let upload = Upload { name: object.name.to_owned(), id };
        let done = match watch.begun(Some(&upload)) {
            true => self.parts(object, place, &upload, watch),
            false => Err(StoreError::Stopped),
        };
        if matches!(done, Ok(Put::Made)) || self.forget(&upload) {
            watch.begun(None);
        }
        done
    }

    fn parts(
        &self,
        object: &Object<'_>,
        place: &Path,
        upload: &Upload,
        watch: &mut dyn Watch,
    ) -> Result<Put, StoreError> {
        let unreadable = |error: io::Error| unreadable(object, &error);
        let mut file = File::open(object.path).map_err(unreadable)?;
        let size = PART.max(object.bytes.div_ceil(MOST_PARTS));
        let (mut sha, mut ids) = (Sha256::new(), Vec::<PartId>::new());
        loop {
            let mut part = Vec::new();
            (&mut file).take(size).read_to_end(&mut part).map_err(unreadable)?;
            if part.is_empty() {
                break;
            }
            sha.update(&part);
            let (number, part) = (ids.len(), Bytes::from(part).into());
            let work = self.s3.put_part(place, &upload.id, number, part);
            ids.push(self.wait(watch, work)?.map_err(|error| trouble(&error))?);
            if !watch.goes_on() {
                return Err(StoreError::Stopped);
            }
        }
        compare(object, &Hash(sha.finalize().into()))?;
        match self.wait(watch, self.free.complete_multipart(place, &upload.id, ids))? {
            Ok(_) => Ok(Put::Made),
            Err(error) => self.same(&error, object, place, watch),
        }
    }
}

/// What is the same for every bucket.
fn builder(settings: &config::Store) -> AmazonS3Builder {
    let mut builder = match (&settings.access_key_id, &settings.secret_access_key) {
        (Some(id), Some(secret)) => {
            AmazonS3Builder::new().with_access_key_id(id).with_secret_access_key(&secret.0)
        }
        _ => AmazonS3Builder::from_env(),
    };
    if let Some(endpoint) = &settings.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = &settings.region {
        builder = builder.with_region(region);
    }
    let timeout = Duration::from_secs(settings.timeout_seconds.into());
    let retry = RetryConfig { max_retries: RETRIES, ..RetryConfig::default() };
    builder.with_retry(retry).with_http_connector(Connector { timeout })
}

/// Makes the client, without a proxy and without what the environment says of it.
#[derive(Debug)]
struct Connector {
    timeout: Duration,
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = outgoing::client().connect_timeout(CONNECT).timeout(self.timeout);
        let client =
            client.build().map_err(|error| Error::Generic { store: "S3", source: error.into() })?;
        Ok(HttpClient::new(client))
    }
}

fn attributes(object: &Object<'_>) -> Attributes {
    let sha256 = (Attribute::Metadata(SHA256.into()), hex::encode(object.sha256.0));
    Attributes::from_iter([(Attribute::ContentType, object.kind.to_owned()), sha256])
}

fn compare(object: &Object<'_>, found: &Hash) -> Result<(), StoreError> {
    if *found == object.sha256 {
        return Ok(());
    }
    Err(StoreError::Final(format!(
        "{} is damaged: its SHA-256 is not that of the release. Remove it; it is made again.",
        object.path.display()
    )))
}

fn unreadable(object: &Object<'_>, error: &io::Error) -> StoreError {
    StoreError::Passing(format!("{} can't be read: {error}.", object.path.display()))
}
