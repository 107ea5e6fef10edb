//! `GET /api/v1/agents/{slug}/agreement`

use super::figures::{self, Both, Figures};
use crate::accounts::extract::scope::Read;
use crate::accounts::{LimitedKey, TeamId, queries as accounts};
use crate::agents::queries as agents;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult};
use crate::web::Site;
use crate::web::problem::Problem;
use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(show);
}

/// How much those agree who judged the same.
#[derive(Serialize, ToSchema)]
pub struct FiguresOut {
    /// Answers, or review items, that at least two judged.
    pub units: usize,
    /// Their judgements.
    pub judgements: usize,
    /// Krippendorff's alpha for nominal values: 1 where all agree, 0 as by chance. Null with fewer
    /// than `least` units, and where all said the same of everything.
    #[schema(required)]
    pub alpha: Option<f64>,
    /// Between what alpha lies, 95 times of 100: two numbers.
    #[schema(required)]
    pub interval: Option<[f64; 2]>,
    /// The share of pairs of judgements that are the same. Null with fewer than `least` units.
    #[schema(required)]
    pub raw: Option<f64>,
}

impl From<Figures> for FiguresOut {
    fn from(figures: Figures) -> Self {
        let Figures { units, judgements, measured } = figures;
        Self {
            units,
            judgements,
            alpha: measured.and_then(|measured| measured.alpha),
            interval: measured.and_then(|measured| measured.interval).map(<[f64; 2]>::from),
            raw: measured.map(|measured| measured.raw),
        }
    }
}

/// The agreement in one category.
#[derive(Serialize, ToSchema)]
pub struct CategoryAgreement {
    pub category: String,
    pub people: FiguresOut,
    pub reviewers: FiguresOut,
}

/// How much people agree about an agent.
#[derive(Serialize, ToSchema)]
#[schema(as = Agreement)]
pub struct AgreementOut {
    pub agent: String,
    /// How many units it takes to show a figure.
    pub least: usize,
    /// Between people who labelled the same answer.
    pub people: FiguresOut,
    /// Between reviewers who decided the same item.
    pub reviewers: FiguresOut,
    /// The same by what was wrong.
    pub categories: Vec<CategoryAgreement>,
}

/// How much people agree about an agent: those who labelled the same answer (a confirmed output
/// counts as that label, a corrected one as the correction), and reviewers who decided the same
/// item.
#[utoipa::path(
    tag = "agents",
    operation_id = "show_agreement",
    params(("slug" = String, Path, description = "The agent's name in programs")),
    responses(
        (status = 200, description = "The figures", body = AgreementOut),
        (status = 401, description = "No or unknown key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `read`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not there", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database can't be reached", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
#[get("/api/v1/agents/{slug}/agreement")]
pub async fn show(
    by: LimitedKey<Read>,
    db: Data<Db>,
    site: Data<Site>,
    slug: Path<String>,
) -> AppResult<HttpResponse> {
    let (slug, least) = (slug.into_inner(), site.agreement_items);
    let work = move |conn: &mut Conn| {
        let found = agents::find_reached_by(conn, &by.reach, &slug)?;
        let (agent, _) = found.ok_or(AppError::NotFound)?;
        let teams = teams_of(conn, by.reach.teams.as_deref())?;
        let agreement = figures::of_agent(conn, &agent, teams.as_deref(), least)?;
        let Both { people, reviewers } = agreement.overall;
        let categories = agreement.categories.into_iter().map(|(category, both)| {
            let (people, reviewers) = (both.people.into(), both.reviewers.into());
            CategoryAgreement { category: category.slug, people, reviewers }
        });
        Ok(AgreementOut {
            categories: categories.collect(),
            agent: agent.slug,
            least,
            people: people.into(),
            reviewers: reviewers.into(),
        })
    };
    Ok(HttpResponse::Ok().json(db.read(work).await?))
}

/// The teams that a key is for; none where it is for all.
fn teams_of(conn: &mut Conn, slugs: Option<&[String]>) -> AppResult<Option<Vec<TeamId>>> {
    let Some(slugs) = slugs else { return Ok(None) };
    let all = accounts::list_teams(conn)?.into_iter();
    Ok(Some(all.filter(|team| slugs.contains(&team.slug)).map(|team| team.id).collect()))
}
