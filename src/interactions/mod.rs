//! Interactions: one input an agent got and the output it gave; a narrow row that is listed and
//! a body that is shown.

pub mod actions;
pub mod content;
pub mod model;
pub mod queries;

pub use content::JsonText;
pub use model::{InteractionId, Source};
