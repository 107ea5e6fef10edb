//! Past overrides like the one that is looked at: an index of what was asked, kept beside the rows,
//! and the search in it.

pub mod index;
pub mod model;
mod search;
mod words;

pub use search::similar;
