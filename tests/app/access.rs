//! Who may call what: every route of the sources, called as every kind of person and program. The
//! answers are one text in `snapshots/`, so that a change of permission is a line in a diff, and
//! whoever audits the product can read it. `INSTA_UPDATE=always cargo test access` makes it anew.

use crate::admin::limited;
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
    /// Somebody of the team, and a key.
    person: String,
    key: String,
    escalation: String,
    question: String,
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
    app.person("target@example.com", "Target", &["support"]);
    let key = app.write(|conn| {
        let id = schema::api_keys::table.select(schema::api_keys::id);
        Ok(id.first::<overrule::accounts::KeyId>(conn)?)
    });
    // What counts at once leaves nothing in the queue.
    app.agent("other", json!({"team": "support", "review": "none"}));
    let other = api.log(&json!({"agent": "other", "input": "Who?", "output": "You."})).is(201);
    let asks = json!({"interaction": other.at("/id"), "author": "bo@example.com",
        "verdict": "escalated"});
    api.judge(&asks).is(201);
    let escalation = app.write(|conn| {
        let id = schema::escalations::table.select(schema::escalations::id);
        Ok(id.first::<overrule::escalations::EscalationId>(conn)?)
    });
    let asked = app.person("asker@example.com", "Asker", &["support"]).signed_in();
    let asked = asked.open("/questions/new").pick("What is it about?", "Helper, in Support");
    let asked = asked.fill("Your question", "May I?").press("Ask").is(200).path.clone();
    let question = json!({"agents": ["helper"], "format": "sft", "status": "any"});
    datasets::save(&api, "answers", &question);
    assert_eq!(datasets::release(&api, "answers")["state"], "ready");
    let token = |url: String| url.rsplit('/').next().unwrap().to_owned();
    Scene {
        interaction: logged.at("/id"),
        feedback: said.at("/id"),
        deployment: deployment.to_string(),
        item: item.to_string(),
        person: crate::admin::id_of(app, "target@example.com").to_string(),
        key: key.to_string(),
        escalation: escalation.to_string(),
        question: asked.rsplit('/').next().unwrap().to_owned(),
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
            .replace("/teams/{slug}", "/teams/support")
            .replace("/people/{id}", &format!("/people/{}", self.person))
            .replace("/members/{id}", &format!("/members/{}", self.person))
            .replace("/keys/{id}", &format!("/keys/{}", self.key))
            .replace("deployments/{id}", &format!("deployments/{}", self.deployment))
            .replace("/triage/{id}", &format!("/triage/{}", self.item))
            .replace("review-items/{id}", &format!("review-items/{}", self.item))
            .replace("{team}/{environment}", "support/production")
            .replace("/escalations/{id}", &format!("/escalations/{}", self.escalation))
            .replace("/questions/{id}", &format!("/questions/{}", self.question))
            .replace("{category}", "wrong_answer")
            .replace("{team}", "support")
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

/// Everyone. Those of one team are of the team that everything belongs to, unless it says other.
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
    let scopes = [Scope::Ingest, Scope::Feedback, Scope::Triage, Scope::Export, Scope::Read];
    vec![
        ("nobody", Caller::Person(app.browser())),
        ("link holder", Caller::Person(app.browser())),
        ("receipt holder", Caller::Person(app.browser())),
        ("deactivated champion", deactivated),
        ("other team's member", person("ole@example.com", &["sales"])),
        ("other team's champion", person("otto@example.com", &["sales:champion"])),
        ("other team's manager", person("oona@example.com", &["sales:manager"])),
        ("member", person("mia@example.com", &["support"])),
        ("author", person("ada@example.com", &["support"])),
        ("champion", person("cleo@example.com", &["support:champion"])),
        ("manager", person("max@example.com", &["support:manager"])),
        ("engineer", Caller::Person(app.engineer())),
        ("admin", Caller::Person(app.admin())),
        ("no key", Caller::Program(app.stranger())),
        ("key ingest", key(Scope::Ingest)),
        ("key feedback", key(Scope::Feedback)),
        ("key triage", key(Scope::Triage)),
        ("key export", key(Scope::Export)),
        ("key read", key(Scope::Read)),
        ("key admin", key(Scope::Admin)),
        ("other team's key with every scope but admin", {
            Caller::Program(limited(app, &scopes, &[], &["sales"]))
        }),
    ]
}

/// Names for several callers at once, where all of them get the same answer.
const TOGETHER: &[(&str, &[&str])] = &[
    ("everybody", &[]),
    (
        "whoever is not signed in",
        &["nobody", "link holder", "receipt holder", "deactivated champion"],
    ),
    (
        "every person who is signed in",
        &[
            "other team's member",
            "other team's champion",
            "other team's manager",
            "member",
            "author",
            "champion",
            "manager",
            "engineer",
            "admin",
        ],
    ),
    ("every program", &["no key", "key ", "other team's key with every scope but admin"]),
    (
        "every other team's person",
        &["other team's member", "other team's champion", "other team's manager"],
    ),
    ("everybody of the team", &["member", "author", "champion", "manager"]),
];

/// Callers in words, in their order.
fn in_words(all: &[&str], mut who: Vec<&str>) -> String {
    let mut words = Vec::new();
    for (name, members) in TOGETHER {
        let belongs = |caller: &&&str| {
            members.is_empty()
                || members.contains(caller)
                || members.iter().any(|m| m.ends_with(' ') && caller.starts_with(m))
        };
        let group: Vec<&str> = all.iter().filter(belongs).copied().collect();
        if group.iter().all(|caller| who.contains(caller)) {
            words.push(*name);
            who.retain(|caller| !group.contains(caller));
        }
        if who.is_empty() {
            break;
        }
    }
    words.extend(who);
    words.join(", ")
}

/// What an answer says about the permission.
fn means(answer: &str) -> &'static str {
    match answer {
        "→in" | "401" => "must say first who they are",
        "403" => "may not",
        "404" | "410" => "is told that nothing is there",
        _ => "may",
    }
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

const LEGEND: &str = "\
Every route, and what it answers to every kind of person and program. All that is asked for belongs
to one team, `support`; forms and bodies are empty, so that whoever may is told what is missing
(400, 409, 422) rather than let through. `→in` leads to the page for signing in. Programs come to
pages, too, with a key instead of a session, and browsers to the API with a session instead of one.
";

#[test]
fn every_route_answers_everyone_as_the_table_says() {
    let app = TestApp::start();
    let scene = scene(&app);
    let callers = callers(&app);
    let names: Vec<&str> = callers.iter().map(|(name, _)| *name).collect();
    // What ends the sessions that the others need comes last.
    let ends = ["/profile/sessions/end-all", "/sign-out"];
    let (last, routes): (Vec<Route>, Vec<Route>) =
        routes().into_iter().partition(|route| ends.contains(&route.path.as_str()));
    let mut table = LEGEND.to_owned();
    for route in routes.into_iter().chain(last) {
        writeln!(table, "\n{} {}", route.method, route.path).unwrap();
        let mut answers: Vec<(String, Vec<&str>)> = Vec::new();
        for (name, caller) in &callers {
            let path = scene.path(&route.path, name);
            let answer = call(caller, &route.method, &path);
            match answers.iter_mut().find(|(known, _)| *known == answer) {
                Some((_, who)) => who.push(name),
                None => answers.push((answer, vec![name])),
            }
        }
        answers.sort_by_key(|(answer, _)| (means(answer) != "may", answer.clone()));
        for (answer, who) in answers {
            let who = in_words(&names, who);
            writeln!(table, "  {answer} {}: {who}", means(&answer)).unwrap();
        }
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

#[test]
fn what_is_said_of_security_names_every_rule_and_tests_that_are_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    for rule in overrule::accounts::may::RULES {
        let row = format!("| `{}` | {} |", rule.name, rule.lets_in);
        assert!(text.contains(&row), "{row} is not in docs/security.md");
    }
    let sources: String =
        files("tests", "rs").into_iter().chain(files("src", "rs")).map(|(_, text)| text).collect();
    let named = text.split('`').skip(1).step_by(2).filter(|word| {
        let is_name =
            word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        is_name && word.matches('_').count() > 2
    });
    for name in named {
        assert!(sources.contains(&format!("fn {name}(")), "no test is called {name}");
    }
}
