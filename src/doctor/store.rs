//! The object store: whether it answers, and takes the key.

use super::Findings;
use crate::config::Config;
use crate::store::{Store, StoreError};

/// Nothing where none is set up. It asks for a list of one name, and puts nothing there.
pub(super) async fn examine(config: &Config, found: &mut Findings) {
    let Some(url) = config.store.url.clone() else { return };
    let (settings, to) = (config.store.clone(), url.clone());
    let asked = tokio::task::spawn_blocking(move || match Store::open(&settings, &to) {
        Ok(store) => store.examine(),
        Err(error) => Err(StoreError::Final(format!("{error:#}"))),
    });
    match asked.await.unwrap_or_else(|error| Err(StoreError::Final(error.to_string()))) {
        Ok(()) => found.ok("store", format!("{url} answers")),
        Err(why) => found.wrong(
            "store",
            format!("{url}: {why}"),
            "look at `store.url`, `store.endpoint`, `store.region` and the key, which must be \
             allowed to list the bucket, and to read and write what begins with `store.url`",
        ),
    }
}
