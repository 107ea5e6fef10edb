//! `overrule serve`

use crate::config::Config;
use crate::db;
use crate::server::{self, Server};
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Address and port to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// Refuse to start rather than bring an old database up to date
    #[arg(long)]
    no_migrate: bool,
}

pub(super) fn run(mut config: Config, args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(listen) = &args.listen {
        config.server.listen = listen.clone();
    }
    let target = config.target()?;
    let _lock = server::lock(&target)?;
    if !args.no_migrate {
        db::migrate(&target)?;
    } else if db::pending(&target)? {
        anyhow::bail!("the database is not up to date; run `overrule migrate`");
    }
    let server = Server::bind(&config, false)?;
    eprintln!("data in {target}");
    if let Some(link) = server.first_admin_link()? {
        eprintln!("nobody can sign in yet: whoever opens this link first becomes the admin");
        eprintln!("{link}");
    }
    eprintln!("open {} in a browser", server.site().public_url);
    println!("listening on http://{}", server.address());
    server.run()?;
    Ok(ExitCode::SUCCESS)
}
