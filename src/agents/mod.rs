//! Agents: what answers, in which versions, with which labels, schema and categories; and its
//! deployments, one for each team and environment that uses it.

pub mod directory;
pub mod model;
pub mod queries;

pub use directory::{Directory, Unknown};
pub use model::{
    Agent, AgentId, CategoryId, Deployment, DeploymentId, Environment, OutputKind, VersionId,
};
