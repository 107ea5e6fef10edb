//! Keeps what was typed when a form arrives after the session ran out: the fields go back to the
//! browser inside the error page, ready to be sent again once the person has signed in.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest};
use bytes::Bytes;

struct Kept(Bytes);

/// The middleware, around the check for foreign origins and inside the error pages. A form from
/// another site is refused in between, so its fields are never shown.
pub async fn keep(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if is_form(&request) {
        match request.extract::<Bytes>().await {
            Ok(body) => {
                let again = body.clone();
                let stream = futures_util::stream::once(std::future::ready(Ok(again)));
                request.set_payload(Payload::Stream { payload: Box::pin(stream) });
                request.extensions_mut().insert(Kept(body));
            }
            Err(error) => return Ok(request.error_response(error)),
        }
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// The fields of the form that this request brought, if they were kept. Passwords are typed again.
pub fn fields(request: &HttpRequest) -> Vec<(String, String)> {
    let extensions = request.extensions();
    let Some(Kept(body)) = extensions.get() else { return Vec::new() };
    let fields = url::form_urlencoded::parse(body).into_owned();
    fields.filter(|(name, _)| !name.contains("password")).collect()
}

fn is_form(request: &ServiceRequest) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    request.method() == Method::POST
        && !request.path().starts_with("/api/")
        && kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}
