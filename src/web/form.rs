//! Browser forms: how a body is read, and how text from a browser is cleaned.

use crate::error::{AppError, AppResult};
use actix_web::HttpRequest;
use serde::de::DeserializeOwned;

/// The most bytes a form may have: two texts of 1 MiB, each byte written as `%XX`.
pub const MAX_FORM: usize = 7 * 1024 * 1024;

/// Reads an urlencoded body. Browsers send `\r\n` for a line's end; it becomes `\n`.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> AppResult<T> {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(body)
        .map(|(key, value)| (key.into_owned(), value.replace("\r\n", "\n")))
        .collect();
    if pairs.iter().any(|(_, value)| value.contains('\0') || value.contains('\u{fffd}')) {
        return Err(AppError::BadRequest("A form must be UTF-8 text without NUL.".into()));
    }
    let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    actix_web::web::Query::<T>::from_query(&text)
        .map(actix_web::web::Query::into_inner)
        .map_err(|error| AppError::BadRequest(format!("The form is not complete: {error}")))
}

/// Where to sign in, and come back from.
pub fn sign_in_path(request: &HttpRequest) -> String {
    let here = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let query: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("next", here).finish();
    format!("/sign-in?{query}")
}

/// `next` if it is a path of ours, `/` otherwise: a link must not send people elsewhere.
pub fn local_path(next: &str) -> &str {
    let ours = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(['\\', '\r', '\n', '\t']);
    if ours { next } else { "/" }
}
