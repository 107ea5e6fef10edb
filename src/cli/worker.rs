//! `overrule worker`

use crate::config::Config;
use crate::datasets::Shelf;
use crate::jobs::{Jobs, Tools};
use crate::mail::{Mailer, Nudge};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

pub(super) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let db = super::open(config)?;
    let tools = Tools {
        db: db.clone(),
        mailer: Mailer::from_config(config)?,
        nudge: Nudge::default(),
        shelf: Shelf::in_data(&config.data_dir),
        limits: None,
        metrics: None,
        seen: None,
    };
    eprintln!("working on {}; stop me with Ctrl-C", db.target());
    actix_web::rt::System::new().block_on(async move {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let jobs = Jobs::start(tools);
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        jobs.stop().await;
        std::io::Result::Ok(())
    })?;
    db.close();
    Ok(ExitCode::SUCCESS)
}
