//! `/agents…`: what an agent is for, as those who use it should know it; and, for whoever looks
//! after a team, how much people agree about it.

use crate::accounts::model::Team;
use crate::accounts::{SignedIn, TeamId, Who, queries as accounts};
use crate::agents::model::Agent;
use crate::agents::pinned::{self, Pinned};
use crate::agents::queries as agents;
use crate::agreement::told::{self, Line};
use crate::agreement::{self, Agreement, Figures};
use crate::capture::queries::{Reportable, reportable_by};
use crate::capture::words;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult};
use crate::web::{PageContext, Site, page};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;

/// An agent in a list, with the teams in which the reader meets it.
struct Row {
    href: String,
    name: String,
    teams: String,
}

#[derive(Template)]
#[template(path = "journeys/agents.html")]
struct IndexPage {
    ctx: PageContext,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "journeys/agent.html")]
struct ShowPage {
    ctx: PageContext,
    agent: Agent,
    teams: String,
    pinned: Vec<Pinned>,
    /// Where the reader asks about it.
    ask: String,
    /// For whoever looks after a team that uses it.
    agreement: Option<Lines>,
    /// Whether the reader may change it.
    is_admin: bool,
}

/// How much people agree, in all and by category.
struct Lines {
    sentence: String,
    /// Each with its title; one may be empty.
    tables: [(&'static str, Vec<Line>); 2],
    least: usize,
}

/// `GET /agents`
pub(super) async fn index(by: SignedIn, db: Data<Db>) -> AppResult<HttpResponse> {
    let ctx = by.ctx();
    let all = db.read(move |conn| Ok(reportable_by(conn, &by.who)?)).await?;
    let mut rows: Vec<Row> = Vec::new();
    for Reportable { agent, team, agent_slug, .. } in all {
        let href = format!("/agents/{agent_slug}");
        match rows.iter_mut().find(|row| row.href == href) {
            Some(row) => row.teams = format!("{}, {team}", row.teams),
            None => rows.push(Row { href, name: agent, teams: team }),
        }
    }
    page(StatusCode::OK, &IndexPage { ctx, rows })
}

/// `GET /agents/{slug}`
pub(super) async fn show(
    by: SignedIn,
    db: Data<Db>,
    site: Data<Site>,
    slug: Path<String>,
) -> AppResult<HttpResponse> {
    let (ctx, slug, least) = (by.ctx(), slug.into_inner(), site.agreement_items);
    let page_of = db.read(move |conn| read(conn, &by.who, ctx.clone(), &slug, least)).await?;
    page(StatusCode::OK, &page_of)
}

fn read(
    conn: &mut Conn,
    who: &Who,
    ctx: PageContext,
    slug: &str,
    least: usize,
) -> AppResult<ShowPage> {
    let met: Vec<Reportable> = reportable_by(conn, who)?;
    let met: Vec<Reportable> = met.into_iter().filter(|one| one.agent_slug == slug).collect();
    let first = met.first().ok_or(AppError::NotFound)?;
    let agent = agents::find(conn, first.agent_id)?;
    let teams = teams_of(conn, &met)?;
    let ids: Vec<TeamId> = teams.iter().map(|team| team.id).collect();
    let pinned = pinned::list_for_any(conn, agent.id, &ids)?;
    let led: Vec<TeamId> = ids.iter().copied().filter(|id| who.leads(*id)).collect();
    let agreement = match (who.sees_all(), led.is_empty()) {
        (true, _) => Some(agreement::of_agent(conn, &agent, None, least)?),
        (false, false) => Some(agreement::of_agent(conn, &agent, Some(&led), least)?),
        (false, true) => None,
    };
    let names: Vec<String> = teams.into_iter().map(|team| team.name).collect();
    Ok(ShowPage {
        ctx,
        teams: words::list(&names, "and"),
        pinned,
        ask: format!("/questions/new?about={}", first.key()),
        agreement: agreement.map(|agreement| lines(agreement, least)),
        is_admin: who.person.is_admin,
        agent,
    })
}

fn teams_of(conn: &mut Conn, met: &[Reportable]) -> AppResult<Vec<Team>> {
    let all = accounts::list_teams(conn)?.into_iter();
    Ok(all.filter(|team| met.iter().any(|one| one.team_slug == team.slug)).collect())
}

fn lines(agreement: Agreement, least: usize) -> Lines {
    let Agreement { overall, categories } = agreement;
    let by_category = categories.into_iter().flat_map(|(category, both)| {
        told::of(&category.name, both).into_iter().filter(|line| !line.rests_on.is_empty())
    });
    Lines {
        sentence: sentence(overall.people),
        tables: [
            ("In all", told::overall(overall).into()),
            ("By what was wrong", by_category.collect()),
        ],
        least,
    }
}

/// What it means, before the numbers.
fn sentence(people: Figures) -> String {
    let alpha = people.measured.map(|measured| measured.alpha);
    let text = match alpha {
        None => "Too few answers were labelled by two people or more to say how much they agree.",
        Some(None) => "All said the same of everything, so nothing tells agreement from chance.",
        Some(Some(alpha)) if alpha >= 0.8 => "People agree about what is right.",
        Some(Some(alpha)) if alpha >= 0.667 => "People mostly agree about what is right.",
        Some(Some(_)) => "People often disagree about what is right: look at what they mean by it.",
    };
    text.to_owned()
}
