//! Agents: what answers, in which versions, with which labels, schema and categories; and its
//! deployments, one for each team and environment that uses it.

pub mod actions;
pub mod api;
pub mod categories;
pub mod deployments;
pub mod directory;
pub mod forms;
pub mod handlers;
pub mod model;
pub mod pinned;
pub mod queries;
pub mod schema;
pub mod tree;

pub use directory::{Directory, Unknown};
pub use handlers::routes;
pub use model::{
    Agent, AgentId, CategoryId, Deployment, DeploymentId, Environment, OutputKind, VersionId,
};
