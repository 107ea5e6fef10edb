//! Turns every error into a page with a way out, or into problem JSON for programs. The cause
//! is logged once, here, with the request id, and never shown.

use super::page::{PageContext, Viewer, html};
use super::problem::{problem, retry_after};
use crate::error::AppError;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use askama::Template;
use tracing_actix_web::RequestId;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    ctx: PageContext,
    status: u16,
    title: String,
    sentence: String,
    next: Vec<(String, String)>,
    /// The fields of the form that was sent, so that nothing typed is lost.
    typed: Vec<(String, String)>,
    retry: Retry,
    request_id: String,
}

/// Whether a form that failed can be sent again as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retry {
    /// At once, or in a moment.
    Now,
    /// After signing in.
    SignedIn,
    /// Never: what was typed can only be copied.
    Never,
}

impl Retry {
    fn of(error: &AppError) -> Self {
        match error {
            AppError::SignIn => Self::SignedIn,
            AppError::Busy(_) | AppError::TooMany(_) => Self::Now,
            AppError::Database(_) | AppError::Internal(_) => Self::Now,
            _ => Self::Never,
        }
    }
}

/// The middleware. It goes around everything that may fail.
pub async fn render(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    // A handler's error is a response by now; the request must not be held meanwhile, for actix
    // changes it on the way in.
    let response = next.call(request).await?.map_into_boxed_body();
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return Ok(response);
    }
    // A handler that answered an error with a body of its own (a form with mistakes) means it.
    if response.response().error().is_none()
        && response.headers().contains_key(header::CONTENT_TYPE)
    {
        return Ok(response);
    }
    let request = response.request().clone();
    let error = understand(&response);
    log(&error);
    let answer = answer(&request, &error);
    Ok(ServiceResponse::new(request, answer))
}

/// Our own error, or one of actix's put into our words.
fn understand(response: &ServiceResponse<BoxBody>) -> AppError {
    let status = response.status();
    let Some(error) = response.response().error() else {
        return from_status(status, String::new());
    };
    match error.as_error::<AppError>() {
        Some(error) => copy(error),
        None => from_status(status, error.to_string()),
    }
}

fn from_status(status: StatusCode, text: String) -> AppError {
    let or = |default: &str| if text.is_empty() { default.to_owned() } else { text.clone() };
    match status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => AppError::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => {
            AppError::TooLarge("A request may hold 10 MiB at most.".into())
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => AppError::MediaType(or("That type isn't taken.")),
        StatusCode::FORBIDDEN => AppError::Forbidden(or("That is not allowed.")),
        StatusCode::UNAUTHORIZED => AppError::SignIn,
        StatusCode::CONFLICT => AppError::Conflict(or("It contradicts what is stored.")),
        status if status.is_client_error() => AppError::BadRequest(or("The request is malformed.")),
        _ => AppError::Internal(anyhow::anyhow!(text)),
    }
}

/// An error as it is known here; what can't be copied keeps its text.
fn copy(error: &AppError) -> AppError {
    match error {
        AppError::BadRequest(text) => AppError::BadRequest(text.clone()),
        AppError::Invalid(mistakes) => AppError::Invalid(mistakes.clone()),
        AppError::NotFound => AppError::NotFound,
        AppError::Forbidden(text) => AppError::Forbidden(text.clone()),
        AppError::Gone(text) => AppError::Gone(text.clone()),
        AppError::SignIn => AppError::SignIn,
        AppError::Conflict(text) => AppError::Conflict(text.clone()),
        AppError::TooLarge(text) => AppError::TooLarge(text.clone()),
        AppError::MediaType(text) => AppError::MediaType(text.clone()),
        AppError::TooMany(seconds) => AppError::TooMany(*seconds),
        AppError::Busy(text) => AppError::Busy(text.clone()),
        AppError::Database(cause) if error.status() == StatusCode::SERVICE_UNAVAILABLE => {
            tracing::error!(%cause, "the database is not available");
            AppError::Busy("The database can't be reached. Nothing was written.".into())
        }
        AppError::Database(_) | AppError::Internal(_) => {
            AppError::Internal(anyhow::anyhow!("{error}"))
        }
    }
}

fn log(error: &AppError) {
    match error {
        AppError::Internal(cause) => tracing::error!(cause = %format!("{cause:#}"), "failed"),
        AppError::Busy(why) => tracing::warn!(%why, "busy"),
        // People tell its number, so it must be found; what they sent is not in it.
        _ => tracing::info!(status = error.status().as_u16(), "refused"),
    }
}

fn answer(request: &HttpRequest, error: &AppError) -> HttpResponse {
    let request_id =
        request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
    if request.path().starts_with("/api/") {
        return problem(error, &request_id);
    }
    if matches!(error, AppError::SignIn) && request.method() == actix_web::http::Method::GET {
        return super::see_other(&super::form::sign_in_path(request));
    }
    let (title, sentence) = words(error);
    let person = request.extensions().get::<Viewer>().cloned();
    let mut next = vec![("/".to_owned(), "Go to the start page".to_owned())];
    if matches!(error, AppError::SignIn) {
        next.insert(0, (super::form::sign_in_path(request), "Sign in".to_owned()));
    }
    // A form from another site is never shown here: it is somebody else's.
    let is_foreign = matches!(error, AppError::Forbidden(_));
    let typed = if is_foreign { Vec::new() } else { super::kept_form::fields(request) };
    let page = ErrorPage {
        ctx: PageContext { person, path: request.path().to_owned(), ..PageContext::default() },
        status: error.status().as_u16(),
        title: title.to_owned(),
        sentence,
        next,
        typed,
        retry: Retry::of(error),
        request_id,
    };
    let mut response = html(error.status(), page.render().unwrap_or_default());
    if let Some(seconds) = retry_after(error) {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn words(error: &AppError) -> (&'static str, String) {
    match error {
        AppError::NotFound => (
            "There is nothing here",
            "The page does not exist, or it belongs to a team you are not in.".into(),
        ),
        AppError::Forbidden(why) => ("That is not allowed", why.clone()),
        AppError::Gone(why) => ("This link no longer works", why.clone()),
        AppError::SignIn => {
            ("Please sign in", "What you wanted to do needs to know who you are.".into())
        }
        AppError::Conflict(why) => ("Someone was faster", why.clone()),
        AppError::TooLarge(why) => ("That is too large", why.clone()),
        AppError::TooMany(seconds) => (
            "A little too fast",
            match seconds {
                1 => "Please wait a second and try again. Nothing was lost.".into(),
                _ => format!("Please wait {seconds} seconds and try again. Nothing was lost."),
            },
        ),
        AppError::Busy(_) => (
            "Not just now",
            "We can't save at the moment. Nothing was written; please try again in a moment."
                .into(),
        ),
        AppError::BadRequest(why) | AppError::MediaType(why) => {
            ("We did not understand that", why.clone())
        }
        AppError::Invalid(mistakes) => ("Something is not right yet", mistakes.to_string()),
        AppError::Database(_) | AppError::Internal(_) => (
            "Something went wrong on our side",
            "It has been noted. Please try again in a moment.".into(),
        ),
    }
}
