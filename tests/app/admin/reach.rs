//! Keys that are for some agents or teams: what is beyond them is not there.

use crate::support::{Answer, Api, TestApp};
use overrule::accounts::Scope;
use overrule::accounts::keys::{self, NewKey};
use overrule::audit::Actor;
use serde_json::json;

/// A program whose key has these scopes, for these agents and teams.
pub fn limited(app: &TestApp, scopes: &[Scope], agents: &[&str], teams: &[&str]) -> Api {
    let list = |words: &[&str]| {
        (!words.is_empty()).then(|| words.iter().map(|&word| word.to_owned()).collect())
    };
    let new = NewKey {
        name: "limited".into(),
        scopes: scopes.to_vec(),
        agents: list(agents),
        teams: list(teams),
        valid_days: None,
    };
    let made = app.write(move |conn| keys::create(conn, Actor::CommandLine, &new));
    Api::new(app.url(), Some(&made.token))
}

const ALL: &[Scope] = &[Scope::Ingest, Scope::Feedback, Scope::Triage, Scope::Export, Scope::Read];

/// Two agents, each with an interaction of its own team and one of another team, all corrected.
struct Scene {
    /// Agent, team and the interaction's id.
    logged: Vec<(&'static str, &'static str, String)>,
    /// The same with the ids of review items.
    items: Vec<(&'static str, &'static str, String)>,
}

fn scene(app: &TestApp) -> Scene {
    let admin = app.api(&[Scope::Admin]);
    let (mut logged, mut items) = (Vec::new(), Vec::new());
    for agent in ["mine", "other"] {
        app.agent(agent, json!({"team": "support", "review": "required"}));
        for team in ["support", "sales"] {
            let line = json!({"agent": agent, "team": team, "external_id": format!("{agent}-{team}"),
                "input": format!("{agent} of {team}?"), "output": "So.",
                "feedback": [{"verdict": "corrected", "correction": "No."}]});
            logged.push((agent, team, admin.log(&line).is(201).at("/id")));
        }
    }
    let waiting = admin.get("/api/v1/review-items").is(200).json();
    for item in waiting["items"].as_array().unwrap() {
        let id = item["id"].as_str().unwrap().to_owned();
        let about = &item["interaction"];
        let found = logged.iter().find(|(_, _, id)| about["id"] == id.as_str()).unwrap();
        items.push((found.0, found.1, id));
    }
    assert_eq!(items.len(), 4);
    Scene { logged, items }
}

fn count(answer: &Answer) -> usize {
    answer.json()["items"].as_array().unwrap().len()
}

/// Asks for everything with a key that is for what `is_mine` says.
fn sees_only(app: &TestApp, scene: &Scene, api: &Api, is_mine: impl Fn(&str, &str) -> bool) {
    let mine = scene.logged.iter().filter(|(agent, team, _)| is_mine(agent, team)).count();
    for (agent, team, id) in &scene.logged {
        let found = is_mine(agent, team);
        let expected = |good: u16, bad: u16| if found { good } else { bad };
        api.get(&format!("/api/v1/interactions/{id}")).is(expected(200, 404));
        let said = json!({"interaction": id, "verdict": "rejected"});
        let status = api.judge(&said).status;
        assert_eq!(matches!(status, 200 | 201), found, "{agent} {team}: {status}");
        let key = json!({"agent": agent, "external_id": format!("{agent}-{team}")});
        let status = api.judge(&json!({"interaction": key, "verdict": "rejected"})).status;
        assert_eq!(matches!(status, 200 | 201), found, "{agent} {team}: {status}");
        let line = json!({"agent": agent, "team": team, "input": "New?", "output": "Yes."});
        api.log(&line).is(expected(201, 422));
        // Whatever team it names, another's key neither tells its id nor gives a link to it.
        for named in ["support", "sales"] {
            let taken = json!({"agent": agent, "external_id": format!("{agent}-{team}"),
                "team": named, "input": "Changed?", "output": "Yes."});
            let answer = api.log(&taken);
            let tells = found && is_mine(agent, named);
            assert_eq!(answer.text.contains(id.as_str()), tells, "{}", answer.text);
        }
    }
    let listed = api.get("/api/v1/feedback").is(200).json();
    for one in listed["items"].as_array().unwrap() {
        assert!(is_mine(one["agent"].as_str().unwrap(), one["team"].as_str().unwrap()), "{one}");
    }
    assert!(listed["items"].as_array().unwrap().len() >= mine);
    for (agent, team, id) in &scene.items {
        let status = if is_mine(agent, team) { 200 } else { 404 };
        api.post("/api/v1/review-items/claim", &json!({"item": id})).is(status);
        let path = format!("/api/v1/review-items/{id}");
        let release = api.request("DELETE", &format!("{path}/claim"));
        api.send(release).is(if is_mine(agent, team) { 204 } else { 404 });
        if !is_mine(agent, team) {
            let decision = json!({"decision": "accepted"});
            api.post(&format!("{path}/decisions"), &decision).is(404);
        }
    }
    for agent in ["mine", "other"] {
        let any = scene.logged.iter().any(|(a, team, _)| *a == agent && is_mine(agent, team));
        let path = format!("/api/v1/signals?agent={agent}&format=signals&status=any");
        let file = api.get(&path).is(if any { 200 } else { 404 });
        for line in file.text.lines().filter(|_| any) {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(is_mine(agent, line["team"].as_str().unwrap()), "{line}");
        }
        api.get(&format!("/api/v1/agents/{agent}")).is(if any { 200 } else { 404 });
    }
    let agents = api.get("/api/v1/agents").is(200);
    let expected = ["mine", "other"]
        .into_iter()
        .filter(|agent| scene.logged.iter().any(|(a, team, _)| a == agent && is_mine(agent, team)));
    assert_eq!(count(&agents), expected.count(), "{}", agents.text);
    assert_eq!(
        app.api(&[Scope::Read]).get("/api/v1/agents").is(200).json()["items"][0]["slug"],
        "other",
        "newest first"
    );
}

#[test]
fn a_key_for_one_agent_sees_no_other() {
    let app = TestApp::start();
    let scene = scene(&app);
    let api = limited(&app, ALL, &["mine"], &[]);
    sees_only(&app, &scene, &api, |agent, _| agent == "mine");
}

#[test]
fn a_key_for_one_team_sees_no_other() {
    let app = TestApp::start();
    let scene = scene(&app);
    let api = limited(&app, ALL, &[], &["sales"]);
    sees_only(&app, &scene, &api, |_, team| team == "sales");
}

#[test]
fn a_key_for_one_agent_of_one_team_sees_nothing_else() {
    let app = TestApp::start();
    let scene = scene(&app);
    let api = limited(&app, ALL, &["mine"], &["support"]);
    sees_only(&app, &scene, &api, |agent, team| agent == "mine" && team == "support");
}

#[test]
fn a_key_with_the_scope_admin_is_for_everything() {
    let app = TestApp::start();
    app.agent("mine", json!({"team": "support"}));
    let admin = app.admin();
    let form = admin.open("/admin/keys/new").fill("What it is for", "x").choose("admin");
    let form = form.fill("Agents", "mine").press("Make the key").is(422);
    form.sees("a key with the scope `admin` is for all agents and teams");
}
