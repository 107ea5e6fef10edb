//! Questions: a colleague asks the champions of a team, about an answer or about anything else.
//! What was written is a thread; whoever it concerns is told by mail; a good answer is pinned to
//! the agent, where its end users read it.

pub mod actions;
mod forms;
mod handlers;
mod mails;
mod mentions;
pub mod model;
pub mod pages;
pub mod queries;

pub use handlers::routes;
pub use model::{Question, QuestionId};
