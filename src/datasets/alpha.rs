//! How much people agreed about the agents of a release when it was built, by Krippendorff's alpha.
//! It is kept with the release's figures: what is said later changes no card. Whether the rows of a
//! release contradict one another is something else; `settle` counts that.

use super::card::line;
use super::model::FrameAgent;
use super::queries;
use super::question::Question;
use crate::accounts::TeamId;
use crate::agents::queries as agents;
use crate::agreement::api::FiguresOut;
use crate::agreement::figures::MOST_UNITS;
use crate::agreement::told::{self, Line};
use crate::agreement::{self, Both};
use crate::db::Conn;
use crate::error::AppResult;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How much people agreed when a release was built.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Alpha {
    /// How many answers or items it took to say anything.
    pub least: usize,
    /// Whether only the teams count that the question names.
    pub is_of_teams: bool,
    /// By slug, in the order of the release.
    pub agents: Vec<(String, Both)>,
}

/// The figures about one agent of a release, in the teams that the question names, if it names any.
/// `least` is how many units it takes to say anything. Costs the same however much is stored.
pub fn of_agent(
    conn: &mut Conn,
    agent: &FrameAgent,
    question: &Question,
    least: usize,
) -> AppResult<(String, Both)> {
    let mut teams: Vec<TeamId> = Vec::new();
    for slug in &question.teams {
        teams.extend(queries::find_team(conn, slug)?);
    }
    let teams = (!question.teams.is_empty()).then_some(teams.as_slice());
    let found = agents::find(conn, agent.id)?;
    Ok((agent.slug.clone(), agreement::overall(conn, &found, teams, least)?))
}

impl Alpha {
    /// What the manifest says, in the shape in which `GET /api/v1/agents/{slug}/agreement` has it.
    pub fn to_value(&self) -> Value {
        let agent = |(slug, both): &(String, Both)| {
            json!({"agent": slug, "people": FiguresOut::from(both.people),
                "reviewers": FiguresOut::from(both.reviewers)})
        };
        json!({"least": self.least, "agents": self.agents.iter().map(agent).collect::<Vec<_>>()})
    }

    /// What it is about, as a sentence goes on.
    pub fn scope(&self) -> &'static str {
        match self.is_of_teams {
            true => "what its agents answered in the teams that it asks for",
            false => "all that its agents answered",
        }
    }

    /// In words, two lines an agent.
    pub fn lines(&self) -> Vec<Line> {
        match self.agents.as_slice() {
            [(_, both)] => told::overall(*both).into(),
            several => several.iter().flat_map(|(slug, both)| told::of(slug, *both)).collect(),
        }
    }

    /// The section of the card.
    pub fn describe(&self, out: &mut String) {
        let (scope, least) = (self.scope(), self.least);
        line(
            out,
            format_args!(
                "### Agreement\n\n\
                 How much people agreed when this release was built, about {scope}: the newest \
                 {MOST_UNITS} answers and review items of each agent that two or more judged, \
                 whether they are in here or not.\n\n\
                 | who | Krippendorff's alpha | 95 % interval | same, of all pairs | rests on |\n\
                 |---|---|---|---|---|"
            ),
        );
        for Line { what, alpha, interval, raw, rests_on } in self.lines() {
            let rests_on = if rests_on.is_empty() { "none" } else { &rests_on };
            line(out, format_args!("| {what} | {alpha} | {interval} | {raw} | {rests_on} |"));
        }
        line(
            out,
            format_args!(
                "\nAlpha for nominal values is 1 where all agree and 0 where they agree as by \
                 chance; where all said the same of everything, there is none. The interval holds \
                 it in 95 of 100 sets of units drawn anew. What rests on fewer than {least} \
                 answers or items is not shown.\n"
            ),
        );
    }
}
