//! One release: how far it is, what is in it, its files.

use super::push::PushPart;
use super::show::{badge, progress, sentence};
use crate::accounts::Engineer;
use crate::agreement::told::Line;
use crate::audit::Actor;
use crate::capture::words;
use crate::datasets::api::numbered;
use crate::datasets::build::Figures;
use crate::datasets::card::percent;
use crate::datasets::model::{Release, ReleaseFile, State};
use crate::datasets::{Shelf, actions, deliver, push, queries, reason};
use crate::db::Db;
use crate::error::{AppError, AppResult};
use crate::web::{PageContext, Site, page, see_other};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use std::collections::BTreeMap;

/// A file as it is listed.
struct FileRow {
    name: String,
    rows: String,
    bytes: String,
    sha256: String,
}

/// A count of what is in it.
struct Table {
    title: &'static str,
    rows: Vec<Bar>,
    /// Weeks, side by side; none where a list of bars says it.
    weeks: Option<Columns>,
}

/// A class with its bar.
struct Bar {
    name: String,
    count: String,
    share: String,
    /// Of the largest, in per cent.
    width: String,
}

/// A chart of weeks: where each column stands and how high it is, in a picture of 100 by 30.
struct Columns {
    told: String,
    all: Vec<(String, String, String, String)>,
}

#[derive(Template)]
#[template(path = "datasets/release.html")]
struct ReleasePage {
    ctx: PageContext,
    name: String,
    number: i64,
    badge: (&'static str, &'static str),
    is_building: bool,
    is_ready: bool,
    /// How far it is, in per cent; none where that is not known.
    percent: Option<i64>,
    sentence: String,
    asked: (String, String, String),
    asked_by: String,
    files: Vec<FileRow>,
    left: Vec<(String, String, String)>,
    /// How many rows are out of use by now.
    retired: Option<String>,
    tables: Vec<Table>,
    people: String,
    agreement: String,
    /// How much people agreed, what that is about, and from how many on it is said.
    alpha: Option<(Vec<Line>, &'static str, usize)>,
    near: String,
    redacted: Vec<(String, String)>,
    since: String,
    command: String,
    call: String,
    /// What there is to say of the object store.
    push: Option<PushPart>,
}

/// `POST /datasets/{name}/releases`
pub(super) async fn create(
    by: Engineer,
    db: Data<Db>,
    name: Path<String>,
) -> AppResult<HttpResponse> {
    let (name, actor) = (name.into_inner(), Actor::Person(by.who.id().0));
    let asked = name.clone();
    let release = db.write(move |conn| actions::release(conn, actor, &asked, None)).await?;
    Ok(see_other(&format!("/datasets/{name}/releases/{}", release.number)))
}

/// `POST /datasets/{name}/releases/{number}/cancel`
pub(super) async fn cancel(
    by: Engineer,
    db: Data<Db>,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let ((name, number), actor) = (numbered(path.into_inner())?, Actor::Person(by.who.id().0));
    let asked = name.clone();
    db.write(move |conn| actions::cancel(conn, actor, &asked, number)).await?;
    Ok(see_other(&format!("/datasets/{name}/releases/{number}")))
}

/// `GET /datasets/{name}/releases/{number}`
pub(super) async fn show(
    by: Engineer,
    db: Data<Db>,
    site: Data<Site>,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let (name, number) = numbered(path.into_inner())?;
    let asked = name.clone();
    let (release, files, asked_by, push) = db
        .read(move |conn| {
            let found = queries::find_release(conn, &asked, number)?.ok_or(AppError::NotFound)?;
            let files = queries::files(conn, found.1.id)?;
            let asked_by = queries::asked_by(conn, &found.1)?;
            let push = push::queries::find(conn, found.1.id)?;
            Ok((found.1, files, asked_by, push))
        })
        .await?;
    let has_table = files.iter().any(|file| file.name.ends_with(".parquet"));
    let store = site.store.as_deref();
    let push = PushPart::of((&name, &release), push, has_table, store);
    let is_moving = push.as_ref().is_some_and(|push| push.is_moving);
    let page_of = make(by.ctx(), name, release, files, asked_by, &site.public_url);
    let page_of = ReleasePage { push, ..page_of };
    let mut answer = page(StatusCode::OK, &page_of)?;
    if page_of.is_building || is_moving {
        // The page comes again by itself, without a script, until there is something to fetch.
        let name = actix_web::http::header::HeaderName::from_static("refresh");
        answer.headers_mut().insert(name, actix_web::http::header::HeaderValue::from_static("2"));
    }
    Ok(answer)
}

fn make(
    ctx: PageContext,
    name: String,
    release: Release,
    files: Vec<ReleaseFile>,
    asked_by: Option<String>,
    url: &str,
) -> ReleasePage {
    let figures = figures(&release);
    let (number, at) = (release.number, release.created_at);
    let is_building = release.state == State::Building;
    let key = "-H \"Authorization: Bearer $OVERRULE_KEY\"";
    ReleasePage {
        ctx,
        badge: badge(release.state),
        is_building,
        is_ready: release.state == State::Ready,
        percent: (is_building && release.total > 0).then(|| release.done * 100 / release.total),
        sentence: if is_building { progress(&release) } else { sentence(&release) },
        asked: (at.to_string(), at.ago(), at.exact()),
        asked_by: asked_by.unwrap_or_else(|| no_person(&release).to_owned()),
        files: files.into_iter().map(file_row).collect(),
        left: left(&name, number, &figures),
        retired: (release.retired > 0).then(|| words::grouped(release.retired)),
        tables: tables(&figures),
        people: people(&figures),
        agreement: agreement(&figures),
        alpha: figures.alpha.as_ref().map(|alpha| (alpha.lines(), alpha.scope(), alpha.least)),
        near: near(&figures),
        redacted: redacted(&figures),
        since: since(&figures),
        command: format!("overrule dataset download {name} {number} --out {name}-{number}"),
        call: format!(
            "curl -O {key} {url}/api/v1/datasets/{name}/releases/{number}/files/train.jsonl"
        ),
        push: None,
        name,
        number,
    }
}

fn figures(release: &Release) -> Figures {
    let figures = release.figures.as_ref().map(|json| json.0.clone());
    figures.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
}

fn redacted(figures: &Figures) -> Vec<(String, String)> {
    let told = |(rule, count): (&String, &u64)| (rule.clone(), words::grouped(*count as i64));
    figures.redacted.iter().map(told).collect()
}

/// What changed since the release before.
fn since(figures: &Figures) -> String {
    let Some((number, since)) = &figures.since else { return String::new() };
    let mut parts = vec![format!("{} added", words::grouped(since.added))];
    if since.changed > 0 {
        parts.push(format!("{} changed", words::grouped(since.changed)));
    }
    for (why, count) in &since.removed {
        let sentence = match why.as_str() {
            "not_asked_for" => "are not asked for any more",
            why => reason::sentence(why),
        };
        parts.push(format!("{} removed that {sentence}", words::grouped(*count)));
    }
    format!("Since release {number}: {}.", parts.join(", "))
}

fn no_person(release: &Release) -> &'static str {
    if release.key_id.is_some() { "a program" } else { "the command line" }
}

fn file_row(file: ReleaseFile) -> FileRow {
    let is_counted = file.row_count > 0;
    FileRow {
        rows: if is_counted { words::grouped(file.row_count) } else { String::new() },
        bytes: size(file.bytes),
        sha256: hex::encode(file.sha256.0),
        name: file.name,
    }
}

/// Bytes as people read them.
fn size(bytes: i64) -> String {
    match bytes {
        ..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

fn left(name: &str, number: i64, figures: &Figures) -> Vec<(String, String, String)> {
    let row = |(why, count): (&String, &i64)| {
        let href = format!("/datasets/{name}/releases/{number}/left-out?reason={why}");
        (words::grouped(*count), reason::sentence(why).to_owned(), href)
    };
    figures.left.iter().map(row).collect()
}

fn tables(figures: &Figures) -> Vec<Table> {
    let all = [
        ("By side", &figures.by_side),
        ("By verdict", &figures.by_verdict),
        ("By category", &figures.by_category),
        ("By label", &figures.by_label),
        ("By version", &figures.by_version),
        ("By week", &figures.by_week),
    ];
    let table = |(title, counts): (&'static str, &BTreeMap<String, u64>)| {
        let most = counts.values().copied().max().unwrap_or(1).max(1);
        let row = |(name, count): (&String, &u64)| Bar {
            name: name.clone(),
            count: words::grouped(*count as i64),
            share: percent(*count, figures.signals),
            width: format!("{:.1}", *count as f64 * 100.0 / most as f64),
        };
        let weeks = (title == "By week" && counts.len() > 1).then(|| columns(counts, most));
        Table { title, rows: counts.iter().map(row).collect(), weeks }
    };
    all.into_iter().map(table).filter(|table| !table.rows.is_empty()).collect()
}

/// The height of the chart of weeks.
const HEIGHT: f64 = 30.0;

fn columns(counts: &BTreeMap<String, u64>, most: u64) -> Columns {
    let step = 100.0 / counts.len() as f64;
    let column = |(n, count): (usize, &u64)| {
        let height = (*count as f64 * HEIGHT / most as f64).max(0.3);
        let all = [n as f64 * step + step * 0.1, HEIGHT - height, step * 0.8, height];
        let [x, y, width, height] = all.map(|number| format!("{number:.2}"));
        (x, y, width, height)
    };
    let (first, last) = (counts.keys().next(), counts.keys().next_back());
    let name = |week: Option<&String>| week.cloned().unwrap_or_default();
    Columns {
        told: format!(
            "Signals by week from {} to {}, at most {} in one",
            name(first),
            name(last),
            words::grouped(most as i64)
        ),
        all: counts.values().enumerate().map(column).collect(),
    }
}

/// How many questions say nearly the same as another.
fn near(figures: &Figures) -> String {
    let told = |share: f64| {
        format!(
            "About {:.0} % of the questions have nearly the same words as another.",
            share * 100.0
        )
    };
    figures.near_duplicates.map(told).unwrap_or_default()
}

fn people(figures: &Figures) -> String {
    let people = &figures.people;
    let unknown = match people.unknown {
        0 => String::new(),
        n => format!(" {} signals are of nobody who is known.", words::grouped(n as i64)),
    };
    match people.count {
        0 => unknown.trim().to_owned(),
        1 => format!("All that has an author comes from one person.{unknown}"),
        n => format!(
            "It comes from {} people; the one who gave most gave {}.{unknown}",
            words::grouped(n as i64),
            percent(people.largest, figures.signals)
        ),
    }
}

fn agreement(figures: &Figures) -> String {
    match figures.agreement {
        (0, _) => "No input in it was judged by several.".to_owned(),
        (judged, agreed) => format!(
            "{} inputs in it were judged by several; of {} ({}) nobody contradicted another.",
            words::grouped(judged as i64),
            words::grouped(agreed as i64),
            percent(agreed, judged)
        ),
    }
}

/// `GET /datasets/{name}/releases/{number}/files/{file}`
pub(super) async fn file(
    by: Engineer,
    db: Data<Db>,
    shelf: Data<Shelf>,
    request: HttpRequest,
    path: Path<(String, String, String)>,
) -> AppResult<HttpResponse> {
    let (name, number, file) = path.into_inner();
    let (name, number) = numbered((name, number))?;
    let by = Actor::Person(by.who.id().0);
    deliver::file(&request, &db, &shelf, by, (name, number, file)).await
}
