//! `overrule key`

use crate::accounts::{Scope, make_key};
use crate::audit::Actor;
use crate::config::Config;
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a key and print it; it can't be shown again
    Create(Create),
}

#[derive(clap::Args)]
pub(super) struct Create {
    /// What the key is for
    name: String,
    /// What it may do: ingest, feedback, triage, export, read, admin
    #[arg(long = "scope", value_name = "S[,S…]", required = true, value_delimiter = ',')]
    scopes: Vec<Scope>,
}

pub(super) fn run(config: &Config, command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Create(create) = command;
    let (name, scopes) = (create.name.clone(), create.scopes.clone());
    let db = super::open(config)?;
    let token = db.write_now(move |conn| make_key(conn, Actor::CommandLine, &name, &scopes))?;
    db.close();
    eprintln!("The key, which is not kept anywhere and can't be shown again:");
    println!("{token}");
    Ok(ExitCode::SUCCESS)
}
