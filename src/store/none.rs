//! No object store: the program was built without the feature `s3`.

use super::{Object, Put, StoreError, Upload, Watch};
use crate::config;

/// There is none.
pub struct Store(Never);

enum Never {}

impl Store {
    /// Fails, and says why.
    pub fn open(_: &config::Store, _: &str) -> anyhow::Result<Self> {
        anyhow::bail!("this program was built without the feature `s3`")
    }

    /// What all names there begin with.
    pub fn url(&self) -> &str {
        match self.0 {}
    }

    /// Puts a file.
    pub fn put(&self, _: &Object<'_>, _: &mut dyn Watch) -> Result<Put, StoreError> {
        match self.0 {}
    }

    /// Removes what was begun.
    pub fn forget(&self, _: &Upload) -> bool {
        match self.0 {}
    }

    /// Whether it answers.
    pub fn examine(&self) -> Result<(), StoreError> {
        match self.0 {}
    }
}
