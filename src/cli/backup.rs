//! `overrule backup`

use super::{note_taken, progress};
use crate::config::Config;
use crate::db::Target;
use crate::moving::backup;
use anyhow::{Context, bail};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The file; an older backup of that name is replaced once the new one is whole
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(config: &Config, args: &Args) -> anyhow::Result<ExitCode> {
    let target = config.target()?;
    let Target::Sqlite(path) = &target else {
        bail!(
            "{target} is a PostgreSQL database, which has its own tool: {}",
            backup::dump_command(&target, &args.file)
        );
    };
    let progress = progress::bytes(0);
    let secret = config.server.secret.as_ref();
    let manifest = backup::make(path, &args.file, secret, &|done, all| {
        progress.set_length(all);
        progress.set_position(done);
    })
    .with_context(|| format!("can't back up into {}", args.file.display()))?;
    progress.finish_and_clear();
    note_taken(&target, "backup")?;
    let rows: u64 = manifest.rows.values().sum();
    eprintln!(
        "backed up {rows} rows of {} tables at version {} into {}",
        manifest.rows.len(),
        manifest.version,
        args.file.display()
    );
    if secret.is_some() {
        eprintln!(
            "server.secret comes from the settings and is not in the file: keep it too, or every \
             link and receipt stops working"
        );
    }
    Ok(ExitCode::SUCCESS)
}
