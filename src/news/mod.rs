//! The reporter hears back: one mail when something is decided about what they reported, bundled
//! with what else comes within the hour; at once when a person answers or asks them. Never of what
//! they did themselves, and not at all for who switched it off.

pub mod actions;
pub mod delivery;
pub mod model;
mod pages;
pub mod queries;

pub use pages::routes;
