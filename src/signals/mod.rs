//! Signals: what must be judged (review items), what was decided (resolutions), and the labelled
//! training examples that follow (signals and their revisions).
//!
//! This slice knows no feedback table: `feedback` tells it what was said, as values.

pub mod model;

pub use model::{SignalStatus, Verdict};
