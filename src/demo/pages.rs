//! Pages of the demo only: the mail it would have sent, and every component once.

use crate::accounts::Anyone;
use crate::error::{AppError, AppResult, Mistake};
use crate::web::{PageContext, Site, page};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path};
use askama::Template;
use std::path::PathBuf;

/// Where the demo keeps mail.
#[derive(Clone)]
pub struct MailFolder(pub PathBuf);

/// `/demo/…`; they answer 404 outside the demo.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/demo/mail", web::get().to(mails))
        .route("/demo/mail/{name}", web::get().to(mail))
        .route("/demo/styleguide", web::get().to(styleguide));
}

#[derive(Template)]
#[template(path = "demo/mails.html")]
struct MailsPage {
    ctx: PageContext,
    mails: Vec<Mail>,
}

#[derive(Template)]
#[template(path = "demo/mail.html")]
struct MailPage {
    ctx: PageContext,
    mail: Mail,
}

/// A mail as it was written to disk.
#[derive(Default)]
struct Mail {
    name: String,
    to: String,
    subject: String,
    date: String,
    text: Vec<Piece>,
}

/// A piece of a mail's text; an address of ours can be followed.
struct Piece {
    text: String,
    href: String,
}

async fn mails(by: Anyone, site: Data<Site>, folder: Data<MailFolder>) -> AppResult<HttpResponse> {
    only_in_demo(&site)?;
    let site = site.into_inner();
    let mails = web::block(move || read_all(&folder.0, &site.public_url))
        .await
        .map_err(AppError::internal)??;
    page(StatusCode::OK, &MailsPage { ctx: by.ctx(), mails })
}

async fn mail(
    by: Anyone,
    site: Data<Site>,
    folder: Data<MailFolder>,
    name: Path<String>,
) -> AppResult<HttpResponse> {
    only_in_demo(&site)?;
    let (name, site) = (name.into_inner(), site.into_inner());
    let mails = web::block(move || read_all(&folder.0, &site.public_url))
        .await
        .map_err(AppError::internal)??;
    let mail = mails.into_iter().find(|mail| mail.name == name).ok_or(AppError::NotFound)?;
    page(StatusCode::OK, &MailPage { ctx: by.ctx(), mail })
}

fn only_in_demo(site: &Site) -> AppResult<()> {
    if site.demo { Ok(()) } else { Err(AppError::NotFound) }
}

/// Newest first, at most 200.
fn read_all(folder: &std::path::Path, ours: &str) -> AppResult<Vec<Mail>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "eml"))
        .collect();
    paths.sort();
    paths.reverse();
    paths.truncate(200);
    let mails = paths.iter().filter_map(|path| {
        let bytes = std::fs::read(path).ok()?;
        let mail = mail_parser::MessageParser::default().parse(&bytes)?;
        let to = mail.to().and_then(|to| to.first()).and_then(|to| to.address());
        Some(Mail {
            name: path.file_stem()?.to_string_lossy().into_owned(),
            to: to.unwrap_or_default().to_owned(),
            subject: mail.subject().unwrap_or_default().to_owned(),
            date: mail.date().map(|date| date.to_rfc3339()).unwrap_or_default(),
            text: pieces(&mail.body_text(0).unwrap_or_default(), ours),
        })
    });
    Ok(mails.collect())
}

fn pieces(text: &str, ours: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for part in text.split_inclusive(char::is_whitespace) {
        let word = part.trim_end();
        let href = word.strip_prefix(ours).filter(|path| path.starts_with('/')).unwrap_or_default();
        pieces.push(Piece { text: part.to_owned(), href: href.to_owned() });
    }
    pieces
}

#[derive(Template)]
#[template(path = "demo/styleguide.html")]
struct StyleGuide {
    ctx: PageContext,
    mistakes: Vec<Mistake>,
    messages: Vec<Message>,
    parts: Vec<Part>,
    steps: Vec<Step>,
}

struct Message {
    role: &'static str,
    role_label: &'static str,
    text: &'static str,
    tool_calls: Vec<&'static str>,
}

struct Part {
    kind: &'static str,
    text: &'static str,
}

struct Step {
    title: &'static str,
    text: &'static str,
    at_iso: &'static str,
    at_text: &'static str,
    state: &'static str,
}

async fn styleguide(by: Anyone, site: Data<Site>) -> AppResult<HttpResponse> {
    only_in_demo(&site)?;
    let message =
        |role, role_label, text, tool_calls| Message { role, role_label, text, tool_calls };
    let part = |kind, text| Part { kind, text };
    let step = |title, text, at_iso, at_text, state| Step { title, text, at_iso, at_text, state };
    let mistake = |field: &str, text: &str| Mistake { field: field.into(), message: text.into() };
    let guide = StyleGuide {
        ctx: by.ctx(),
        mistakes: vec![
            mistake("email", "The e-mail address lacks its ending."),
            mistake("label", "Choose a label from the list."),
        ],
        messages: vec![
            message("system", "Instructions", "Answer with one SQL query.", vec![]),
            message("user", "Asked", "How many stadiums hold more than a thousand?", vec![]),
            message("assistant", "Answered", "", vec!["describe_table(name: \"stadium\")"]),
            message("tool", "What the tool gave back", "stadium(name, capacity)", vec![]),
        ],
        parts: vec![
            part("same", "You can return goods within "),
            part("removed", "six weeks"),
            part("added", "30 days"),
            part("same", " of delivery."),
        ],
        steps: vec![
            step(
                "You reported it",
                "“It must count.”",
                "2026-11-02T09:14:05Z",
                "2 Nov, 09:14",
                "done",
            ),
            step("Accepted", "A champion agreed.", "2026-11-02T11:02:00Z", "2 Nov, 11:02", "now"),
            step("In a release", "Not yet.", "", "", "next"),
        ],
    };
    page(StatusCode::OK, &guide)
}
