//! `overrule copy`

use super::{note_taken, progress};
use crate::config::Config;
use crate::db::Target;
use crate::moving::copy::{self, Progress};
use anyhow::Context;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The database to fill: `postgres://…` or `sqlite:PATH`
    #[arg(long, value_name = "DATABASE_URL")]
    to: String,
    /// Empty a copy that was begun, and begin anew
    #[arg(long)]
    start_over: bool,
}

pub(super) fn run(config: &Config, args: &Args) -> anyhow::Result<ExitCode> {
    let (from, to) = (config.target()?, Target::parse(&args.to)?);
    let progress = progress::rows();
    let copied = copy::run(&from, &to, args.start_over, &|step| match step {
        Progress::All(rows) => progress.set_length(rows),
        Progress::Written(table, rows) => {
            progress.inc(rows);
            progress.set_message(format!("writing {table}"));
        }
        Progress::Comparing(rows) => {
            progress.reset();
            progress.set_length(rows);
        }
        Progress::Compared(table, rows) => {
            progress.inc(rows);
            progress.set_message(format!("comparing {table}"));
        }
    })
    .with_context(|| format!("can't copy {from}"))?;
    progress.finish_and_clear();
    note_taken(&from, "copy")?;
    let rows: u64 = copied.tables.iter().map(|(_, content)| content.rows).sum();
    for (table, content) in &copied.tables {
        eprintln!("{:>12} {table:<20} {:?}", content.rows, content.hash);
    }
    let how = if copied.resumed { "went on with the copy of" } else { "copied" };
    eprintln!("{how} {from} to {to}: {rows} rows, the same on both sides");
    eprintln!("serve from it with DATABASE_URL or `database.url`, and no longer from {from}");
    if config.server.secret.is_some() {
        eprintln!("server.secret comes from the settings: take it along, or no link works");
    }
    Ok(ExitCode::SUCCESS)
}
