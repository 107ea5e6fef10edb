//! The object store: a file is put there once, and its name never comes to mean another. What is
//! there already is compared by its SHA-256 and left as it is. Calls block; whoever waits is asked
//! every second whether to go on.

#[cfg(not(feature = "s3"))]
mod none;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "s3")]
mod said;

#[cfg(not(feature = "s3"))]
pub use none::Store;
#[cfg(feature = "s3")]
pub use s3::Store;

use crate::db::Hash;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A file to put.
#[derive(Debug, Clone, Copy)]
pub struct Object<'o> {
    /// What it is called at the store, below what all names begin with.
    pub name: &'o str,
    /// Where it lies here.
    pub path: &'o Path,
    /// How long it is.
    pub bytes: u64,
    /// What it must hash to.
    pub sha256: Hash,
    /// Its media type.
    pub kind: &'static str,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is there now.
    Made,
    /// It was there before.
    Same,
}

/// A file that was begun in parts and is not whole: nobody sees it, and it takes room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    pub name: String,
    pub id: String,
}

/// Why a file is not there, in a sentence for people.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It stays so until somebody mends it.
    #[error("{0}")]
    Final(String),
    /// Another try may do.
    #[error("{0}")]
    Passing(String),
    /// Whoever waits does not go on.
    #[error("It was stopped.")]
    Stopped,
}

/// Whoever waits for a file to be put.
pub trait Watch {
    /// Asked every second, and after each part: whether to go on.
    fn goes_on(&mut self) -> bool;
    /// Parts go to this upload from now on; none: there is nothing to remove any more. False ends
    /// it.
    fn begun(&mut self, upload: Option<&Upload>) -> bool;
}
