//! The demo: a small made-up company, so that everything can be looked at before anything is
//! set up.

pub mod agents;
pub mod fill;
pub mod pages;
pub mod people;
mod rng;
mod story;
