//! How much people agreed about the agents of a release: on its page, on its card and in its
//! manifest, as it was when it was built.

use super::{file, folder, release, save, send};
use crate::support::{Command, TestApp};
use overrule::accounts::Scope;
use serde_json::{Value, json};

/// The example of Krippendorff (2011): its alpha for two judges is 0.692.
const TWO: [&str; 12] = ["ab", "aa", "bb", "bb", "db", "cc", "cc", "cc", "ee", "dd", "dd", "ad"];

/// Two people judge twelve answers of an agent in a team.
fn judged(app: &TestApp, agent: &str, team: &str) {
    let labels = ["a", "b", "c", "d", "e"];
    app.agent(agent, json!({"kind": "label", "labels": labels, "review": "none"}));
    let line = |(n, said): (usize, &&str)| {
        let one = |(judge, right): (usize, char)| match right {
            'a' => json!({"author": format!("p{judge}@example.com"), "verdict": "confirmed"}),
            _ => json!({"author": format!("p{judge}@example.com"), "verdict": "corrected",
                "correction": right.to_string()}),
        };
        json!({"agent": agent, "team": team, "external_id": format!("{team} {n}"),
            "input": format!("{agent} {team} {n}?"), "output": "a",
            "feedback": said.chars().enumerate().map(one).collect::<Vec<_>>()})
    };
    send(app, TWO.iter().enumerate().map(line).collect());
}

fn question(agents: &[&str]) -> Value {
    json!({"agents": agents, "format": "sft", "conflicts": "majority"})
}

fn manifest(app: &TestApp, name: &str) -> Value {
    let text = file(&app.api(&[Scope::Export]), name, &json!(1), "manifest.json");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_card_says_how_much_people_agreed_and_stays_what_it_was() {
    let mut app = TestApp::builder().with(|config| config.limits.agreement_items = 4).start();
    judged(&app, "router", "support");
    let api = app.api(&[Scope::Export, Scope::Read, Scope::Admin]);
    save(&api, "routes", &question(&["router"]));
    release(&api, "routes");
    let told = manifest(&app, "routes")["alpha"].clone();
    let now = api.get("/api/v1/agents/router/agreement").is(200).json();
    let wanted = json!({"least": 4, "agents": [{"agent": "router", "people": now["people"],
        "reviewers": now["reviewers"]}]});
    assert_eq!(told, wanted, "what the program says of the agent just now");
    let alpha = told["agents"][0]["people"]["alpha"].as_f64().unwrap();
    assert!((alpha - 0.692).abs() < 0.000_5, "{alpha}");
    let card = file(&api, "routes", &json!(1), "README.md");
    let line =
        card.lines().find(|line| line.starts_with("| People who labelled the same answer |"));
    let line = line.unwrap_or_else(|| panic!("no agreement in {card}"));
    assert!(line.starts_with("| People who labelled the same answer | 0.69 | 0."), "{line}");
    assert!(line.ends_with(" | 75 % | 12 answers |"), "{line}");
    // How far its own rows contradict one another is said apart.
    assert!(
        card.contains("12 inputs in here were judged by several; of 9 of them (75 %)"),
        "{card}"
    );
    let page = app.engineer().open("/datasets/routes/releases/1").sees("How much people agreed");
    page.sees("0.69").sees("75 %").sees("12 answers").sees("Shown from 4 answers or items on");

    // Somebody changes their mind, and another machine makes the files again.
    app.command(&["dataset", "download", "routes", "1", "--out", "before"]).ok();
    let before = folder(&app.folder().join("before"));
    let key = json!({"agent": "router", "environment": "production", "external_id": "support 0"});
    let said = json!({"interaction": key, "author": "p1@example.com", "verdict": "confirmed"});
    api.judge(&said).is(201);
    let later = api.get("/api/v1/agents/router/agreement").is(200).json();
    assert_ne!(later["people"], now["people"]);
    std::fs::remove_dir_all(app.folder().join("releases")).unwrap();
    app.command(&["dataset", "download", "routes", "1", "--out", "after"]).ok();
    assert_eq!(folder(&app.folder().join("after")), before);
    app.stop();
    let other = tempfile::tempdir().unwrap();
    let target = format!("sqlite:{}", other.path().join("moved.db").display());
    app.command(&["copy", "--to", &target]).ok();
    let out = other.path().join("moved");
    let moved = Command::in_folder(other.path()).arg("--data-dir").arg(other.path());
    let moved = moved.env("DATABASE_URL", &target);
    moved.args(["dataset", "download", "routes", "1", "--out"]).arg(&out).run().ok();
    assert_eq!(folder(&out), before);
}

#[test]
fn too_few_judged_twice_are_not_shown_and_the_card_says_so() {
    let app = TestApp::start();
    judged(&app, "router", "support");
    let api = app.api(&[Scope::Export]);
    save(&api, "routes", &question(&["router"]));
    release(&api, "routes");
    let people = &manifest(&app, "routes")["alpha"]["agents"][0]["people"];
    let wanted = json!({"units": 12, "judgements": 24, "alpha": null, "interval": null,
        "raw": null});
    assert_eq!(people, &wanted);
    let card = file(&api, "routes", &json!(1), "README.md");
    assert!(
        card.contains("| People who labelled the same answer | – | – | – | 12 answers |"),
        "{card}"
    );
    assert!(card.contains("| Reviewers who decided the same item | – | – | – | none |"), "{card}");
    assert!(card.contains("rests on fewer than 20 answers or items is not shown"), "{card}");
    app.engineer().open("/datasets/routes/releases/1").sees("Shown from 20 answers or items on");
    // The command builds by the same limit.
    app.file("overrule.toml", "[limits]\nagreement_items = 12\n");
    app.command(&["--config", "overrule.toml", "dataset", "release", "routes"]).ok();
    let card = file(&api, "routes", &json!(2), "README.md");
    assert!(card.contains("| People who labelled the same answer | 0.69 |"), "{card}");
}

#[test]
fn each_agent_has_its_figures_in_the_teams_that_are_asked_for() {
    let app = TestApp::builder().with(|config| config.limits.agreement_items = 4).start();
    for (agent, team) in [("one", "support"), ("one", "sales"), ("two", "support")] {
        judged(&app, agent, team);
    }
    let api = app.api(&[Scope::Export]);
    save(&api, "both", &question(&["one", "two"]));
    release(&api, "both");
    let mut asked = question(&["one", "two"]);
    asked["teams"] = json!(["sales"]);
    save(&api, "sales", &asked);
    release(&api, "sales");
    let units = |name: &str| {
        let alpha = manifest(&app, name)["alpha"].clone();
        let agents = alpha["agents"].as_array().unwrap().clone();
        agents.iter().map(|each| each["people"]["units"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        (units("both"), units("sales")),
        (vec![json!(24), json!(12)], vec![json!(12), json!(0)])
    );
    let card = file(&api, "both", &json!(1), "README.md");
    assert!(card.contains("| one: people | 0.6") && card.contains("| two: people | 0.6"), "{card}");
    assert!(card.contains("about all that its agents answered"), "{card}");
    let page = app.engineer().open("/datasets/sales/releases/1");
    page.sees("about what its agents answered in the teams that it asks for");
}
