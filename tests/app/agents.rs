//! Agents by command, by the API and on the admin's pages: labels, schema, categories, policies.

use crate::support::{TestApp, fixture};
use overrule::accounts::Scope;
use serde_json::{Value, json};

fn show(app: &TestApp, slug: &str) -> Value {
    app.api(&[Scope::Read]).get(&format!("/api/v1/agents/{slug}")).is(200).json()
}

/// Place, name and whether it is retired, of each label.
fn labels(app: &TestApp, slug: &str) -> Vec<(i64, String, bool)> {
    let agent = show(app, slug);
    let all = agent["labels"].as_array().unwrap().iter();
    all.map(|label| {
        let name = label["name"].as_str().unwrap().to_owned();
        (label["id"].as_i64().unwrap(), name, label["retired"].as_bool().unwrap())
    })
    .collect()
}

fn named(labels: &[(i64, &str, bool)]) -> Vec<(i64, String, bool)> {
    labels.iter().map(|(id, name, retired)| (*id, (*name).to_owned(), *retired)).collect()
}

#[test]
fn an_agent_is_made_and_changed_by_command() {
    let app = TestApp::start();
    let labels = fixture("labels.txt");
    let set = app.binary().args(["agent", "set", "parcel-desk", "--kind", "label", "--labels"]);
    let made = set.arg(&labels).args(["--team", "post", "--review", "trusted"]).run().ok();
    made.says("made parcel-desk: gives label, review trusted, 8 labels");
    let agent = show(&app, "parcel-desk");
    assert_eq!(agent["name"], "Parcel desk");
    assert_eq!((&agent["kind"], &agent["team"]), (&json!("label"), &json!("post")));
    assert_eq!(agent["labels"][6], json!({"id": 6, "name": "größe_unklar", "retired": false}));

    let changed = app.command(&["agent", "set", "parcel-desk", "--name", "Desk", "--good-at", "x"]);
    changed.ok().says("changed parcel-desk: gives label, review trusted, 8 labels");
    let agent = show(&app, "parcel-desk");
    assert_eq!((&agent["name"], &agent["good_at"]), (&json!("Desk"), &json!("x")));
    assert_eq!(agent["review"], "trusted", "what is not named stays");
}

#[test]
fn a_command_says_what_is_wrong_with_an_agent() {
    let app = TestApp::start();
    let twice = app.file("twice.txt", "a\nb\na\n");
    let set = || app.binary().args(["agent", "set", "a", "--kind", "label", "--labels"]);
    set().arg(&twice).run().fails_with(1).says("`a` is there twice");
    set().arg("nowhere.txt").run().fails_with(1).says("can't read nowhere.txt");
    let schema = app.file("schema.json", "{\"type\": \"nummer\"}");
    let json = app.binary().args(["agent", "set", "a", "--kind", "json", "--schema"]);
    json.arg(&schema).run().fails_with(1).says("is not a JSON Schema");
    app.command(&["agent", "set", "No Slug"]).fails_with(1).says("is not a slug");
    app.command(&["agent", "set", "a", "--kind", "poem"]).fails_with(2).says("text, label, json");
    let labels = app.binary().args(["agent", "set", "a", "--kind", "text", "--labels"]);
    labels.arg(&twice).run().fails_with(1).says("/labels");
    app.api(&[Scope::Read]).get("/api/v1/agents/a").is_problem(404);
}

#[test]
fn labels_are_only_added_and_retired_so_numbers_stay() {
    let app = TestApp::start();
    app.agent("router", json!({"kind": "label", "labels": ["billing", "returns", "other"]}));
    let set = |labels: &str| {
        let file = app.file("labels.txt", labels);
        let set = app.binary().args(["agent", "set", "router", "--labels"]).arg(file);
        set.run().ok()
    };
    set("other\nshipping\nbilling\n");
    let wanted = named(&[
        (0, "billing", false),
        (1, "returns", true),
        (2, "other", false),
        (3, "shipping", false),
    ]);
    assert_eq!(labels(&app, "router"), wanted);
    // As a JSON list too; a retired one comes back with its number.
    set("[\"returns\", \"shipping\"]");
    let wanted = named(&[
        (0, "billing", true),
        (1, "returns", false),
        (2, "other", true),
        (3, "shipping", false),
    ]);
    assert_eq!(labels(&app, "router"), wanted);
}

#[test]
fn a_retired_label_is_known_in_outputs_and_refused_as_a_correction() {
    let app = TestApp::start();
    app.agent("router", json!({"kind": "label", "labels": ["billing", "returns"]}));
    app.agent("router", json!({"labels": ["billing"]}));
    let api = app.api(&[Scope::Ingest, Scope::Feedback]);
    let old = json!({"agent": "router", "input": "x", "output": "returns"});
    let id = api.log(&old).is(201).at("/id");
    api.judge(&json!({"interaction": id, "verdict": "confirmed"})).is(201);
    let other = json!({"agent": "router", "input": "y", "output": "billing"});
    let id = api.log(&other).is(201).at("/id");
    let said = json!({"interaction": id, "verdict": "corrected", "correction": "returns"});
    let why = api.judge(&said).is_invalid_at("/correction");
    assert!(why.contains("retired"), "{why}");
}

#[test]
fn the_api_makes_an_agent_then_changes_what_is_named() {
    let app = TestApp::start();
    let api = app.api(&[Scope::Admin]);
    let made = api.put("/api/v1/agents/reader", &json!({"kind": "json", "team": "kitchen"}));
    let made = made.is(201).json();
    assert_eq!((&made["slug"], &made["name"]), (&json!("reader"), &json!("Reader")));
    assert_eq!(made["review"], "required");
    let slugs: Vec<&str> = (made["categories"].as_array().unwrap().iter())
        .map(|category| category["slug"].as_str().unwrap())
        .collect();
    assert_eq!(
        slugs,
        [
            "wrong_answer",
            "wrong_label",
            "incomplete",
            "outdated",
            "unsafe",
            "tone",
            "format",
            "out_of_scope",
            "other"
        ]
    );
    let text = r#"{"schema": {"required": ["b", "a"],  "type": "object"}, "visibility": "own"}"#;
    let request = api.request("PUT", "/api/v1/agents/reader");
    let changed = api.send(request.header("content-type", "application/json").body(text)).is(200);
    assert!(changed.text.contains(r#"{"required": ["b", "a"],  "type": "object"}"#));
    assert_eq!(changed.at("/visibility"), "own");
    assert_eq!(changed.at("/team"), "kitchen");
    let cleared = api.put("/api/v1/agents/reader", &json!({"schema": null})).is(200).json();
    assert_eq!(cleared["schema"], Value::Null);
}

#[test]
fn the_api_says_where_an_agent_is_wrong() {
    let app = TestApp::start();
    let api = app.api(&[Scope::Admin]);
    let put = |body: Value| api.put("/api/v1/agents/a", &body);
    put(json!({"kind": "poem"})).is_invalid_at("/kind");
    put(json!({"colour": 1})).is_invalid_at("/colour");
    put(json!({"kind": "label", "labels": ["a", "a"]})).is_invalid_at("/labels/1");
    put(json!({"kind": "text", "labels": ["a"]})).is_invalid_at("/labels");
    put(json!({"kind": "json", "schema": {"type": "nummer"}})).is_invalid_at("/schema");
    put(json!({"kind": "text", "schema": {}})).is_invalid_at("/schema");
    put(json!({"kind": "label", "labels": ["a"], "out_of_scope_label": "b"}))
        .is_invalid_at("/out_of_scope_label");
    put(json!({"categories": [{"slug": "A b"}]})).is_invalid_at("/categories");
    put(json!({"normal_due_minutes": 0})).is_invalid_at("/normal_due_minutes");
    put(json!({"name": ""})).is_invalid_at("/name");
    api.put("/api/v1/agents/A", &json!({})).is_problem(422);
    app.api(&[Scope::Read]).get("/api/v1/agents/a").is_problem(404);
}

#[test]
fn the_kind_stays_once_there_are_interactions() {
    let app = TestApp::start();
    app.agent("helper", json!({"kind": "text"}));
    app.agent("helper", json!({"kind": "json"}));
    app.agent("helper", json!({"kind": "text"}));
    let api = app.api(&[Scope::Admin]);
    api.log(&json!({"agent": "helper", "input": "x", "output": "y"})).is(201);
    let why = api.put("/api/v1/agents/helper", &json!({"kind": "json"})).is_invalid_at("/kind");
    assert!(why.contains("can't change any more"), "{why}");
}

#[test]
fn texts_that_turn_out_to_be_labels_can_be_exported_as_such() {
    let app = TestApp::start();
    let line = json!({"agent": "router", "external_id": "1", "input": "My card?", "output": "cash",
        "feedback": [{"verdict": "corrected", "correction": "card", "status": "accepted"}]});
    app.file("log.jsonl", &line.to_string());
    app.command(&["import", "log.jsonl"]).ok();
    assert_eq!(show(&app, "router")["kind"], "text");
    let names = app.file("labels.txt", "cash\ncard\n");
    let set = app.binary().args(["agent", "set", "router", "--kind", "label", "--labels"]);
    set.arg(&names).run().ok();
    let rows = app.api(&[Scope::Export]).get("/api/v1/signals?agent=router&format=classification");
    let row: Value = serde_json::from_str(&rows.is(200).text).unwrap();
    let wanted = json!({"text": "My card?", "label": "card", "label_id": 1, "predicted": "cash"});
    assert_eq!(row, wanted);
}

#[test]
fn deployments_are_made_and_changed_by_api_and_by_command() {
    let app = TestApp::start();
    app.agent("helper", json!({"team": "support", "review": "required"}));
    let api = app.api(&[Scope::Admin, Scope::Read]);
    let path = "/api/v1/agents/helper/deployments";
    assert_eq!(api.get(path).is(200).json(), json!({"items": [], "next": null}));
    let made = api.put(&format!("{path}/sales/staging"), &json!({"review": "none"})).is(201);
    assert_eq!((made.at("/review"), made.at("/team")), ("none".into(), "sales".into()));
    assert_eq!(
        (made.at("/visibility"), made.at("/environment")),
        ("team".into(), "staging".into())
    );
    let own = json!({"visibility": "own", "urgent_due_minutes": 30});
    let changed = api.put(&format!("{path}/sales/staging"), &own).is(200);
    assert_eq!((changed.at("/review"), changed.at("/visibility")), ("none".into(), "own".into()));
    assert_eq!(changed.json()["urgent_due_minutes"], 30);
    api.put(&format!("{path}/sales/staging"), &json!({"normal_due_minutes": 0}))
        .is_invalid_at("/normal_due_minutes");
    api.put(&format!("{path}/sales/nowhere"), &json!({})).is(404);
    api.put("/api/v1/agents/nobody/deployments/sales/staging", &json!({})).is(404);

    let deploy = |more: &[&str]| app.command(&[&["agent", "deploy"], more].concat());
    deploy(&["helper", "--team", "support", "--review", "trusted"])
        .ok()
        .says("made helper in support, production: review trusted");
    deploy(&["helper", "--team", "support", "--review", "none"]).ok().says("changed helper");
    deploy(&["nobody", "--team", "support"]).fails_with(1).says("there is no agent `nobody`");
    let first = api.get(&format!("{path}?limit=1")).is(200);
    assert_eq!(first.at("/items/0/team"), "support", "newest first");
    let next = api.get(&format!("{path}?limit=1&cursor={}", first.at("/next"))).is(200);
    assert_eq!(
        (next.at("/items/0/team"), next.json()["next"].clone()),
        ("sales".into(), Value::Null)
    );
    api.log(&json!({"agent": "helper", "input": "x", "output": "y"})).is(201);
    let known = api.get(path).is(200);
    assert_eq!(known.json()["items"].as_array().unwrap().len(), 2, "an interaction finds its own");
}

#[test]
fn categories_are_a_tree_that_keeps_what_was_said() {
    let app = TestApp::start();
    let tree = "wrong_answer: Wrong answer\n  outdated: Out of date\n  made_up\ntone\n";
    let file = app.file("categories.txt", tree);
    app.binary().args(["agent", "set", "helper", "--categories"]).arg(&file).run().ok();
    let agent = show(&app, "helper");
    assert_eq!(agent["categories"][0]["children"][1]["slug"], "made_up");
    assert_eq!(agent["categories"][0]["children"][1]["name"], "Made up");
    let api = app.api(&[Scope::Ingest, Scope::Feedback, Scope::Read]);
    let logged = api.log(&json!({"agent": "helper", "input": "x", "output": "y"})).is(201);
    let said =
        json!({"interaction": logged.at("/id"), "verdict": "rejected", "category": "made_up"});
    api.judge(&said).is(201);
    let unknown =
        json!({"interaction": logged.at("/id"), "verdict": "rejected", "category": "new"});
    let why = api.judge(&unknown).is_invalid_at("/category");
    assert!(why.contains("`new` is no category here"), "{why}");

    // Taken out of the tree, it is still what that feedback says.
    app.agent("helper", json!({"categories": [{"slug": "tone", "name": "The tone"}]}));
    let list = api.get("/api/v1/feedback?category=made_up").is(200).json();
    assert_eq!(list["items"][0]["category"], "made_up");
    assert_eq!(show(&app, "helper")["categories"], json!([{"slug": "tone", "name": "The tone"}]));
    let wrong = app.file("categories.txt", "a\n    b\n");
    let set = app.binary().args(["agent", "set", "helper", "--categories"]).arg(&wrong).run();
    set.fails_with(1).says("line 2: indent by two spaces");
}

#[test]
fn an_admin_makes_and_changes_an_agent_on_its_page() {
    let app = TestApp::start();
    let root = app.admin();
    let empty = root.open("/admin/agents").is(200).sees("No agents yet");
    let form = empty.click("Make an agent").is_at("/admin/agents/new");
    assert!(form.is_chosen("Nobody's"));
    let form = form
        .fill("Name in programs", "router")
        .fill("Name for people", "The router")
        .pick("What it gives", "One label of a list")
        .fill("Owning team", "support")
        .fill("Labels", "billing\nreturns\n")
        .fill("What it is good at", "Finding the queue.\nQuickly.")
        .choose("That of champions and engineers");
    let page = form.press("Make the agent").is(200).is_at("/admin/agents/router");
    assert_eq!(page.value("What it is good at"), "Finding the queue.\nQuickly.");
    assert_eq!(page.value("Labels"), "billing\nreturns\n");
    assert!(page.is_chosen("That of champions and engineers"));
    assert_eq!(page.value("What it gives"), "label");
    let agent = show(&app, "router");
    assert_eq!((&agent["name"], &agent["review"]), (&json!("The router"), &json!("trusted")));
    assert_eq!(agent["good_at"], "Finding the queue.\nQuickly.");

    let page = page.fill("Labels", "returns\nother\n").choose("Everybody's").press("Save").is(200);
    page.sees("Retired: billing");
    let wanted = named(&[(0, "billing", true), (1, "returns", false), (2, "other", false)]);
    assert_eq!(labels(&app, "router"), wanted);
    root.open("/admin/agents").sees("The router").sees("none").click("The router").is(200);
}

#[test]
fn a_mistake_in_the_form_comes_back_with_everything_typed() {
    let app = TestApp::start();
    let root = app.admin();
    let form = root.open("/admin/agents/new").fill("Name in programs", "Not A Slug");
    let form = form.fill("Name for people", "Helper").fill("What it is not for", "Law & taxes <b>");
    let form = form.pick("What it gives", "One label of a list").fill("Labels", "a\na\n");
    let page = form.fill("Minutes until someone should have looked", "soon");
    let page = page.press("Make the agent").is(422);
    assert_eq!(page.value("Name in programs"), "Not A Slug");
    assert_eq!(page.value("What it is not for"), "Law & taxes <b>");
    assert_eq!(page.value("Minutes until someone should have looked"), "soon");
    assert_eq!(page.value("Labels"), "a\na\n");
    assert!(page.text().contains("put right"), "{}", page.text());
    let page = page.fill("Minutes until someone should have looked", "60");
    let page = page.fill("Name in programs", "helper").press("Make the agent").is(422);
    let page = page.sees("line 2: `a` is there twice").fill("Labels", "a\nb\n");
    page.press("Make the agent").is(200).is_at("/admin/agents/helper");
    let again = root.open("/admin/agents/new").fill("Name in programs", "helper");
    let again = again.fill("Name for people", "Helper").press("Make the agent");
    again.is(422).sees("is taken already");
}

#[test]
fn a_deployment_has_settings_of_its_own() {
    let app = TestApp::start();
    app.agent("helper", json!({"team": "support"}));
    let api = app.api(&[Scope::Admin]);
    api.log(&json!({"agent": "helper", "input": "x", "output": "y", "team": "sales"})).is(201);
    api.log(&json!({"agent": "helper", "input": "x", "output": "y"})).is(201);
    let root = app.admin();
    let page = root.open("/admin/agents/helper").sees("production").sees("sales");
    let form = page.click("sales").is(200).sees("it no longer follows the agent");
    let form = form.pick("Whose feedback counts at once", "Everybody's");
    let bad = form.fill("Minutes until someone should have looked", "never").press("Save").is(422);
    assert_eq!(bad.value("Whose feedback counts at once"), "none");
    let saved = bad.fill("Minutes until someone should have looked", "15").press("Save");
    saved.is(200).is_at("/admin/agents/helper");
    // A new default reaches those that had the old one.
    app.agent("helper", json!({"review": "trusted"}));
    let page = root.open("/admin/agents/helper");
    let rows = page.elements("tbody tr");
    let row = |team: &str| rows.iter().find(|row| row.contains(team)).unwrap().clone();
    assert!(row("sales").contains("none"), "{rows:?}");
    assert!(row("support").contains("trusted"), "{rows:?}");
}

#[test]
fn a_form_sent_after_the_session_ran_out_is_kept_until_one_is_back() {
    let app = TestApp::start();
    let root = app.admin();
    let form = root.open("/admin/agents/new").fill("Name in programs", "helper");
    let form = form.fill("Name for people", "Helper").fill("What it is good at", "One\nTwo");
    let large = root.open("/admin/agents/new");
    root.open("/").press("Sign out");
    let kept = form.press("Make the agent").is(401).sees("What you typed is still here");
    assert_eq!(kept.hidden("good_at"), "One\nTwo");
    // So is a long one.
    let long = "x".repeat(600_000);
    let kept_long = large.fill("What it is good at", &long).press("Make the agent").is(401);
    assert_eq!(kept_long.hidden("good_at").len(), long.len());
    let link = app.command(&["user", "add", "root@example.com"]).ok().line().to_owned();
    let path = link.split_once("/sign-in/").unwrap().1.to_owned();
    root.open(&format!("/sign-in/{path}")).press("Sign in as Root").is(200);
    kept.press("Send again").is(200).is_at("/admin/agents/helper");
    assert_eq!(show(&app, "helper")["good_at"], "One\nTwo");
}

#[test]
fn agents_are_listed_newest_first_a_page_at_a_time() {
    let app = TestApp::start();
    for slug in ["b", "c", "a"] {
        app.agent(slug, json!({}));
    }
    let api = app.api(&[Scope::Read]);
    let first = api.get("/api/v1/agents?limit=2").is(200);
    assert_eq!((first.at("/items/0/slug"), first.at("/items/1/slug")), ("a".into(), "c".into()));
    let link = first.header("link").to_owned();
    let next = link.strip_prefix('<').and_then(|rest| rest.split_once('>')).unwrap();
    assert_eq!(next.1, "; rel=\"next\"");
    let last = api.get(next.0).is(200);
    assert_eq!(last.at("/items/0/slug"), "b");
    assert_eq!(last.json()["next"], Value::Null);
    assert_eq!(last.header("link"), "");
    for wrong in ["limit=0", "limit=501", "limit=x"] {
        api.get(&format!("/api/v1/agents?{wrong}")).is_invalid_at("/limit");
    }
}
