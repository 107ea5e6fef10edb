//! For operators: health, figures, logs, headers, static files, errors, the API's description.

use crate::access::routes;
use crate::support::{Process, Sink, TestApp, eventually};
use overrule::accounts::Scope;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn the_process_says_that_it_lives_and_can_serve() {
    let app = TestApp::start();
    let anyone = app.stranger();
    assert_eq!(anyone.get("/healthz").is(200).text, "alive\n");
    assert_eq!(anyone.get("/readyz").is(200).text, "ready\n");
    assert_eq!(anyone.get("/readyz").header("cache-control"), "no-store");
}

#[test]
fn where_get_answers_head_answers_without_a_body() {
    let app = TestApp::start();
    let anyone = app.stranger();
    for path in ["/healthz", "/readyz", "/sign-in", "/docs", "/openapi.json", "/nothing"] {
        let get = anyone.get(path);
        let head = anyone.send(anyone.request("HEAD", path));
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.text, "", "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
    let agents = anyone.send(anyone.request("HEAD", "/api/v1/agents"));
    assert_eq!(agents.status, 401, "permission is asked for as with GET");
}

#[test]
fn figures_count_requests_by_route_and_hold_nothing_private() {
    let app = TestApp::start();
    app.agent("helper", json!({}));
    let api = app.api(&[Scope::Ingest]);
    api.log(&json!({"agent": "helper", "input": "confidential", "output": "y"})).is(201);
    app.browser().open("/r/secret-token").is(404);
    app.browser().open("/sign-in/secret-token").is(404);
    app.browser().open("/made-up-path").is(404);
    let strange = app.stranger().request("MADEUP", "/");
    app.stranger().send(strange);
    let figures = app.stranger().get("/metrics").is(200);
    assert!(figures.header("content-type").starts_with("text/plain"));
    for part in [
        "overrule_http_requests_total{method=\"POST\",route=\"/api/v1/interactions\",status=\"2xx\"}",
        "overrule_http_requests_total{method=\"GET\",route=\"/r/{token}\",status=\"4xx\"}",
        "route=\"unmatched\"",
        "method=\"other\"",
        "overrule_http_request_duration_seconds_bucket",
        "overrule_outbox_waiting 0",
    ] {
        assert!(figures.text.contains(part), "{part} is not in\n{}", figures.text);
    }
    for secret in ["secret-token", "confidential", "made-up-path", "MADEUP"] {
        assert!(!figures.text.contains(secret), "{secret} is in the figures");
    }
}

#[test]
fn every_page_tells_browsers_what_it_never_does() {
    let app = TestApp::start();
    let mia = app.person("mia@example.com", "Mia", &["support"]).signed_in();
    for path in ["/", "/sign-in", "/feedback", "/docs", "/nothing", "/admin/agents", "/healthz"] {
        let answer = mia.send(mia.request("GET", path));
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{part} at {path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        for (name, value) in [
            ("referrer-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{name} at {path}");
        }
    }
    let page = mia.send(mia.request("GET", "/feedback")).is(200);
    assert_eq!(page.header("cache-control"), "no-store", "pages are personal");
}

#[test]
fn a_form_sent_from_another_site_is_refused_before_anything_happens() {
    let app = TestApp::start();
    let root = app.admin();
    let body = "slug=helper&name=Helper&kind=text&review=none&visibility=team\
        &normal_due_minutes=1&urgent_due_minutes=1&normal_resolution_minutes=1\
        &urgent_resolution_minutes=1";
    let post = |headers: &[(&str, &str)]| {
        let mut request = root.request("POST", "/admin/agents").body(body);
        request = request.header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        root.send(request)
    };
    for foreign in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site"), ("origin", app.url())],
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![("origin", "http://127.0.0.1:1")],
    ] {
        let answer = post(&foreign).is(403);
        assert!(answer.text.contains("sent from another site"), "{foreign:?}");
        assert!(!answer.text.contains("Send again"), "its fields are not shown: {foreign:?}");
    }
    app.api(&[Scope::Read]).get("/api/v1/agents/helper").is_problem(404);
    let nobody = app.browser();
    let foreign = nobody.request("POST", "/admin/agents").body(body);
    let foreign = foreign.header("content-type", "application/x-www-form-urlencoded");
    let answer = nobody.send(foreign.header("sec-fetch-site", "cross-site")).is(403);
    assert!(!answer.text.contains("helper"), "{}", answer.text);
    post(&[("origin", app.url())]).is(303);
    // Programs are no browsers; their keys are what counts.
    let api = app.api(&[Scope::Admin]);
    let put =
        api.request("PUT", "/api/v1/agents/other").header("origin", "https://elsewhere.example");
    api.send(put.header("content-type", "application/json").body("{}")).is(201);
}

#[test]
fn static_files_are_kept_for_ever_and_travel_compressed() {
    let app = TestApp::start();
    let page = app.stranger().get("/").is(200).text;
    let mut found = BTreeSet::new();
    for part in page.split('"').filter(|part| part.starts_with("/static/")) {
        found.insert(part.to_owned());
    }
    assert!(found.len() >= 4, "{found:?}");
    let mut weight = 0;
    for path in &found {
        let get = |encoding: &str| {
            let api = app.stranger();
            let request = api.request("GET", path).header("accept-encoding", encoding);
            let answer = request.send().unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            let header = |name: &str| {
                answer
                    .headers()
                    .get(name)
                    .map(|v| v.to_str().unwrap().to_owned())
                    .unwrap_or_default()
            };
            assert_eq!(header("cache-control"), "public, max-age=31536000, immutable");
            assert!(header("vary").contains("accept-encoding"), "{path}");
            let encoding = header("content-encoding");
            (encoding, answer.bytes().unwrap())
        };
        let (raw, plain) = get("identity");
        assert_eq!(raw, "identity");
        let (brotli, small) = get("gzip, deflate, br");
        assert_eq!(brotli, "br");
        let (gzip, medium) = get("gzip");
        assert_eq!(gzip, "gzip");
        assert!(small.len() < plain.len() && medium.len() < plain.len(), "{path}");
        assert!(medium.starts_with(&[0x1f, 0x8b]), "{path}");
        weight += small.len();
    }
    let api = app.stranger();
    let request = api.request("GET", "/").header("accept-encoding", "br");
    let answer = request.send().unwrap();
    assert_eq!(answer.headers()["content-encoding"], "br");
    weight += answer.bytes().unwrap().len();
    assert!(found.len() < 6 && weight < 60_000, "{} files, {weight} bytes", found.len());
    app.stranger().get("/static/app.css").is(404);
    app.stranger().get("/static/app-000000000000.css").is(404);
}

#[test]
fn an_error_is_a_page_with_a_way_out_for_people_and_a_problem_for_programs() {
    let app = TestApp::start();
    let page =
        app.browser().open("/nothing").is(404).sees("There is nothing here").sees("Error 404");
    page.click("Go to the start page").is_at("/").is(200);
    app.stranger().get("/api/nothing").is_problem(404);
    let mia = app.person("mia@example.com", "Mia", &[]).signed_in();
    mia.open("/admin/agents").is(403).sees("This page is for admins.").sees("Mia");
    // Its number is the one in the log, for whoever is asked for help.
    let number = mia.open("/nothing").element(".error-page code");
    assert!(number.parse::<uuid::Uuid>().is_ok(), "{number}");
    let large = mia.request("POST", "/sign-in").body("x".repeat(11 * 1024 * 1024));
    let answer = mia.send(large.header("sec-fetch-site", "same-origin")).is(413);
    assert!(answer.text.contains("10 MiB"), "{}", answer.text);
}

#[test]
fn the_description_of_the_api_is_whole() {
    let app = TestApp::start();
    let api = app.stranger().get("/openapi.json").is(200).json();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1."), "{}", api["openapi"]);
    assert_eq!(api["info"]["version"], env!("CARGO_PKG_VERSION"));
    let described: BTreeSet<(String, String)> = operations(&api)
        .map(|(path, method, _)| (method.to_uppercase(), path.to_owned()))
        .collect();
    let mounted: BTreeSet<(String, String)> = (routes().into_iter())
        .filter(|route| route.path.starts_with("/api/"))
        .map(|route| (route.method, route.path))
        .collect();
    assert_eq!(described, mounted, "what is described is what there is");

    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&api) {
        let at = format!("{method} {path}");
        let name = operation["operationId"].as_str().unwrap_or_default();
        assert!(names.insert(name.to_owned()) && !name.is_empty(), "{at}: its name {name:?}");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{at}");
        assert_eq!(operation["security"], json!([{"key": []}]), "{at}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.contains_key("401") && responses.contains_key("403"), "{at}");
        assert!(responses.values().all(|r| r["description"].is_string()), "{at}");
        let in_path: Vec<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let declared: Vec<&str> = (operation["parameters"].as_array().into_iter().flatten())
            .filter(|parameter| parameter["in"] == "path" && parameter["required"] == true)
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        assert_eq!(declared, in_path, "{at}");
    }
    let schemas = api["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        assert!(jsonschema::meta::is_valid(schema), "{name} is no JSON Schema: {schema}");
    }
    let mut references = Vec::new();
    collect(&api, &mut references);
    assert!(!references.is_empty());
    let leads = |reference: &String| api.pointer(reference.trim_start_matches('#')).is_some();
    let lost: BTreeSet<_> = references.iter().filter(|reference| !leads(reference)).collect();
    assert!(lost.is_empty(), "these lead nowhere: {lost:?}");
}

/// The description as a schema of one of its parts.
fn schema_of(api: &Value, part: &str) -> jsonschema::Validator {
    let mut schema = api.clone();
    schema["$ref"] = json!(format!("#/components/schemas/{part}"));
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn what_is_sent_and_answered_is_as_it_is_described() {
    let app = TestApp::start();
    app.agent("helper", json!({"kind": "json", "schema": true, "review": "none"}));
    let described = app.stranger().get("/openapi.json").is(200).json();
    let api = app.api(&[Scope::Ingest, Scope::Feedback, Scope::Read, Scope::Export]);
    let line = json!({"external_id": "t-17", "agent": "helper", "input": "How many?",
        "tools": [], "output": {"n": 1}, "error": null, "confidence": 0.62, "cost_usd": "0.0041",
        "sources": [{"title": "schema", "url": "https://example.com"}], "metadata": {"any": [1]},
        "feedback": [{"external_id": "f-1", "verdict": "corrected", "correction": [2]}]});
    let said = json!({"interaction": {"agent": "helper", "external_id": "t-17"},
        "author": "ben@example.com", "verdict": "corrected", "correction": "two"});
    assert!(schema_of(&described, "InteractionInput").is_valid(&line));
    assert!(schema_of(&described, "FeedbackInput").is_valid(&said));
    let id = api.log(&line).is(201).at("/id");
    api.judge(&said).is(201);
    let exported = api.get("/api/v1/signals?agent=helper&format=signals").is(200).json();
    for (part, value) in [
        ("Interaction", api.get(&format!("/api/v1/interactions/{id}")).is(200).json()),
        ("Feedback", api.get("/api/v1/feedback").is(200).json()["items"][0].clone()),
        ("Agent", api.get("/api/v1/agents/helper").is(200).json()),
        ("Deployment", api.get("/api/v1/agents/helper/deployments").json()["items"][0].clone()),
        ("InteractionInput", exported),
    ] {
        let schema = schema_of(&described, part);
        let breaches: Vec<String> =
            schema.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(breaches.is_empty(), "{part}: {breaches:?} in {value}");
    }
}

fn operations(api: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = api["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value.as_str().filter(|_| key == "$ref") {
                    Some(reference) => found.push(reference.to_owned()),
                    None => collect(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

#[test]
fn the_description_can_be_read_as_a_page() {
    let app = TestApp::start();
    let page = app.browser().open("/docs").is(200).sees("/api/v1/interactions").sees("POST");
    let page = page.sees("Send interactions: an object, an array, or NDJSON.");
    page.click("openapi.json").is(200);
}

/// Everything private that passes through a server in this test, so that none is in its log.
fn make_noise(app: &TestApp, server: &mut Process, url: &str) -> Vec<String> {
    let key = app.key(&[Scope::Admin]);
    let api = crate::support::Api::new(url, Some(&key));
    let browser = crate::support::Browser::new(url);
    let link = app.person("ada@secret.example", "Ada Geheim", &["support"]).path();
    browser.open(&link).press("Sign in as Ada Geheim").is(200);
    api.log(&json!({"agent": "helper", "external_id": "t", "input": "geheime Frage",
        "output": "geheime Antwort", "end_user": "ines@secret.example"}))
        .is(201);
    let key_of = json!({"agent": "helper", "external_id": "t"});
    let said = api.judge(&json!({"interaction": key_of, "author": "ben@secret.example",
        "verdict": "corrected", "correction": "geheime Korrektur",
        "comment": "geheimer Kommentar"}));
    let receipt = said.is(201).at("/receipt_url");
    browser.open(receipt.strip_prefix(url).unwrap()).is(200);
    // Mistakes, whose messages quote what was sent.
    api.log(&json!({"agent": "geheim", "input": {"geheim": 1}})).is(422);
    api.post_text("/api/v1/interactions", "application/json", "{\"geheim").is(400);
    api.log(&json!({"agent": "helper", "external_id": "t", "input": "geheim", "output": "y"}))
        .is(409);
    let cookies = browser.cookies();
    browser.open("/sign-in/geheimes-zeichen").is(404);
    browser.open("/feedback?cursor=geheim");
    let stranger = crate::support::Api::new(url, Some("ovr_geheim"));
    stranger.get("/api/v1/agents?cursor=geheim").is(401);
    let asking = crate::support::Browser::new(url);
    asking.open("/sign-in").fill("E-mail address", "ada@secret.example").press("Mail me a link");
    eventually("the log of a mail that didn't leave", || {
        server.said().contains("did not leave").then_some(())
    });
    let token = |path: &str| path.rsplit(['/', '=']).next().unwrap().to_owned();
    let mut secrets = vec![key, token(&link), token(&receipt), token(&cookies)];
    secrets.extend(["geheim", "Geheim", "secret.example"].map(str::to_owned));
    secrets
}

#[test]
fn no_text_no_address_and_no_token_is_in_the_log() {
    let app = TestApp::start();
    // A server of its own process, whose log can be read to the end.
    let sink = Sink::start();
    sink.refuse(true);
    let mut app = app;
    app.stop();
    let server = app.binary().args(["serve", "--listen", "127.0.0.1:0"]);
    let server = server.env("OVERRULE_MAIL__SMTP_URL", sink.url());
    let mut server = server.env("OVERRULE_LOG__FILTER", "info,overrule=trace").start();
    let url = server.listening();
    let secrets = make_noise(&app, &mut server, &url);
    server.ask_to_stop();
    let (status, rest, said) = server.end();
    assert!(status.success(), "{said}");
    assert_eq!(rest, "", "standard output says only where it listens");
    for secret in secrets {
        let line = said.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
    let logged: Vec<Value> = (said.lines().filter(|line| line.starts_with('{')))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of_requests = logged.iter().filter(|line| line["span"]["name"] == "request");
    let routes: BTreeSet<&str> =
        of_requests.filter_map(|line| line["span"]["route"].as_str()).collect();
    assert!(routes.contains("/r/{token}") && routes.contains("/sign-in/{token}"), "{routes:?}");
    assert!(logged.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()));
}
