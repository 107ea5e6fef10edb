//! From where a request comes.

use crate::db::origin::{self, Origin};
use actix_web::HttpRequest;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use std::net::IpAddr;

/// The address of whoever sent the request.
pub fn address(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|peer| peer.ip())
}

/// The middleware that tells every write of the request from where it comes.
pub async fn remember(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let origin = address(request.request()).map(|address| Origin { address });
    origin::within(origin, next.call(request)).await
}
