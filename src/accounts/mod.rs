//! People, teams and what they may do: sessions, sign-in links, API keys, and the extractors
//! that put a permission into every handler's signature.

pub mod actions;
mod door;
pub mod extract;
pub mod first;
pub mod identities;
pub mod keys;
pub mod languages;
pub mod links;
mod mails;
pub mod may;
pub mod model;
pub mod oidc;
mod pages;
pub mod passwords;
pub mod people;
mod proxied;
pub mod queries;
pub mod roll;
pub mod roster;
pub mod sessions;
pub mod tries;

pub use actions::{NewPerson, TeamRole, add_person, make_key};
pub use door::Door;
pub use extract::{
    Admin, Anyone, ApiKey, Champion, Engineer, Leader, LimitedKey, Reviewer, SignedIn,
};
pub use keys::KeyCache;
pub use links::make_sign_in_link;
pub use may::Reach;
pub use model::{KeyId, PersonId, Scope, TeamId, Who};
pub use pages::routes;
