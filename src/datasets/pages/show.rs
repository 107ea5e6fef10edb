//! `/datasets/{name}`: the question, what it would give now, and its releases.

use crate::accounts::Engineer;
use crate::capture::words;
use crate::datasets::build::Figures;
use crate::datasets::count::{self, MOST_COUNTED, Outlook};
use crate::datasets::model::{Audit, Release, State};
use crate::datasets::{Question, check, queries, reason};
use crate::db::Db;
use crate::error::{AppError, AppResult, Mistakes};
use crate::web::paging::{PAGE_ROWS, Page, with_cursor};
use crate::web::{PageContext, Site, page};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

/// A release in a list.
pub(super) struct Told {
    pub number: i64,
    pub badge: (&'static str, &'static str),
    pub sentence: String,
    pub at: (String, String, String),
}

impl Told {
    /// A release in words.
    pub fn of(release: &Release) -> Self {
        let at = release.finished_at.unwrap_or(release.created_at);
        Self {
            number: release.number,
            badge: badge(release.state),
            sentence: sentence(release),
            at: (at.to_string(), at.ago(), at.exact()),
        }
    }
}

/// A state as a badge: its kind and its text.
pub(super) fn badge(state: State) -> (&'static str, &'static str) {
    match state {
        State::Building => ("pending", "Being built"),
        State::Ready => ("accepted", "Ready"),
        State::Failed => ("rejected", "Failed"),
        State::Cancelled => ("declined", "Cancelled"),
        State::Withdrawn => ("superseded", "Withdrawn"),
    }
}

/// What is in it, or how far it is.
pub(super) fn sentence(release: &Release) -> String {
    let figures = release.figures.as_ref().map(|json| json.0.clone());
    let figures: Option<Figures> = figures.and_then(|value| serde_json::from_value(value).ok());
    match (release.state, figures) {
        (State::Building, _) => progress(release),
        (State::Failed, _) => release.error.clone().unwrap_or_default(),
        (_, Some(figures)) => {
            let sides = ["train", "validation", "test"].iter().filter_map(|side| {
                let count = figures.by_side.get(*side)?;
                Some(format!("{} {side}", words::grouped(*count as i64)))
            });
            let sides = sides.collect::<Vec<_>>().join(", ");
            format!("{} signals: {sides}", words::grouped(figures.signals as i64))
        }
        (_, None) => String::new(),
    }
}

/// How far a release is, in words.
pub(super) fn progress(release: &Release) -> String {
    use crate::datasets::model::Stage;
    let (done, total) = (words::grouped(release.done), words::grouped(release.total));
    match release.stage {
        Stage::Waiting if release.tries > 0 => "It met trouble, and is tried again soon".into(),
        Stage::Waiting => "It waits for a worker that is free".into(),
        Stage::Reading => format!("Reading signals: {done} of {total}"),
        Stage::Settling => "Settling duplicates, contradictions and sides".into(),
        Stage::Writing => format!("Writing files: {done} signals"),
        Stage::Done => String::new(),
    }
}

/// A question in one line of words.
pub(super) fn in_words(question: &Question) -> String {
    let mut out = question.agents.join(", ");
    let mut and = |label: &str, names: Vec<String>| {
        if !names.is_empty() {
            out.push_str(&format!("; {label} {}", names.join(", ")));
        }
    };
    let text = |all: &[String]| all.to_vec();
    and("in", question.environments.iter().map(ToString::to_string).collect());
    and("version", text(&question.versions));
    and("team", text(&question.teams));
    and("verdict", question.verdicts.iter().map(ToString::to_string).collect());
    and("category", text(&question.categories));
    and("severity", question.severities.iter().map(ToString::to_string).collect());
    and("since", question.since.iter().map(ToString::to_string).collect());
    and("until", question.until.iter().map(ToString::to_string).collect());
    out.push_str(match question.audit {
        Audit::Include => "",
        Audit::LeaveOut => "; without what random audits found",
        Audit::Only => "; only what random audits found",
    });
    out
}

/// Something about the question, and its value.
type Fact = (&'static str, String);

fn facts(question: &Question) -> Vec<Fact> {
    let split = question.split;
    let shares = [("train", split.train), ("validation", split.validation), ("test", split.test)];
    let shares = shares.iter().filter(|(_, share)| *share > 0.0);
    let shares =
        shares.map(|(side, share)| format!("{side} {} %", (share * 10_000.0).round() / 100.0));
    let mut facts = vec![
        ("Signals", in_words(question)),
        ("Status", question.status.to_string()),
        ("Format", question.format.to_string()),
        ("Said twice", question.duplicates.to_string()),
        ("Contradictions", question.conflicts.to_string()),
        ("Split", shares.collect::<Vec<_>>().join(", ")),
    ];
    let mut maybe = |name: &'static str, value: Option<String>| {
        facts.extend(value.filter(|value| !value.is_empty()).map(|value| (name, value)));
    };
    maybe("Kept together", question.group_by.map(|group| group.to_string()));
    maybe("Redacted", Some(question.redact.join(", ")));
    maybe("At most per category", question.max_per.category.map(|n| n.to_string()));
    maybe("At most per label", question.max_per.label.map(|n| n.to_string()));
    maybe("At most tokens", question.max_tokens.map(|n| n.to_string()));
    maybe("Licence", question.license.clone());
    maybe("Pushed", question.push.then(|| "each release, to the object store".to_owned()));
    facts
}

/// The same as commands and calls.
pub(super) struct Copies {
    pub set: String,
    pub release: String,
    pub api_set: String,
    pub api_release: String,
}

impl Copies {
    fn of(name: &str, question: &Question, url: &str) -> Self {
        let json = question.to_value();
        // A quote inside a text would end the shell's.
        let quoted = json.to_string().replace('\'', "'\\''");
        let key = "-H \"Authorization: Bearer $OVERRULE_KEY\"";
        Self {
            set: format!(
                "cat > {name}.json <<'END'\n{json:#}\nEND\noverrule dataset set {name} {name}.json"
            ),
            release: format!(
                "overrule dataset release {name}\noverrule dataset download {name} 1 --out {name}-1"
            ),
            api_set: format!(
                "curl -X PUT {key} -H \"Content-Type: application/json\" \\\n  \
                 -d '{quoted}' \\\n  {url}/api/v1/datasets/{name}"
            ),
            api_release: format!("curl -X POST {key} {url}/api/v1/datasets/{name}/releases"),
        }
    }
}

#[derive(Template)]
#[template(path = "datasets/show.html")]
struct ShowPage {
    ctx: PageContext,
    name: String,
    facts: Vec<Fact>,
    description: String,
    /// None where the question can't be answered any more.
    outlook: Option<Outlook>,
    mistakes: Mistakes,
    releases: Vec<Told>,
    next: String,
    copies: Copies,
}

impl ShowPage {
    /// How many fit, and how that is known.
    fn fits(&self, outlook: &Outlook) -> (String, String) {
        let count = words::grouped(outlook.fit);
        match outlook.is_capped {
            true => (
                format!("{count}+"),
                format!(
                    "of the newest {} signals; a release looks at all of them",
                    words::grouped(MOST_COUNTED)
                ),
            ),
            false => (count, "counted just now".to_owned()),
        }
    }
    fn gives(&self, outlook: &Outlook) -> (String, String) {
        let (give, judged) = (outlook.give as i64, outlook.judged as i64);
        let said = format!("of the newest {} that fit", words::grouped(judged));
        (words::grouped(give), said)
    }
    fn left(&self, outlook: &Outlook) -> Vec<(String, &'static str)> {
        let all = outlook.left.iter();
        all.map(|(why, n)| (words::grouped(*n as i64), reason::sentence(why))).collect()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Paging {
    cursor: Option<i64>,
}

/// `GET /datasets/{name}`
pub(super) async fn show(
    by: Engineer,
    db: Data<Db>,
    site: Data<Site>,
    request: HttpRequest,
    name: Path<String>,
    paging: Query<Paging>,
) -> AppResult<HttpResponse> {
    let (name, asked, before) = (name.to_string(), name.into_inner(), paging.cursor);
    let (question, outlook, releases) = db
        .read(move |conn| {
            let dataset = queries::find_by_name(conn, &asked)?.ok_or(AppError::NotFound)?;
            let question = Question::of(&dataset.question).map_err(AppError::internal)?;
            let outlook = match check::scope(conn, &question) {
                Ok(scope) => Ok(count::outlook(conn, &scope, &question)?),
                Err(AppError::Invalid(mistakes)) => Err(mistakes),
                Err(other) => return Err(other),
            };
            let releases = queries::list_releases(conn, dataset.id, before, PAGE_ROWS + 1)?;
            Ok((question, outlook, releases))
        })
        .await?;
    let releases = Page::cut(releases, PAGE_ROWS, |release| release.number.to_string());
    let (outlook, mistakes) = match outlook {
        Ok(outlook) => (Some(outlook), Mistakes::default()),
        Err(mistakes) => (None, mistakes),
    };
    let page_of = ShowPage {
        ctx: by.ctx(),
        facts: facts(&question),
        description: question.description.clone().unwrap_or_default(),
        outlook,
        mistakes,
        copies: Copies::of(&name, &question, &site.public_url),
        next: releases.next.map(|next| with_cursor(&request, &next)).unwrap_or_default(),
        releases: releases.items.iter().map(Told::of).collect(),
        name,
    };
    page(StatusCode::OK, &page_of)
}
