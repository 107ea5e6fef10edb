//! Making a dataset and changing its question.

use crate::accounts::Engineer;
use crate::audit::Actor;
use crate::datasets::forms::{QuestionForm, in_form};
use crate::datasets::redact::BUILT_IN;
use crate::datasets::{Question, actions, check, queries};
use crate::db::Db;
use crate::error::{AppError, AppResult, Mistakes};
use crate::exports::Format;
use crate::web::{PageContext, page, see_other};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use bytes::Bytes;

#[derive(Template)]
#[template(path = "datasets/edit.html")]
struct EditPage {
    ctx: PageContext,
    /// Empty where it is a new one.
    name: String,
    form: QuestionForm,
    mistakes: Mistakes,
    agents: Vec<(String, String)>,
}

impl EditPage {
    fn is_new(&self) -> bool {
        self.name.is_empty()
    }
    fn formats(&self) -> Vec<(String, String)> {
        let all = Format::ALL.iter().filter(|format| **format != Format::Signals);
        all.map(|format| (format.to_string(), format!("{format}: {}", about(*format)))).collect()
    }
    fn rules(&self) -> Vec<(String, String)> {
        BUILT_IN.iter().map(|(name, finds)| ((*name).to_owned(), (*finds).to_owned())).collect()
    }
    fn options(&self, all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter().map(|(value, label)| ((*value).to_owned(), (*label).to_owned())).collect()
    }
}

/// What a format is for.
fn about(format: Format) -> &'static str {
    match format {
        Format::Signals => "to move signals elsewhere",
        Format::Sft => "TRL, prompt and completion",
        Format::Preference => "TRL DPO, prompt, chosen and rejected",
        Format::Kto => "TRL KTO, prompt, completion and label",
        Format::OpenaiChat => "OpenAI fine-tuning",
        Format::OpenaiPreference => "OpenAI DPO",
        Format::Classification => "text and label",
        Format::Eval => "Inspect samples",
        Format::Promptfoo => "promptfoo test cases",
        Format::OpenaiEvals => "openai/evals samples",
        Format::Argilla => "Argilla records, to annotate further",
        Format::LabelStudio => "Label Studio tasks, to annotate further",
    }
}

/// `GET /datasets/new`
pub(super) async fn new(by: Engineer, db: Data<Db>) -> AppResult<HttpResponse> {
    let form = QuestionForm::new();
    again(&by, &db, StatusCode::OK, String::new(), form, Mistakes::default()).await
}

/// `GET /datasets/{name}/edit`
pub(super) async fn edit(
    by: Engineer,
    db: Data<Db>,
    name: Path<String>,
) -> AppResult<HttpResponse> {
    let (name, asked) = (name.to_string(), name.into_inner());
    let found = db.read(move |conn| Ok(queries::find_by_name(conn, &asked)?)).await?;
    let found = found.ok_or(AppError::NotFound)?;
    let question = Question::of(&found.question).map_err(AppError::internal)?;
    let form = QuestionForm::of(&name, &question);
    again(&by, &db, StatusCode::OK, name, form, Mistakes::default()).await
}

/// `POST /datasets`
pub(super) async fn create(by: Engineer, db: Data<Db>, body: Bytes) -> AppResult<HttpResponse> {
    let form = QuestionForm::read(&body)?;
    let name = form.get("name").trim().to_owned();
    let taken = name.clone();
    let is_taken = db.read(move |conn| Ok(queries::find_by_name(conn, &taken)?.is_some())).await?;
    let checked = match check::name(&name) {
        Ok(()) if is_taken => Err(Mistakes::one("name", "is taken already")),
        other => other.map_err(in_form),
    };
    if let Err(mistakes) = checked {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return again(&by, &db, status, String::new(), form, mistakes).await;
    }
    save(&by, &db, name, form, true).await
}

/// `POST /datasets/{name}`
pub(super) async fn update(
    by: Engineer,
    db: Data<Db>,
    name: Path<String>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let (name, asked) = (name.to_string(), name.into_inner());
    let form = QuestionForm::read(&body)?;
    db.read(move |conn| queries::find_by_name(conn, &asked)?.ok_or(AppError::NotFound)).await?;
    save(&by, &db, name, form, false).await
}

async fn save(
    by: &Engineer,
    db: &Data<Db>,
    name: String,
    form: QuestionForm,
    is_new: bool,
) -> AppResult<HttpResponse> {
    let (actor, asked) = (Actor::Person(by.who.id().0), name.clone());
    let saved = match form.check() {
        Err(mistakes) => Err(AppError::Invalid(mistakes)),
        Ok(question) => {
            db.write(move |conn| actions::set(conn, actor, &asked, &question).map(drop)).await
        }
    };
    match saved {
        Ok(()) => Ok(see_other(&format!("/datasets/{name}"))),
        Err(AppError::Invalid(mistakes)) => {
            let name = if is_new { String::new() } else { name };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            again(by, db, status, name, form, in_form(mistakes)).await
        }
        Err(other) => Err(other),
    }
}

async fn again(
    by: &Engineer,
    db: &Data<Db>,
    status: StatusCode,
    name: String,
    form: QuestionForm,
    mistakes: Mistakes,
) -> AppResult<HttpResponse> {
    let agents = db.read(|conn| Ok(queries::list_agents(conn)?)).await?;
    page(status, &EditPage { ctx: by.ctx(), name, form, mistakes, agents })
}
