//! Judging an answer, as people do: signed in, by a signed link, and by reporting what was not
//! logged.

mod judging;
mod links;
mod listing;
mod reports;

use crate::support::{Api, TestApp};
use overrule::accounts::Scope;
use serde_json::{Value, json};

/// An agent of team `support` for each kind of output.
fn agents(app: &TestApp) {
    app.agent("helper", json!({"name": "Helper", "team": "support", "good_at": "Returns."}));
    app.agent(
        "router",
        json!({"name": "Router", "team": "support", "kind": "label",
            "labels": ["billing", "delivery", "returns"]}),
    );
    app.agent(
        "reader",
        json!({"name": "Reader", "team": "support", "kind": "json",
            "schema": {"type": "object", "properties": {"total": {"type": "number"}}}}),
    );
    app.agent("desk", json!({"name": "Desk", "team": "support", "kind": "message"}));
}

/// A program that may log and read.
fn program(app: &TestApp) -> Api {
    app.api(&[Scope::Ingest, Scope::Feedback, Scope::Read])
}

/// Logs an interaction and gives its path.
fn log(program: &Api, interaction: Value) -> String {
    let answer = program.log(&interaction).is(201);
    format!("/interactions/{}", answer.at("/id"))
}

/// What programs read of the newest feedback.
fn newest(program: &Api) -> Value {
    program.get("/api/v1/feedback?limit=1").is(200).json()["items"][0].clone()
}
