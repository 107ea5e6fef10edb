//! Who may call what: every route of the sources, called as every kind of person and program. The
//! answers are one table in `snapshots/`, so that a change of permission is a line in a diff.

use crate::architecture::files;
use crate::datasets;
use crate::support::{Api, Browser, TestApp};
use diesel::prelude::*;
use overrule::accounts::Scope;
use overrule::{clock, schema};
use serde_json::json;
use std::fmt::Write;

/// A method and the pattern of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    pub path: String,
    pub method: String,
}

/// Every route that the sources mount, but for those of the demo.
pub fn routes() -> Vec<Route> {
    let mut found = Vec::new();
    for (path, text) in files("src", "rs") {
        if path.starts_with("src/demo") {
            continue;
        }
        for hidden in ["web::resource(", "web::scope(", ".default_service("] {
            assert!(!text.contains(hidden), "{}: {hidden} isn't understood here", path.display());
        }
        found.extend(by_call(&text));
        found.extend(by_attribute(&text));
    }
    found.sort();
    let count = found.len();
    found.dedup();
    assert_eq!(found.len(), count, "a route is mounted twice");
    found
}

/// `.route("/feedback/{id}", get().to(show))`, with or without `web::`.
fn by_call(text: &str) -> Vec<Route> {
    let calls = text.match_indices(".route(");
    calls
        .map(|(at, call)| {
            let (path, rest) = quoted(&text[at + call.len()..]);
            let rest = rest.trim_start_matches([',', ' ', '\n']).trim_start_matches("web::");
            let (method, _) = rest.split_once("()").expect("a method after the path");
            Route { path, method: method.to_uppercase() }
        })
        .collect()
}

/// `#[get("/api/v1/agents")]`
fn by_attribute(text: &str) -> Vec<Route> {
    let mut found = Vec::new();
    for method in ["get", "post", "put", "patch", "delete"] {
        for (at, attribute) in text.match_indices(&format!("#[{method}(")) {
            let (path, _) = quoted(&text[at + attribute.len()..]);
            found.push(Route { path, method: method.to_uppercase() });
        }
    }
    found
}

/// The text in quotes at the beginning, and what follows.
fn quoted(text: &str) -> (String, &str) {
    let inside = text.trim_start().strip_prefix('"').expect("a path in quotes");
    let (path, rest) = inside.split_once('"').expect("its end");
    (path.to_owned(), rest)
}

/// Someone, or some program, who calls.
enum Caller {
    Person(Browser),
    Program(Api),
}

/// What there is to be called for.
struct Scene {
    interaction: String,
    feedback: String,
    deployment: String,
    item: String,
    /// The tokens of a link to give feedback and of a receipt.
    link: String,
    receipt: String,
}

fn scene(app: &TestApp) -> Scene {
    app.agent("helper", json!({"team": "support", "review": "required"}));
    let api = app.api(&[Scope::Admin]);
    let logged = api.log(&json!({"agent": "helper", "input": "How?", "output": "So."})).is(201);
    let said = json!({"interaction": logged.at("/id"), "author": "ada@example.com",
        "verdict": "corrected", "correction": "No."});
    let said = api.judge(&said).is(201);
    let deployment = app.write(|conn| {
        let id = schema::deployments::table.select(schema::deployments::id);
        Ok(id.first::<overrule::agents::DeploymentId>(conn)?)
    });
    let item = app.write(|conn| {
        let id = schema::queue::table.select(schema::queue::item_id);
        Ok(id.first::<overrule::signals::model::ItemId>(conn)?)
    });
    let question = json!({"agents": ["helper"], "format": "sft", "status": "any"});
    datasets::save(&api, "answers", &question);
    assert_eq!(datasets::release(&api, "answers")["state"], "ready");
    let token = |url: String| url.rsplit('/').next().unwrap().to_owned();
    Scene {
        interaction: logged.at("/id"),
        feedback: said.at("/id"),
        deployment: deployment.to_string(),
        item: item.to_string(),
        link: token(logged.at("/correct_url")),
        receipt: token(said.at("/receipt_url")),
    }
}

impl Scene {
    /// The path that a caller asks for: holders have their token, others one they made up.
    fn path(&self, pattern: &str, caller: &str) -> String {
        let token = match caller {
            "link holder" => &self.link,
            "receipt holder" => &self.receipt,
            _ => "bWFkZSB1cA",
        };
        let id = if pattern.starts_with("/feedback/") { &self.feedback } else { &self.interaction };
        let path = pattern
            .replace("{path:.*}", "nothing.css")
            .replace("deployments/{id}", &format!("deployments/{}", self.deployment))
            .replace("/triage/{id}", &format!("/triage/{}", self.item))
            .replace("review-items/{id}", &format!("review-items/{}", self.item))
            .replace("{team}/{environment}", "support/production")
            .replace("{id}", id)
            .replace("{slug}", "helper")
            .replace("{name}", "answers")
            .replace("{number}", "1")
            .replace("{file}", "train.jsonl")
            .replace("{token}", token);
        assert!(!path.contains('{'), "what stands for the rest of {path}?");
        path
    }
}

/// Everyone, in the order of the table's columns.
fn callers(app: &TestApp) -> Vec<(&'static str, Caller)> {
    let person = |email: &str, teams: &[&str]| {
        Caller::Person(app.person(email, "Somebody", teams).signed_in())
    };
    let deactivated = person("gone@example.com", &["support:champion"]);
    app.write(|conn| {
        let gone = schema::people::address.eq("gone@example.com");
        diesel::update(schema::people::table.filter(gone))
            .set(schema::people::deactivated_at.eq(Some(clock::now())))
            .execute(conn)?;
        Ok(())
    });
    let key = |scope| Caller::Program(app.api(&[scope]));
    vec![
        ("nobody", Caller::Person(app.browser())),
        ("link holder", Caller::Person(app.browser())),
        ("receipt holder", Caller::Person(app.browser())),
        ("deactivated", deactivated),
        ("other team", person("otto@example.com", &["sales:champion"])),
        ("member", person("mia@example.com", &["support"])),
        ("author", person("ada@example.com", &["support"])),
        ("champion", person("cleo@example.com", &["support:champion"])),
        ("manager", person("max@example.com", &["support:manager"])),
        ("engineer", Caller::Person(app.engineer())),
        ("admin", Caller::Person(app.admin())),
        ("no key", Caller::Program(app.stranger())),
        ("ingest", key(Scope::Ingest)),
        ("feedback", key(Scope::Feedback)),
        ("triage", key(Scope::Triage)),
        ("export", key(Scope::Export)),
        ("read", key(Scope::Read)),
        ("admin key", key(Scope::Admin)),
    ]
}

/// The status, and for a way on where it leads. Bodies are empty, so who may call is told what is
/// missing (422) and who may not is told that.
fn call(caller: &Caller, method: &str, path: &str) -> String {
    let request = match caller {
        Caller::Person(browser) => browser.request(method, path),
        Caller::Program(api) => api.request(method, path),
    };
    let request = match (method, path.starts_with("/api/")) {
        ("GET", _) => request,
        (_, true) => request.header("content-type", "application/json").body("{}"),
        (_, false) => request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(""),
    };
    let answer = match caller {
        Caller::Person(browser) => browser.send(request),
        Caller::Program(api) => api.send(request),
    };
    let to_sign_in = answer.header("location").starts_with("/sign-in");
    if to_sign_in { "→in".to_owned() } else { answer.status.to_string() }
}

#[test]
fn every_route_answers_everyone_as_the_table_says() {
    let app = TestApp::start();
    let scene = scene(&app);
    let callers = callers(&app);
    // What ends the sessions that the others need comes last.
    let ends = ["/profile/sessions/end-all", "/sign-out"];
    let (last, routes): (Vec<Route>, Vec<Route>) =
        routes().into_iter().partition(|route| ends.contains(&route.path.as_str()));
    let mut table = String::new();
    for (number, (name, _)) in callers.iter().enumerate() {
        writeln!(table, "{}{name}", "│   ".repeat(number)).unwrap();
    }
    for route in routes.into_iter().chain(last) {
        for (name, caller) in &callers {
            let path = scene.path(&route.path, name);
            write!(table, "{} ", call(caller, &route.method, &path)).unwrap();
        }
        writeln!(table, " {} {}", route.method, route.path).unwrap();
    }
    insta::assert_snapshot!("access", table);
}

#[test]
fn the_routes_are_found_in_the_sources() {
    let text = "cfg.route(\"/a\", web::get().to(a))\n .route(\"/b/{id}\", post().to(b))";
    let route = |method: &str, path: &str| Route { path: path.into(), method: method.into() };
    assert_eq!(by_call(text), [route("GET", "/a"), route("POST", "/b/{id}")]);
    assert_eq!(by_attribute("#[put(\"/c\")]\nasync"), [route("PUT", "/c")]);
    let all = routes();
    for (method, path) in [
        ("GET", "/"),
        ("POST", "/sign-in/{token}"),
        ("GET", "/r/{token}"),
        ("GET", "/feedback/{id}"),
        ("POST", "/admin/agents/{slug}"),
        ("POST", "/api/v1/interactions"),
        ("PUT", "/api/v1/agents/{slug}"),
        ("GET", "/metrics"),
        ("GET", "/openapi.json"),
    ] {
        assert!(all.contains(&route(method, path)), "{method} {path}");
    }
}
