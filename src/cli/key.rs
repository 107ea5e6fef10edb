//! `overrule key`

use crate::accounts::keys::{self, NewKey};
use crate::accounts::model::Key;
use crate::accounts::{KeyId, Scope, queries};
use crate::admin;
use crate::audit::Actor;
use crate::config::Config;
use crate::db::{Db, Instant};
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a key and print it; it can't be shown again
    Create(Create),
    /// List all keys, a line each, the newest first: id, beginning, state, scopes, agents, teams,
    /// last use, end, name, with tabs between
    List,
    /// Make a key that takes the place of another, and print it
    Rotate(Rotate),
    /// End a key
    Revoke(Revoke),
}

#[derive(clap::Args)]
pub(super) struct Create {
    /// What the key is for
    name: String,
    /// What it may do: ingest, feedback, triage, export, read, admin
    #[arg(long = "scope", value_name = "S[,S…]", required = true, value_delimiter = ',')]
    scopes: Vec<Scope>,
    /// Only for these agents [default: all]
    #[arg(long = "agent", value_name = "A[,A…]", value_delimiter = ',')]
    agents: Vec<String>,
    /// Only for these teams [default: all]
    #[arg(long = "team", value_name = "T[,T…]", value_delimiter = ',')]
    teams: Vec<String>,
    /// Days for which it works [default: no end]
    #[arg(long)]
    days: Option<i64>,
}

#[derive(clap::Args)]
pub(super) struct Rotate {
    /// The key's id, as `key list` has it
    id: KeyId,
    /// Hours for which the old key still works
    #[arg(long, default_value_t = 24)]
    overlap_hours: i64,
}

#[derive(clap::Args)]
pub(super) struct Revoke {
    /// The key's id, as `key list` has it
    id: KeyId,
}

pub(super) fn run(config: &Config, command: &Command) -> anyhow::Result<ExitCode> {
    let db = super::open(config)?;
    match command {
        Command::Create(create) => {
            let new = new_key(create);
            let made =
                db.write_now(move |conn| admin::keys::make(conn, Actor::CommandLine, &new))?;
            show(&made);
        }
        Command::List => list(&db)?,
        Command::Rotate(Rotate { id, overlap_hours }) => {
            let (id, hours) = (*id, *overlap_hours);
            let made = db
                .write_now(move |conn| keys::rotate(conn, Actor::CommandLine, id, hours))
                .map_err(named)?;
            eprintln!("The old key works for {hours} hours more.");
            show(&made);
        }
        Command::Revoke(Revoke { id }) => {
            let id = *id;
            db.write_now(move |conn| keys::revoke(conn, Actor::CommandLine, id)).map_err(named)?;
            eprintln!("The key no longer works.");
        }
    }
    db.close();
    Ok(ExitCode::SUCCESS)
}

fn named(error: crate::error::AppError) -> anyhow::Error {
    match error {
        crate::error::AppError::NotFound => anyhow::anyhow!("there is no key with this id"),
        other => other.into(),
    }
}

fn new_key(create: &Create) -> NewKey {
    let some = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    NewKey {
        name: create.name.clone(),
        scopes: create.scopes.clone(),
        agents: some(&create.agents),
        teams: some(&create.teams),
        valid_days: create.days,
    }
}

fn show(made: &keys::Made) {
    eprintln!("The key, which is not kept anywhere and can't be shown again:");
    println!("{}", made.token);
}

/// A page at a time, so that it takes no more memory for more keys.
fn list(db: &Db) -> anyhow::Result<()> {
    const PAGE: i64 = 500;
    let mut before = None;
    loop {
        let page = db.read_now(|conn| Ok(queries::list_keys(conn, before, PAGE)?))?;
        let Some(last) = page.last() else { return Ok(()) };
        before = Some(last.id);
        for key in &page {
            println!("{}", line(key));
        }
    }
}

fn line(key: &Key) -> String {
    let state = match key {
        Key { revoked_at: Some(_), .. } => "revoked",
        key if !key.is_good() => "over",
        Key { replaced_by: Some(_), .. } => "replaced",
        _ => "good",
    };
    let time = |at: Option<Instant>| at.map_or("-".to_owned(), |at| at.to_string());
    let list = |text: &Option<String>| text.as_deref().unwrap_or("*").replace(' ', ",");
    let scopes = key.scopes.replace(' ', ",");
    let (agents, teams) = (list(&key.agents), list(&key.teams));
    let (used, end) = (time(key.last_used_at), time(key.expires_at));
    let (id, hint, name) = (key.id, &key.hint, &key.name);
    format!("{id}\t{hint}\t{state}\t{scopes}\t{agents}\t{teams}\t{used}\t{end}\t{name}")
}
