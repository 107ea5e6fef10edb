//! Headers that tell browsers what our pages never do.

use actix_web::middleware::DefaultHeaders;

/// No script, style or connection but our own; no framing; the referrer stays in the house. Where
/// the site has HTTPS (`is_secure`), browsers are told to use nothing else for a year.
pub fn headers(is_secure: bool) -> DefaultHeaders {
    let mut headers = DefaultHeaders::new();
    if is_secure {
        headers = headers.add(("strict-transport-security", "max-age=31536000"));
    }
    headers
        .add((
            "content-security-policy",
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
             connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ))
        .add(("referrer-policy", "same-origin"))
        .add(("x-content-type-options", "nosniff"))
        .add(("x-frame-options", "DENY"))
        .add(("cross-origin-opener-policy", "same-origin"))
        .add(("permissions-policy", "camera=(), microphone=(), geolocation=()"))
}
