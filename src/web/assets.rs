//! Static files, held in the binary by `build.rs`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

/// A file as a browser may ask for it.
pub struct Asset {
    name: &'static str,
    path: &'static str,
    mime: &'static str,
    raw: &'static [u8],
    gzip: &'static [u8],
    brotli: &'static [u8],
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The address of a file of `static/`, with its hash; empty for a file that isn't there.
pub fn asset(name: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.name == name).map_or("", |asset| asset.path)
}

/// `/static/…`
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/static/{path:.*}", web::get().to(serve));
}

async fn serve(request: HttpRequest) -> HttpResponse {
    let Some(asset) = ASSETS.iter().find(|asset| asset.path == request.path()) else {
        return HttpResponse::NotFound().finish();
    };
    let accepted = request
        .headers()
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let (encoding, bytes) = if accepted.contains("br") {
        ("br", asset.brotli)
    } else if accepted.contains("gzip") {
        ("gzip", asset.gzip)
    } else {
        ("identity", asset.raw)
    };
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, asset.mime))
        .insert_header((header::CONTENT_ENCODING, encoding))
        .insert_header((header::VARY, "accept-encoding"))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(bytes)
}
