//! People, teams and what they may do: sessions, sign-in links, API keys, and the extractors
//! that put a permission into every handler's signature.

pub mod actions;
pub mod extract;
pub mod handlers;
pub mod model;
pub mod queries;

pub use handlers::routes;

pub use extract::{Admin, Anyone, ApiKey, Champion, Engineer, SignedIn};
pub use model::{KeyId, PersonId, Scope, TeamId, Who};
