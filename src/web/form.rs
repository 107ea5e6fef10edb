//! Browser forms: how a body is read, and how text from a browser is cleaned.

use crate::error::{AppError, AppResult};
use actix_web::HttpRequest;
use actix_web::http::header;
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

/// Where to sign in, and come back from: this page, or the page whose form was sent.
pub fn sign_in_path(request: &HttpRequest) -> String {
    let here = if request.method().is_safe() {
        request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned()
    } else {
        page_of_form(request).unwrap_or_else(|| "/".to_owned())
    };
    let query: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("next", &here).finish();
    format!("/sign-in?{query}")
}

/// The page that the browser says the form was on, if it is one of ours.
fn page_of_form(request: &HttpRequest) -> Option<String> {
    let referer = request.headers().get(header::REFERER)?.to_str().ok()?;
    let (_, rest) = referer.split_once("://")?;
    let path = rest.strip_prefix(request.connection_info().host())?;
    path.starts_with('/').then(|| local_path(path).to_owned())
}

/// `next` if it is a path of ours, `/` otherwise: a link must not send people elsewhere.
pub fn local_path(next: &str) -> &str {
    let ours = next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if ours { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn next_leads_to_a_page_of_ours() {
        for good in ["/", "/interactions/7?sort=new#form", "/a//b"] {
            assert_eq!(local_path(good), good);
        }
        let bad =
            ["", "x", "//evil.example", "/\\evil.example", "https://evil.example", "/\r\nX: y"];
        for bad in bad.into_iter().chain(["/\t/evil.example", "/ä", "/a b"]) {
            assert_eq!(local_path(bad), "/", "{bad:?}");
        }
    }

    #[test]
    fn a_form_comes_back_to_its_page() {
        let path = |referer: &str| {
            let request = TestRequest::post()
                .uri("/interactions/7/feedback")
                .insert_header((header::HOST, "overrule.example:8080"))
                .insert_header((header::REFERER, referer))
                .to_http_request();
            sign_in_path(&request)
        };
        let ours = path("http://overrule.example:8080/interactions/7?a=b");
        assert_eq!(ours, "/sign-in?next=%2Finteractions%2F7%3Fa%3Db");
        assert_eq!(path("http://evil.example/interactions/7"), "/sign-in?next=%2F");
        assert_eq!(path("http://overrule.example:80801/x"), "/sign-in?next=%2F");
        let get = TestRequest::get().uri("/feedback?x=1").to_http_request();
        assert_eq!(sign_in_path(&get), "/sign-in?next=%2Ffeedback%3Fx%3D1");
    }
}
