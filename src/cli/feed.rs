//! `overrule feed`: all signals to a folder or an object store, what is new each time.

use crate::config::{self, Config};
use crate::error::AppError;
use crate::exports::feed::Feed;
use crate::store::Store;
use anyhow::Context;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

#[derive(clap::Args)]
pub(super) struct Args {
    /// A folder, or s3://BUCKET/PREFIX; files go to signals/date=… and retired/date=…
    #[arg(long, value_name = "DIR")]
    out: String,
    /// What the feed is remembered by; another name begins anew
    #[arg(long, default_value = "main")]
    name: String,
    /// Go on, and look again after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: Option<u64>,
}

pub(super) fn run(config: &Config, args: &Args) -> anyhow::Result<ExitCode> {
    let feed = open(&config.store, args)?;
    let db = super::open(config)?;
    let shown = &args.out;
    let mut all = 0;
    loop {
        let new = match (feed.run(&db), args.every) {
            // A store that is away comes back; what was begun is gone on with.
            (Err(AppError::Busy(why)), Some(seconds)) => {
                eprintln!("{why} Trying again in {seconds} seconds.");
                0
            }
            (done, _) => done?,
        };
        all += new;
        match (new, args.every) {
            (1.., _) => continue,
            (0, Some(seconds)) => std::thread::sleep(Duration::from_secs(seconds)),
            (0, None) => break,
        }
    }
    db.close();
    eprintln!("wrote {all} events to {shown}");
    Ok(ExitCode::SUCCESS)
}

fn open(settings: &config::Store, args: &Args) -> anyhow::Result<Feed> {
    let cant = || format!("can't write in {}", args.out);
    if args.out.starts_with("s3://") {
        let store = Store::open(settings, &args.out).with_context(cant)?;
        return Feed::into_store(&args.name, store).with_context(cant);
    }
    Feed::open(&args.name, Path::new(&args.out)).with_context(cant)
}
