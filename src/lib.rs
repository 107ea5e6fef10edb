//! Overrule turns people's overrides of AI agents into training signals.
//!
//! The platform comes first, then the slices in the order in which they may use one another:
//! each uses only those above it in this list.

pub mod clock;
pub mod config;
pub mod error;
pub mod schema;
pub mod telemetry;

pub mod db;
pub mod audit;
pub mod mail;
pub mod outgoing;
pub mod store;
pub mod web;

pub mod accounts;
pub mod agents;
pub mod hours;
pub mod interactions;
pub mod feedback;
pub mod signals;
pub mod news;
pub mod escalations;
pub mod capture;
pub mod sampling;
pub mod similar;
pub mod exports;
pub mod triage;
pub mod agreement;
pub mod questions;
pub mod admin;
pub mod webhooks;
pub mod datasets;
pub mod journeys;

pub mod moving;
pub mod jobs;
pub mod openapi;
pub mod demo;
pub mod doctor;
pub mod server;
pub mod cli;
