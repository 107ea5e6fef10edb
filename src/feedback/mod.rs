//! Feedback: one person's judgement of one interaction. Append-only; a revision supersedes.

pub mod actions;
pub mod model;
pub mod queries;
pub mod rules;

pub use model::{Feedback, FeedbackId, Verdict};
