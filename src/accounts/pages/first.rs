//! The page that makes the first admin.

use super::session::signed_in;
use crate::accounts::actions::{check_address, check_name};
use crate::accounts::sessions::How;
use crate::accounts::{Anyone, Door, first};
use crate::db::Db;
use crate::error::{AppError, AppResult, Mistakes};
use crate::web::form;
use crate::web::limits::Limits;
use crate::web::{PageContext, Site, page};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "accounts/first.html")]
struct FirstPage {
    ctx: PageContext,
    form: FirstForm,
    mistakes: Mistakes,
}

#[derive(Default, Deserialize)]
struct FirstForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
}

pub(super) async fn show(
    by: Anyone,
    site: Data<Site>,
    db: Data<Db>,
    token: Path<String>,
) -> AppResult<HttpResponse> {
    first::check(&site, &token)?;
    db.read(first::must_be_first).await?;
    let (form, mistakes) = (FirstForm::default(), Mistakes::default());
    page(StatusCode::OK, &FirstPage { ctx: by.ctx(), form, mistakes })
}

#[allow(clippy::too_many_arguments)] // One for each thing it works with.
pub(super) async fn create(
    by: Anyone,
    request: HttpRequest,
    limits: Data<Limits>,
    site: Data<Site>,
    door: Data<Door>,
    db: Data<Db>,
    token: Path<String>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    limits.sign_ins.check(&request)?;
    first::check(&site, &token)?;
    let form: FirstForm = form::read(&body)?;
    let mut mistakes = Mistakes::default();
    let name = check_name("name", &form.name).map_err(|_| {
        mistakes.add("name", "Enter your name: one line of at most 200 characters.");
    });
    let email = check_address("email", &form.email).map_err(|wrong| mistakes.0.extend(wrong.0));
    let (Ok(name), Ok(email)) = (name, email) else {
        let again = FirstPage { ctx: by.ctx(), form, mistakes };
        return page(StatusCode::UNPROCESSABLE_ENTITY, &again);
    };
    let (session, new) = door.open(&request, How::First);
    match db.write(move |conn| first::make_admin(conn, &email, &name, &new)).await {
        Ok(()) => signed_in(session, &door, &site, "/"),
        Err(AppError::Invalid(mistakes)) => {
            let again = FirstPage { ctx: by.ctx(), form, mistakes };
            page(StatusCode::UNPROCESSABLE_ENTITY, &again)
        }
        Err(other) => Err(other),
    }
}
