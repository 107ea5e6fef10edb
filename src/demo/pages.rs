//! Pages that only a demo has: the mail that would have been sent, and the style guide.

use crate::accounts::Anyone;
use crate::error::{AppError, AppResult, Mistake};
use crate::web::{PageContext, Site, page};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, ServiceConfig, get};
use askama::Template;
use mail_parser::MessageParser;
use std::path::Path as File;

/// The most mails that are listed.
const MOST: usize = 200;

/// `/demo/…`
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/demo/mail", get().to(mails))
        .route("/demo/mail/{name}", get().to(mail))
        .route("/demo/styleguide", get().to(style_guide));
}

/// A mail as the list and its page show it.
struct Mail {
    name: String,
    subject: String,
    to: String,
    date: String,
    text: Vec<Piece>,
}

/// A piece of a mail's text; an address of ours can be followed.
struct Piece {
    text: String,
    href: String,
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

async fn mails(by: Anyone, site: Data<Site>) -> AppResult<HttpResponse> {
    let mails = unblock(move || list(&site)).await?;
    page(StatusCode::OK, &MailsPage { ctx: by.ctx(), mails })
}

async fn mail(by: Anyone, site: Data<Site>, name: Path<String>) -> AppResult<HttpResponse> {
    let name = name.into_inner();
    let found = unblock(move || list(&site).into_iter().find(|mail| mail.name == name)).await?;
    let mail = found.ok_or(AppError::NotFound)?;
    page(StatusCode::OK, &MailPage { ctx: by.ctx(), mail })
}

async fn unblock<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> AppResult<T> {
    tokio::task::spawn_blocking(work).await.map_err(AppError::internal)
}

/// The newest mails in the folder; none where there is no folder yet.
fn list(site: &Site) -> Vec<Mail> {
    let Ok(entries) = std::fs::read_dir(&site.mail_folder) else { return Vec::new() };
    let mut files: Vec<_> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "eml"))
        .filter_map(|path| Some((path.metadata().and_then(|data| data.modified()).ok()?, path)))
        .collect();
    files.sort_unstable_by(|a, b| b.cmp(a));
    files.truncate(MOST);
    files.iter().filter_map(|(_, path)| read(path, &site.public_url)).collect()
}

fn read(path: &File, ours: &str) -> Option<Mail> {
    let bytes = std::fs::read(path).ok()?;
    let message = MessageParser::default().parse(&bytes)?;
    let addresses = message.to().into_iter().flat_map(|to| to.iter());
    let addresses: Vec<&str> = addresses.filter_map(|address| address.address()).collect();
    Some(Mail {
        name: path.file_stem()?.to_string_lossy().into_owned(),
        subject: message.subject().unwrap_or("(no subject)").to_owned(),
        to: addresses.join(", "),
        date: message.date().map(ToString::to_string).unwrap_or_default(),
        text: pieces(&message.body_text(0).unwrap_or_default(), ours),
    })
}

fn pieces(text: &str, ours: &str) -> Vec<Piece> {
    let piece = |part: &str| {
        let path = part.trim_end().strip_prefix(ours).filter(|path| path.starts_with('/'));
        Piece { text: part.to_owned(), href: path.unwrap_or_default().to_owned() }
    };
    text.split_inclusive(char::is_whitespace).map(piece).collect()
}

/// A sample turn of a conversation.
struct Message {
    role: &'static str,
    role_label: &'static str,
    text: &'static str,
    tool_calls: Vec<&'static str>,
}

/// A sample piece of a difference.
struct Part {
    kind: &'static str,
    text: &'static str,
}

/// A sample step.
struct Step {
    title: &'static str,
    text: &'static str,
    at_iso: &'static str,
    at_text: &'static str,
    state: &'static str,
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

async fn style_guide(by: Anyone) -> AppResult<HttpResponse> {
    let message = |role, role_label, text, tool_calls: &[&'static str]| Message {
        role,
        role_label,
        text,
        tool_calls: tool_calls.to_vec(),
    };
    let part = |kind, text| Part { kind, text };
    let step = |title, text, at_iso, at_text, state| Step { title, text, at_iso, at_text, state };
    let mistake = |field: &str, message: &str| Mistake {
        field: field.to_owned(),
        message: message.to_owned(),
    };
    let guide = StyleGuide {
        ctx: by.ctx(),
        mistakes: vec![
            mistake("email", "The e-mail address lacks its ending."),
            mistake("label", "Choose a label from the list."),
        ],
        messages: vec![
            message("system", "Instructions to the agent", "Answer with one SQL query.", &[]),
            message("user", "Ben asked", "How many stadiums hold more than a thousand?", &[]),
            message("tool", "What the tool gave back", "stadium(name, capacity)", &[]),
            message(
                "assistant",
                "The agent answered",
                "I looked at the table of stadiums first.",
                &["describe_table(name: \"stadium\")"],
            ),
        ],
        parts: vec![
            part("same", "You can return goods within "),
            part("removed", "six weeks"),
            part("added", "30 days"),
            part("same", " of delivery.\nOpened packages are "),
            part("added", "not "),
            part("same", "taken back"),
            part("removed", " in any case"),
            part("same", "."),
        ],
        steps: vec![
            step(
                "You reported it",
                "“It must count, not list.”",
                "2026-11-02T09:14:05Z",
                "2 November, 10:14",
                "done",
            ),
            step(
                "Accepted",
                "Mira looked at it and agreed.",
                "2026-11-02T11:02:00Z",
                "2 November, 12:02",
                "done",
            ),
            step(
                "In dataset release 4",
                "Your correction is one of 1,204 examples the next version learns from.",
                "2026-11-05T08:00:00Z",
                "5 November, 09:00",
                "now",
            ),
            step(
                "Fixed in a new version",
                "We tell you as soon as the agent answers it right.",
                "",
                "",
                "next",
            ),
        ],
    };
    page(StatusCode::OK, &guide)
}
