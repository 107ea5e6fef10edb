//! `/error-rates`: how often agents are really wrong, beside how often somebody overrides them.

use super::estimate::Interval;
use super::report::{Figures, figures};
use crate::accounts::SignedIn;
use crate::capture::queries::used_by;
use crate::capture::words;
use crate::clock;
use crate::db::Db;
use crate::error::{AppError, AppResult};
use crate::web::{PageContext, page};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig, get};
use askama::Template;

/// `/error-rates`
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/error-rates", get().to(index));
}

/// A share with its interval, as people read it; empty where it is not known.
#[derive(Default)]
struct Shown {
    value: String,
    between: String,
}

struct Row {
    agent: String,
    team: String,
    environment: String,
    override_rate: String,
    counted: String,
    error_rate: Shown,
    flagged_share: Shown,
    /// Why there is no estimate, or what it is made of.
    note: String,
    /// Where its settings are, for who may change them.
    settings: String,
}

#[derive(Template)]
#[template(path = "sampling/index.html")]
struct IndexPage {
    ctx: PageContext,
    rows: Vec<Row>,
}

/// `GET /error-rates`: the deployments that the reader leads.
async fn index(by: SignedIn, db: Data<Db>) -> AppResult<HttpResponse> {
    let (ctx, who) = (by.ctx(), by.who);
    let is_admin = who.person.is_admin;
    if !(who.is_champion() || who.is_manager() || who.sees_all()) {
        let why = "This page is for champions, managers and engineers.";
        return Err(AppError::Forbidden(why.into()));
    }
    let all = db
        .read(move |conn| {
            let mut used = used_by(conn, &who)?;
            used.retain(|used| who.leads(used.deployment.team_id));
            figures(conn, used, clock::now())
        })
        .await?;
    let rows = all.iter().map(|figures| row(figures, is_admin)).collect();
    page(StatusCode::OK, &IndexPage { ctx, rows })
}

fn row(figures: &Figures, is_admin: bool) -> Row {
    let used = &figures.used;
    let found = figures.estimate.as_ref();
    let settings = format!("/admin/agents/{}/deployments/{}", used.agent_slug, used.deployment.id);
    Row {
        agent: used.agent.clone(),
        team: used.team.clone(),
        environment: used.deployment.environment.to_string(),
        override_rate: figures.override_rate().map(percent).unwrap_or_default(),
        counted: words::grouped(figures.counted),
        error_rate: found.map(|found| shown(found.error_rate)).unwrap_or_default(),
        flagged_share: found.and_then(|found| found.flagged_share).map(shown).unwrap_or_default(),
        note: note(figures),
        settings: if is_admin { settings } else { String::new() },
    }
}

fn note(figures: &Figures) -> String {
    let waiting = match figures.waiting {
        0 => String::new(),
        1 => " One that was drawn waits in the queue.".to_owned(),
        n => format!(" {} that were drawn wait in the queue.", words::grouped(n)),
    };
    let drawn = figures.used.deployment.weekly_audits;
    match &figures.estimate {
        Some(found) => {
            let (judged, all) = (words::grouped(found.judged), words::grouped(found.all));
            let weeks = words::count(found.weeks, "week");
            format!("From {judged} of {all} interactions in {weeks}.{waiting}")
        }
        None if drawn == 0 => "Nothing is drawn to be looked at.".to_owned(),
        None if figures.counted == 0 => {
            "The first week is drawn a day after it ends, on Tuesday.".to_owned()
        }
        None => format!("Too little is decided yet.{waiting}"),
    }
}

fn shown(of: Interval) -> Shown {
    Shown {
        value: percent(of.estimate),
        between: format!("{} to {}", percent(of.low), percent(of.high)),
    }
}

/// A share in percent, with a decimal where it is small.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 10.0 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}
