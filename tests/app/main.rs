//! The black-box suite: a real server on a real port, asked as people and programs ask. The same
//! tests run on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// A page's `is(200)` and `is_at(…)` hand the page on, so that what is seen reads as one sentence.
#![allow(clippy::wrong_self_convention)]

mod access;
mod accounts;
mod admin;
mod agents;
mod agreement;
mod api;
mod architecture;
mod audits;
mod browsers;
mod capture;
mod categories;
mod commands;
mod crash;
mod datasets;
mod exports;
mod faults;
mod feed;
mod harness;
mod imports;
mod journeys;
mod machines;
mod moving;
mod operating;
mod questions;
mod real_data;
mod review;
mod round_trip;
mod sampling;
mod signing_in;
mod statements;
mod support;
mod tls;
mod triage;
mod webhooks;
