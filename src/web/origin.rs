//! Says once for each request from where it comes, so that its writes know.

use super::client;
use crate::db::origin::{self, Origin};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

/// The middleware.
pub async fn remember(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let origin = client::address(request.request()).map(|address| Origin { address });
    origin::within(origin, next.call(request)).await
}
