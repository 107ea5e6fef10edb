//! For operators: is the process alive, can it serve, and figures for Prometheus. They are open
//! to everyone, so they hold nothing about people or agents.

use super::problem::problem;
use crate::db::{self, Db};
use crate::error::AppError;
use crate::mail::outbox;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::web::{self, Data};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::Mutex;
use std::time::Instant;
use tracing_actix_web::RequestId;

/// Seconds at which the durations of requests are counted.
const BUCKETS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// `/healthz`, `/readyz` and `/metrics`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/healthz", web::get().to(alive))
        .route("/readyz", web::get().to(ready))
        .route("/metrics", web::get().to(figures));
}

/// The figures of this process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

/// The crate `metrics` has one recorder a process; servers started later in it share that one.
static INSTALLED: Mutex<Option<Metrics>> = Mutex::new(None);

impl Metrics {
    /// Starts to record, or joins what is recorded already.
    pub fn install() -> anyhow::Result<Self> {
        let mut installed = INSTALLED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(metrics) = installed.as_ref() {
            return Ok(metrics.clone());
        }
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), BUCKETS)
            .and_then(PrometheusBuilder::install_recorder)
            .context("can't record figures")?;
        describe();
        Ok(installed.insert(Self(handle)).clone())
    }

    /// Folds what was recorded since the last time; without it a busy server that nobody scrapes
    /// would keep every duration.
    pub fn fold(&self) {
        self.0.run_upkeep();
    }
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("overrule_http_requests_total", "Requests by method, route and status class");
    describe_histogram!("overrule_http_request_duration_seconds", "How long answers took");
    describe_counter!("overrule_queue_full_total", "Writes refused because too many were waiting");
    describe_counter!("overrule_statements_total", "Statements, for requests and by itself");
    describe_counter!("overrule_mails_total", "Tries to send a mail, by result");
    describe_counter!("overrule_webhook_calls_total", "Tries to call a webhook, by result");
    describe_counter!("overrule_pushes_total", "Tries to push a release to the store, by result");
    describe_gauge!("overrule_outbox_waiting", "Mails that wait to be sent");
}

/// The middleware that counts requests and how long they took. It goes around everything.
pub async fn measure(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let start = Instant::now();
    let method = method(request.method());
    // The pattern and not the path: a path may be a token, and there are too many of them.
    let route = request.match_pattern().unwrap_or_else(|| "unmatched".into());
    let outcome = next.call(request).await;
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let class = match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    metrics::counter!(
        "overrule_http_requests_total",
        "method" => method, "route" => route.clone(), "status" => class
    )
    .increment(1);
    metrics::histogram!(
        "overrule_http_request_duration_seconds",
        "method" => method, "route" => route
    )
    .record(start.elapsed().as_secs_f64());
    outcome
}

/// A method as a label: anyone can make up methods, so those are all one.
fn method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// The process answers; no more is asked.
async fn alive() -> HttpResponse {
    plain("alive\n")
}

/// The database can be read and is up to date: this process can serve.
async fn ready(request: HttpRequest, db: Data<Db>) -> HttpResponse {
    let error = match db.read(db::is_current).await {
        Ok(true) => return plain("ready\n"),
        Ok(false) => {
            AppError::Busy("The database is not up to date; run `overrule migrate`.".into())
        }
        Err(error) => {
            tracing::warn!(cause = %error, "not ready");
            AppError::Busy("The database can't be read.".into())
        }
    };
    let id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
    problem(&error, &id)
}

/// What Prometheus scrapes. Without the database, what is counted there is left as it was.
async fn figures(metrics: Data<Metrics>, db: Data<Db>) -> HttpResponse {
    if let Ok(waiting) = db.read(|conn| Ok(outbox::count_waiting(conn)?)).await {
        metrics::gauge!("overrule_outbox_waiting").set(waiting as f64);
    }
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(metrics.0.render())
}

fn plain(text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text)
}
