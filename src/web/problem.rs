//! Errors for programs: RFC 9457 `application/problem+json`.

use crate::error::{AppError, Mistake};
use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};

/// The body of every error the API gives.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says which kind it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request and what is allowed.
    pub detail: String,
    /// The id under which the log knows this request.
    pub request_id: String,
    /// With 422: what is wrong where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemMistake>,
}

/// One thing wrong in a body.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct ProblemMistake {
    /// JSON pointer to the value (RFC 6901).
    pub pointer: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl From<&Mistake> for ProblemMistake {
    fn from(mistake: &Mistake) -> Self {
        Self { pointer: mistake.field.clone(), message: mistake.message.clone() }
    }
}

/// The answer to a program for `error`.
pub fn problem(error: &AppError, request_id: &str) -> HttpResponse {
    let status = error.status();
    let (detail, errors) = match error {
        AppError::Invalid(mistakes) => (
            "Some values are not valid.".to_owned(),
            mistakes.0.iter().map(ProblemMistake::from).collect(),
        ),
        AppError::SignIn => {
            ("Send a known key as `Authorization: Bearer ovr_…`.".to_owned(), Vec::new())
        }
        AppError::NotFound => ("It is not there, or not yours.".to_owned(), Vec::new()),
        AppError::TooMany(_) => ("Too many requests; wait a little.".to_owned(), Vec::new()),
        AppError::Database(_) if status == StatusCode::SERVICE_UNAVAILABLE => {
            ("The database can't be reached. Nothing was written.".to_owned(), Vec::new())
        }
        AppError::Database(_) | AppError::Internal(_) => {
            ("A fault of ours; the log knows more under this request id.".to_owned(), Vec::new())
        }
        other => (other.to_string(), Vec::new()),
    };
    let body = Problem {
        kind: "about:blank",
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        status: status.as_u16(),
        detail,
        request_id: request_id.to_owned(),
        errors,
    };
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(seconds) = retry_after(error) {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    if matches!(error, AppError::SignIn) {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    let body = serde_json::to_string(&body).unwrap_or_default();
    response.content_type("application/problem+json").body(body)
}

/// Seconds after which trying again makes sense.
pub fn retry_after(error: &AppError) -> Option<u64> {
    match error {
        AppError::TooMany(seconds) => Some(*seconds),
        other if other.status() == StatusCode::SERVICE_UNAVAILABLE => Some(1),
        _ => None,
    }
}
