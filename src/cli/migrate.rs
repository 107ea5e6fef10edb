//! `overrule migrate`

use crate::config::Config;
use crate::db;
use std::process::ExitCode;

pub(super) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let migrated = db::migrate(&config.target()?)?;
    match migrated.from {
        None => eprintln!("made a new database at version {}", migrated.to),
        Some(from) if from == migrated.to => eprintln!("already at version {}", migrated.to),
        Some(from) => eprintln!("brought from version {from} to version {}", migrated.to),
    }
    Ok(ExitCode::SUCCESS)
}
