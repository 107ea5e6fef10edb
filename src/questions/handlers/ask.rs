//! `/questions/new`: asking, about an answer or about anything else.

use crate::accounts::model::Team;
use crate::accounts::{SignedIn, Who, queries as accounts};
use crate::capture::queries::{Reportable, reportable_by};
use crate::capture::words;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult, Mistakes};
use crate::interactions::queries::{self as interactions, Shown};
use crate::mail::Nudge;
use crate::questions::actions::{self, NewQuestion};
use crate::questions::forms::AskForm;
use crate::web::{PageContext, Site, form, page, see_other, token};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Query};
use askama::Template;

/// What can be asked about.
struct Choices {
    /// The interaction, where the question is about one.
    shown: Option<Shown>,
    agents: Vec<Reportable>,
    teams: Vec<Team>,
    /// Whether anybody will answer, by team.
    nobody: Vec<String>,
}

#[derive(Template)]
#[template(path = "questions/new.html")]
struct NewPage {
    ctx: PageContext,
    form: AskForm,
    mistakes: Mistakes,
    /// What was asked and which agent answered, where the question is about an interaction.
    about: Option<(String, String, String)>,
    /// Its deployment shows members only their own.
    is_own: bool,
    options: Vec<(String, String)>,
    /// Teams that nobody looks after.
    nobody: String,
}

fn read(conn: &mut Conn, who: &Who, interaction: &str) -> AppResult<Choices> {
    let shown = match interaction {
        "" => None,
        id => {
            let id = id.parse().map_err(|_| AppError::NotFound)?;
            Some(interactions::find_visible_to(conn, who, id)?.ok_or(AppError::NotFound)?)
        }
    };
    let mut teams = accounts::list_teams(conn)?;
    teams.retain(|team| match &shown {
        Some(shown) => team.id == shown.deployment.team_id,
        None => who.sees_all() || who.in_team(team.id),
    });
    let agents = if shown.is_some() { Vec::new() } else { reportable_by(conn, who)? };
    let mut nobody = Vec::new();
    // Of many teams it is not said: only who sees all has so many to choose from.
    for team in teams.iter().take(5) {
        let people = crate::escalations::queries::people_of(conn, team.id)?;
        if !people.iter().any(|person| person.is_champion || person.is_manager) {
            nobody.push(team.name.clone());
        }
    }
    Ok(Choices { shown, agents, teams, nobody })
}

impl Choices {
    /// What the list offers: each agent in each team, and each team.
    fn options(&self) -> Vec<(String, String)> {
        let agents = self.agents.iter().filter(|one| self.has_team(&one.team_slug));
        let agents = agents.map(|one| (one.key(), format!("{}, in {}", one.agent, one.team)));
        let teams = self.teams.iter();
        let teams = teams
            .map(|team| (format!("/{}", team.slug), format!("Something else, in {}", team.name)));
        agents.chain(teams).collect()
    }

    fn has_team(&self, slug: &str) -> bool {
        self.teams.iter().any(|team| team.slug == slug)
    }

    /// The question, or what is wrong with the form.
    fn check(&self, form: &AskForm) -> Result<NewQuestion, Mistakes> {
        let mut mistakes = Mistakes::default();
        let text = form.text().unwrap_or_else(|wrong| {
            mistakes.0.extend(wrong.0);
            String::new()
        });
        let plain = |team_id, agent_id| NewQuestion {
            team_id,
            agent_id,
            interaction_id: None,
            is_private: form.is_private(),
            text: text.clone(),
            nonce: form.nonce.clone(),
        };
        if let Some(shown) = &self.shown {
            let is_own = is_own(shown);
            let about = plain(shown.deployment.team_id, Some(shown.agent.id));
            let interaction_id = Some(shown.row.id);
            let is_private = about.is_private || is_own;
            return mistakes.or(NewQuestion { interaction_id, is_private, ..about });
        }
        let (agent, team) = form.about.split_once('/').unwrap_or_default();
        let team = self.teams.iter().find(|each| each.slug == team);
        let known = self.agents.iter().find(|each| each.key() == form.about);
        match (team, known) {
            (Some(team), Some(known)) => mistakes.or(plain(team.id, Some(known.agent_id))),
            (Some(team), None) if agent.is_empty() => mistakes.or(plain(team.id, None)),
            _ => {
                mistakes.add("about", "Choose what it is about.");
                Err(mistakes)
            }
        }
    }
}

/// Whether members see only what they asked themselves.
fn is_own(shown: &Shown) -> bool {
    shown.deployment.visibility == crate::agents::model::Visibility::Own
}

fn render(
    status: StatusCode,
    ctx: PageContext,
    choices: &Choices,
    form: AskForm,
    mistakes: Mistakes,
) -> AppResult<HttpResponse> {
    let about = choices.shown.as_ref().map(|shown| {
        let input = shown.body.as_ref().map(|body| &body.input);
        let agent = words::agent(&shown.agent.name, &shown.version);
        (format!("/interactions/{}", shown.row.id), words::question(input), agent)
    });
    let mut options = choices.options();
    if about.is_none() && options.len() > 1 {
        options.insert(0, (String::new(), "Choose one".to_owned()));
    }
    let page_of = NewPage {
        ctx,
        form,
        mistakes,
        about,
        is_own: choices.shown.as_ref().is_some_and(is_own),
        options,
        nobody: words::list(&choices.nobody, "and"),
    };
    page(status, &page_of)
}

/// `GET /questions/new?interaction=ID`, or `?about=AGENT/TEAM`
pub(super) async fn new(
    by: SignedIn,
    db: Data<Db>,
    asked: Query<AskForm>,
) -> AppResult<HttpResponse> {
    let form = AskForm { nonce: token::random(), ..asked.into_inner() };
    let (ctx, interaction) = (by.ctx(), form.interaction.clone());
    let choices = db.read(move |conn| read(conn, &by.who, &interaction)).await?;
    render(StatusCode::OK, ctx, &choices, form, Mistakes::default())
}

/// `POST /questions`
pub(super) async fn create(
    by: SignedIn,
    db: Data<Db>,
    site: Data<Site>,
    nudge: Data<Nudge>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let form: AskForm = form::read(&body)?;
    let (ctx, who, interaction) = (by.ctx(), by.who.clone(), form.interaction.clone());
    let choices = db.read(move |conn| read(conn, &by.who, &interaction)).await?;
    let asked = match choices.check(&form) {
        Err(mistakes) => Err(AppError::Invalid(mistakes)),
        Ok(new) => db.write(move |conn| actions::ask(conn, &site, &who, &new)).await,
    };
    match asked {
        Ok(id) => {
            nudge.mail();
            Ok(see_other(&format!("/questions/{id}")))
        }
        Err(AppError::Invalid(mistakes)) => {
            render(StatusCode::UNPROCESSABLE_ENTITY, ctx, &choices, form, mistakes)
        }
        Err(other) => Err(other),
    }
}
