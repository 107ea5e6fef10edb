//! `overrule demo`

use crate::config::Config;
use crate::db::Db;
use crate::demo::{fill, people};
use crate::interactions::InteractionId;
use crate::schema::{feedback, interactions};
use crate::server::{self, Server};
use anyhow::Context;
use diesel::prelude::*;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Address and port to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    listen: String,
}

pub(super) fn run(mut config: Config, args: &Args, given: bool) -> anyhow::Result<ExitCode> {
    config.server.listen = args.listen.clone();
    // Removed at the end, unless the person named a place of their own.
    let temporary =
        if given { None } else { Some(tempfile::tempdir().context("no place for data")?) };
    if let Some(folder) = &temporary {
        config.data_dir = folder.path().to_owned();
        config.database.url = None;
    }
    let target = config.target()?;
    let _lock = server::lock(&target)?;
    crate::db::migrate(&target)?;
    let server = Server::bind(&config, true)?;
    let db = Db::open(&target)?;
    if db.read_now(|conn| Ok(is_empty(conn)?))? {
        eprintln!("filling {} with a sample company …", config.data_dir.display());
        fill::fill(&db)?;
    }
    let site = server.site().clone();
    eprintln!("data in {}", config.data_dir.display());
    eprintln!("Open one of these; each signs in as a person of the sample company:\n");
    for (kind, name) in people::KINDS {
        let token = db.write_now(move |conn| people::link(conn, name))?;
        eprintln!("  {kind:<10} {}/sign-in/{token}   {name}", site.public_url);
    }
    if let Some(id) = db.read_now(|conn| Ok(newest(conn)?))? {
        let link = crate::capture::links::correct_url(&site, id, crate::clock::now());
        eprintln!("  {:<10} {link}   a link under an answer, no account needed", "end user");
    }
    eprintln!("  {:<10} {}/demo/mail   what would have been mailed\n", "mail", site.public_url);
    db.close();
    println!("listening on http://{}", server.address());
    server.run()?;
    Ok(ExitCode::SUCCESS)
}

fn is_empty(conn: &mut crate::db::Conn) -> QueryResult<bool> {
    let any: Option<InteractionId> =
        interactions::table.select(interactions::id).first(conn).optional()?;
    Ok(any.is_none())
}

/// An interaction nobody has judged yet.
fn newest(conn: &mut crate::db::Conn) -> QueryResult<Option<InteractionId>> {
    interactions::table
        .left_join(feedback::table)
        .filter(feedback::id.is_null())
        .filter(interactions::conversation_id.is_null())
        .order(interactions::id.desc())
        .select(interactions::id)
        .first(conn)
        .optional()
}
