//! `overrule user`

use crate::accounts::links::PRINTED_MINUTES;
use crate::accounts::{NewPerson, TeamRole, add_person, make_sign_in_link};
use crate::audit::Actor;
use crate::config::Config;
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Add a person and print a link that signs them in once, within 24 hours
    ///
    /// For someone who is here already, it changes the name, adds roles and teams to those they
    /// have, and prints a new link.
    Add(Add),
}

#[derive(clap::Args)]
pub(super) struct Add {
    /// Their e-mail address
    email: String,
    /// What others call them [default: the first part of the address]
    #[arg(long)]
    name: Option<String>,
    /// A role for the whole installation
    #[arg(long, value_enum)]
    role: Option<Role>,
    /// A team, made if it is missing, and a role in it; may be given several times
    #[arg(long = "team", value_name = "T[:champion|:manager]", value_parser = team_role)]
    teams: Vec<TeamRole>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Role {
    Admin,
    Engineer,
}

fn team_role(text: &str) -> Result<TeamRole, String> {
    let (team, role) = text.split_once(':').unwrap_or((text, ""));
    let (is_champion, is_manager) = match role {
        "" => (false, false),
        "champion" => (true, false),
        "manager" => (false, true),
        other => return Err(format!("`{other}` is not a role in a team: champion, manager")),
    };
    Ok(TeamRole { team: team.to_owned(), is_champion, is_manager })
}

pub(super) fn run(config: &Config, command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Add(add) = command;
    let new = NewPerson {
        email: add.email.clone(),
        name: add.name.clone(),
        is_engineer: add.role == Some(Role::Engineer),
        is_admin: add.role == Some(Role::Admin),
        teams: add.teams.clone(),
    };
    let db = super::open(config)?;
    let (person, token) = db.write_now(move |conn| {
        let person = add_person(conn, Actor::CommandLine, &new)?;
        let token = make_sign_in_link(conn, person.id, false, PRINTED_MINUTES)?;
        Ok((person, token))
    })?;
    db.close();
    eprintln!("{} can sign in, once and within 24 hours, with this link:", person.name);
    println!("{}/sign-in/{token}", public_url(config));
    Ok(ExitCode::SUCCESS)
}

/// What links start with, as far as it is known beside the server.
fn public_url(config: &Config) -> String {
    let listen = || format!("http://{}", config.server.listen);
    config.server.public_url.clone().unwrap_or_else(listen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_may_carry_a_role() {
        let role = |team: &str, is_champion, is_manager| {
            Ok(TeamRole { team: team.into(), is_champion, is_manager })
        };
        assert_eq!(team_role("sales"), role("sales", false, false));
        assert_eq!(team_role("sales:champion"), role("sales", true, false));
        assert_eq!(team_role("sales:manager"), role("sales", false, true));
        assert!(team_role("sales:boss").is_err());
    }
}
