//! Signals: what must be judged (review items), what was decided (resolutions), and the labelled
//! training examples that follow (signals and their revisions).

pub mod actions;
pub mod model;
pub mod queries;

pub use model::{SignalStatus, Verdict};
