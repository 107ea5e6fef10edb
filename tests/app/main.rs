//! The black-box suite: a real server on a real port, asked as people and programs ask. The same
//! tests run on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod agents;
mod harness;
#[allow(dead_code, unused_imports)]
mod support;
mod triage;
