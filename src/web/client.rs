//! Who is at the other end: the address that limits count and the audit log keeps.

use actix_web::HttpRequest;
use std::net::IpAddr;

/// The address of whoever sent the request.
pub fn address(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|peer| peer.ip())
}
