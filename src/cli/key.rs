//! `overrule key create`

use crate::accounts::{Scope, actions};
use crate::audit::Actor;
use crate::config::Config;
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a key for a program; prints it, once
    Create(Create),
}

#[derive(clap::Args)]
pub(super) struct Create {
    /// What the key is for
    name: String,
    /// Scopes: ingest, feedback, triage, export, read, admin
    #[arg(long, value_name = "S[,S…]", value_delimiter = ',', required = true)]
    scope: Vec<Scope>,
}

pub(super) fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    let Command::Create(create) = command;
    let db = super::open(config)?;
    let token = db.write_now(move |conn| {
        actions::make_key(conn, Actor::CommandLine, &create.name, &create.scope)
    })?;
    db.close();
    eprintln!("keep it safe: it is shown this once, and only its hash is stored");
    println!("{token}");
    Ok(ExitCode::SUCCESS)
}
