//! `overrule feed`: all signals to a folder, what is new each time.

use crate::config::Config;
use crate::exports::feed::Feed;
use anyhow::Context;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The folder; files go to signals/date=… and retired/date=…
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What the feed is remembered by; another name begins anew
    #[arg(long, default_value = "main")]
    name: String,
    /// Go on, and look again after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: Option<u64>,
}

pub(super) fn run(config: &Config, args: &Args) -> anyhow::Result<ExitCode> {
    let db = super::open(config)?;
    let shown = args.out.display();
    let feed =
        Feed::open(&args.name, &args.out).with_context(|| format!("can't write in {shown}"))?;
    let mut all = 0;
    loop {
        let new = feed.run(&db)?;
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
