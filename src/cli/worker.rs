//! `overrule worker`: background work only, for several machines on one PostgreSQL.

use crate::config::Config;
use crate::jobs::Jobs;
use crate::mail::Mailer;
use std::process::ExitCode;

pub(super) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let db = super::open(config)?;
    let mailer = Mailer::new(&config.mail, &config.data_dir)?;
    eprintln!("working on {}", db.target());
    actix_web::rt::System::new().block_on(async {
        let jobs = Jobs::start(&db, mailer);
        stop_asked().await;
        jobs.stop().await;
    });
    db.close();
    Ok(ExitCode::SUCCESS)
}

/// Waits for SIGTERM or SIGINT.
async fn stop_asked() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
