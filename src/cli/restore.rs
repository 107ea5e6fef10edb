//! `overrule restore`

use super::progress;
use crate::config::Config;
use crate::db::Target;
use crate::moving::{backup, restore};
use anyhow::{Context, bail};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct Args {
    /// A file that `overrule backup` made
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Put it in the place of a database that holds data, which is lost
    #[arg(long)]
    replace: bool,
}

pub(super) fn run(config: &Config, args: &Args) -> anyhow::Result<ExitCode> {
    let target = config.target()?;
    let Target::Sqlite(path) = &target else {
        bail!(
            "{target} is a PostgreSQL database, which has its own tool for what pg_dump made: {}; \
             to move a backup there, restore it into a folder (`--data-dir`, without \
             DATABASE_URL), then run `overrule copy --to`",
            backup::load_command(&target, &args.file)
        );
    };
    let progress = progress::bytes(0);
    let secret = config.server.secret.as_ref();
    let tell = |done, all| {
        progress.set_length(all);
        progress.set_position(done);
    };
    let restored = restore::restore(&args.file, path, args.replace, secret, &tell)
        .with_context(|| format!("can't restore {}; nothing was changed", args.file.display()))?;
    progress.finish_and_clear();
    if let Some(aside) = &restored.set_aside {
        eprintln!("the database that was there can't be read; it is now {}", aside.display());
    }
    let rows: u64 = restored.manifest.rows.values().sum();
    eprintln!(
        "restored {rows} rows of {} tables, as they were on {}, into {target}",
        restored.manifest.rows.len(),
        crate::clock::exact(restored.manifest.created_at),
    );
    if let Some(from) = restored.migrated.from.filter(|from| *from != restored.migrated.to) {
        eprintln!("brought from version {from} to version {}", restored.migrated.to);
    }
    if restored.lost_secret {
        eprintln!(
            "server.secret is not the one these data were used with: links and receipts that were \
             handed out work only once the settings say the same as then"
        );
    }
    Ok(ExitCode::SUCCESS)
}
