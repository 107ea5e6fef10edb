//! `overrule user add`

use crate::accounts::actions::{self, NewPerson};
use crate::audit::Actor;
use crate::config::Config;
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Add a person, or give more to one; prints a link that signs them in once
    Add(Add),
}

#[derive(clap::Args)]
pub(super) struct Add {
    /// The person's mail address
    email: String,
    /// How others see them
    #[arg(long)]
    name: Option<String>,
    /// A role for the whole installation; may be given twice
    #[arg(long, value_parser = ["admin", "engineer"])]
    role: Vec<String>,
    /// A team, made if it isn't there; with `:champion` or `:manager` a role in it
    #[arg(long, value_name = "T[:champion|:manager]")]
    team: Vec<String>,
}

pub(super) fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    let Command::Add(add) = command;
    let new = NewPerson {
        address: add.email.clone(),
        name: add.name,
        is_engineer: add.role.iter().any(|role| role == "engineer"),
        is_admin: add.role.iter().any(|role| role == "admin"),
        teams: add.team.iter().map(|team| membership(team)).collect::<anyhow::Result<_>>()?,
    };
    let db = super::open(config)?;
    let (person, token) = db.write_now(move |conn| {
        let person = actions::add_person(conn, Actor::CommandLine, &new)?;
        let token = actions::make_link(conn, person.id, false, actions::PRINTED_MINUTES)?;
        Ok((person, token))
    })?;
    db.close();
    eprintln!("{} can sign in; the link works once, for a day:", person.name);
    println!("{}/sign-in/{token}", super::public_url(config));
    Ok(ExitCode::SUCCESS)
}

/// `support:champion` as slug, champion, manager.
fn membership(text: &str) -> anyhow::Result<(String, bool, bool)> {
    let mut parts = text.split(':');
    let slug = parts.next().unwrap_or_default().to_owned();
    let mut roles = (false, false);
    for role in parts {
        match role {
            "champion" => roles.0 = true,
            "manager" => roles.1 = true,
            _ => anyhow::bail!("`{role}` is no role in a team; it is `champion` or `manager`"),
        }
    }
    Ok((slug, roles.0, roles.1))
}
