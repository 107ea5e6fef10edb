//! Feedback: one person's judgement of one interaction. Append-only; a revision supersedes.

pub mod model;

pub use crate::signals::model::{FeedbackId, Verdict};
pub use model::Feedback;
