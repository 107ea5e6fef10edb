//! Logs to standard error: readable on a terminal, JSON otherwise. A request's span carries its
//! id, method, route and status; never a person's or an agent's text, an address or a token.

use crate::config::{Log, LogFormat};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use std::io::IsTerminal;
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder};
use tracing_subscriber::EnvFilter;

/// Starts logging. A second call in one process does nothing.
pub fn start(log: &Log) {
    let filter = EnvFilter::new(log.filter.as_deref().unwrap_or("info"));
    let text = match log.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = if text {
        builder.with_target(false).try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    };
}

/// One span a request. The path is logged as the route's pattern, since a path may be a token.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request.extensions_id();
        let route = request.match_pattern().unwrap_or_else(|| "unmatched".into());
        tracing::info_span!(
            "request",
            request_id = %id,
            method = %request.method(),
            route,
            status = tracing::field::Empty,
        )
    }

    fn on_request_end<B: MessageBody>(
        span: Span,
        outcome: &Result<ServiceResponse<B>, actix_web::Error>,
    ) {
        let status = match outcome {
            Ok(response) => response.status().as_u16(),
            Err(error) => error.as_response_error().status_code().as_u16(),
        };
        span.record("status", status);
        span.in_scope(|| tracing::debug!("answered"));
    }
}

/// The id of a request, the same in the log, on an error page and in problem JSON.
trait ExtensionsId {
    fn extensions_id(&self) -> String;
}

impl ExtensionsId for ServiceRequest {
    fn extensions_id(&self) -> String {
        use actix_web::HttpMessage;
        self.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default()
    }
}
