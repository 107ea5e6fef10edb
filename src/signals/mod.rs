//! Signals: what must be judged (review items), what waits for it (the queue), what was decided
//! (resolutions), and the labelled training examples that follow (signals and their revisions).

pub mod actions;
pub mod audits;
pub mod model;
pub mod published;
pub mod queries;
mod queue;
mod settle;

pub use queue::set_state;
pub use settle::resolve;

pub use model::{SignalStatus, Verdict};
