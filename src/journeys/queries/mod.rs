//! Every query of the pages that join everything.

pub mod home;
pub mod reports;
