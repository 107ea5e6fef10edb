//! For admins: what is here, and how to begin where nothing is.

use crate::accounts::Who;
use crate::agents::OutputKind;
use crate::capture::words;
use crate::db::Conn;
use crate::error::AppResult;
use crate::journeys::queries::home::{self, WEEK_CAP};

/// What is shown.
pub(super) struct Part {
    pub sentence: String,
    /// Name, path and kind in words.
    pub agents: Vec<(String, String, &'static str)>,
}

/// The commands that lead to a first interaction, each with what it is for.
pub(super) struct FirstSteps {
    pub agent: &'static str,
    pub key: &'static str,
    pub send: String,
    pub person: &'static str,
}

pub(super) fn gather(conn: &mut Conn, who: &Who) -> AppResult<Option<Part>> {
    if !who.person.is_admin {
        return Ok(None);
    }
    let (people, teams) = home::count_people_and_teams(conn)?;
    let agents = home::list_agents(conn)?;
    let sentence = format!(
        "{} and {} in {} use this installation.",
        words::count(i64::try_from(agents.len()).unwrap_or(i64::MAX), "agent"),
        match people {
            1 => "1 person".to_owned(),
            _ => format!("{} people", words::capped(people, WEEK_CAP)),
        },
        words::count(teams, "team"),
    );
    let agent = |(_, name, slug, kind)| (name, format!("/admin/agents/{slug}"), answers_in(kind));
    Ok(Some(Part { sentence, agents: agents.into_iter().map(agent).collect() }))
}

fn answers_in(kind: OutputKind) -> &'static str {
    match kind {
        OutputKind::Text => "answers in text",
        OutputKind::Label => "chooses a label",
        OutputKind::Json => "answers in JSON",
        OutputKind::Message => "answers in messages, with tools",
    }
}

/// How to begin; none once anything was logged.
pub(super) fn first_steps(conn: &mut Conn, who: &Who, url: &str) -> AppResult<Option<FirstSteps>> {
    if !who.person.is_admin || home::has_interactions(conn)? {
        return Ok(None);
    }
    Ok(Some(FirstSteps {
        agent: "overrule agent set helper --name \"Helper\" --kind text --team support",
        key: "overrule key create \"Helper in production\" --scope ingest",
        send: format!(
            "curl -H \"Authorization: Bearer $OVERRULE_KEY\" -H \"Content-Type: application/json\" \
             {url}/api/v1/interactions -d '{{\"agent\": \"helper\", \
             \"input\": \"Where is my parcel?\", \"output\": \"It comes tomorrow.\"}}'"
        ),
        person: "overrule user add ana@example.com --name \"Ana Marques\" --team support:champion",
    }))
}
