//! `overrule worker`

use crate::config::Config;
use crate::datasets::Shelf;
use crate::db::installation;
use crate::jobs::{Jobs, Tools};
use crate::mail::{Mailer, Nudge};
use crate::outgoing::Outgoing;
use crate::server;
use crate::web::Site;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

pub(super) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let db = super::open(config)?;
    let stored = db.read_now(|conn| Ok(installation::find(conn, installation::PUBLIC_URL)?))?;
    let public_url = config.server.public_url.clone().or(stored);
    let public_url = public_url.unwrap_or_else(|| format!("http://{}", config.server.listen));
    let secret = server::site_secret(config, &db)?;
    let tools = Tools {
        site: Site::new(config, public_url, &secret, false),
        db: db.clone(),
        mailer: Mailer::from_config(config)?,
        nudge: Nudge::default(),
        outgoing: Outgoing::new(&config.outgoing.allow)?,
        shelf: Shelf::in_data(&config.data_dir),
        store: config.store.clone(),
        limits: None,
        budgets: None,
        keys: None,
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
