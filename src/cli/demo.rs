//! `overrule demo`

use crate::capture::links;
use crate::clock;
use crate::config::Config;
use crate::db;
use crate::demo;
use crate::server::{self, Server};
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Address and port to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    listen: String,
}

/// Serves sample data; in a folder that is removed at the end, unless one was named.
pub(super) fn run(mut config: Config, args: Args, names_folder: bool) -> anyhow::Result<ExitCode> {
    let temporary = if names_folder { None } else { Some(tempfile::tempdir()?) };
    if let Some(folder) = &temporary {
        config.data_dir = folder.path().to_owned();
    }
    config.server.listen = args.listen;
    // Nothing leaves a demo.
    config.mail.smtp_url = None;
    let target = config.target()?;
    let _lock = server::lock(&target)?;
    db::migrate(&target)?;
    let db = db::Db::open(&target)?;
    let filled = demo::fill(&db)?;
    let sign_in = demo::people::links(&db)?;
    let unjudged = db.read_now(demo::unjudged)?;
    db.close();
    drop(db);
    let server = Server::bind(&config, true)?;
    let url = &server.site().public_url;
    let stays = if temporary.is_some() { ", removed at the end" } else { "" };
    eprintln!("Data in {target}{stays}.");
    if !filled {
        eprintln!("There was data already, so no sample data was made.");
    }
    eprintln!("Open one of these in a browser:\n");
    for (kind, token, name) in sign_in {
        eprintln!("  {kind:<10} {url}/sign-in/{token}   {name}");
    }
    if let Some(id) = unjudged {
        let link = links::correct_url(server.site(), id, clock::now());
        eprintln!("  {:<10} {link}   judges one answer, without an account", "end user");
    }
    eprintln!("  {:<10} {url}/demo/mail   what would have been mailed\n", "mail");
    println!("listening on http://{}", server.address());
    server.run()?;
    Ok(ExitCode::SUCCESS)
}
