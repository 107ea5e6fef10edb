//! The tree of categories, as an admin shapes it and as everybody meets it afterwards.

use crate::support::{Api, Browser, TestApp};
use overrule::accounts::Scope;
use serde_json::{Value, json};

struct Scene {
    app: TestApp,
    root: Browser,
    api: Api,
}

/// An agent with a tree: wrong (with price and date under it), tone, other.
fn scene() -> Scene {
    let app = TestApp::start();
    let leaf = |slug: &str, name: &str| json!({"slug": slug, "name": name});
    app.agent(
        "helper",
        json!({"team": "support", "review": "required", "categories": [
        {"slug": "wrong", "name": "Wrong", "children": [
            leaf("price", "Wrong price"), leaf("date", "Wrong date")]},
        leaf("tone", "Tone"), leaf("other", "Something else")]}),
    );
    let (root, api) = (app.admin(), app.api(&[Scope::Admin]));
    Scene { app, root, api }
}

impl Scene {
    /// Somebody says that an answer is wrong, and why.
    fn said(&self, input: &str, category: &str) {
        let line = json!({"agent": "helper", "input": input, "output": "Five euro.",
            "feedback": [{"author": "ana@example.com", "verdict": "corrected",
                "correction": "Six euro.", "category": category}]});
        self.api.log(&line).is(201);
    }

    fn path(&self, category: &str) -> String {
        format!("/admin/agents/helper/categories/{category}")
    }

    /// The questions whose answers were said to be wrong for this reason.
    fn feedback(&self, category: &str) -> usize {
        let path = format!("/api/v1/feedback?category={category}");
        self.api.get(&path).is(200).json()["items"].as_array().unwrap().len()
    }

    fn tree(&self) -> Value {
        self.api.get("/api/v1/agents/helper").is(200).json()["categories"].clone()
    }

    /// The categories of the exported feedback.
    fn exported(&self) -> Vec<String> {
        let path = "/api/v1/signals?agent=helper&format=signals&status=any";
        let text = self.api.get(path).is(200).text;
        let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.map(|row| row["feedback"][0]["category"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn a_merge_is_looked_at_then_done_and_everything_follows_the_survivor() {
    let scene = scene();
    scene.said("How much?", "price");
    scene.said("How much is it?", "price");
    scene.said("How rude?", "tone");
    let page = scene.root.open("/admin/agents/helper").is(200).click("– Wrong price").is(200);
    let page = page.sees("named in 2 of the newest 1,000 judgements");
    let page = page.pick("Merge it into", "Tone").press("Look at the merge").is(200);
    let page = page.sees("“Wrong price” becomes part of “Tone” and is offered no more.");
    let page = page.sees("2 of the newest 1,000 judgements name “Wrong price”.");
    let page = page.sees("That counts as “Tone” from now on, in filters and exports too.");
    assert_eq!(scene.feedback("price"), 2, "nothing is done by looking");
    let page = page.press("Merge them").is(200).is_at("/admin/agents/helper/categories");
    page.sees("Wrong price, now part of Tone");

    assert_eq!((scene.feedback("tone"), scene.feedback("price")), (3, 3));
    assert_eq!(scene.exported(), ["tone", "tone", "tone"]);
    let cleo = scene.app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let page = cleo.open("/triage?category=tone").is(200);
    page.sees("How much?").sees("How much is it?").sees("How rude?").sees("Tone (3)");
    cleo.open("/triage?category=price").sees("How much?").sees("How rude?");
    cleo.open("/triage?category=other").does_not_see("How much?");
    // It is offered no more, and who names it says what it became.
    let mia = scene.app.person("mia@example.com", "Mia", &["support"]).signed_in();
    let page = mia.open("/interactions").click("How rude?");
    let offered = page.options("What is wrong with it?");
    assert!(offered.iter().all(|(slug, _)| slug != "price"), "{offered:?}");
    scene.said("How late?", "price");
    assert_eq!(scene.feedback("tone"), 4);

    // A dataset by category has all of it.
    let question = json!({"agents": ["helper"], "format": "sft", "status": "any",
        "categories": ["tone"]});
    crate::datasets::save(&scene.api, "tones", &question);
    let release = crate::datasets::release(&scene.api, "tones");
    let rows: u64 = (release["files"].as_array().unwrap().iter())
        .filter(|file| file["name"].as_str().unwrap().ends_with(".jsonl"))
        .map(|file| file["rows"].as_u64().unwrap())
        .sum();
    assert_eq!(rows, 4, "{release}");

    // What was merged comes back with what was said with it.
    let page = scene.root.open(&scene.path("price")).press("Look at using it again").is(200);
    let page = page.sees("That counts as “Wrong price” again, no longer as “Tone”.");
    page.press("Use it again").is(200);
    assert_eq!((scene.feedback("tone"), scene.feedback("price")), (2, 2));
    let log = scene.root.open("/admin/audit").is(200);
    log.sees("category.change");
}

#[test]
fn a_merge_into_itself_or_its_child_is_refused_with_a_sentence() {
    let scene = scene();
    let page = scene.root.open(&scene.path("wrong"));
    let page = page.pick("Merge it into", "– Wrong price").press("Look at the merge").is(422);
    let why = "“Wrong price” is under “Wrong”, so “Wrong” can't be merged into it. \
        Move “Wrong price” first.";
    page.sees(why);
    let itself = format!("{}?act=merge&into=wrong", scene.path("wrong"));
    scene.root.open(&itself).is(422).sees("“Wrong” can't be merged into itself.");
    let under = format!("{}?act=move&under=date", scene.path("wrong"));
    scene.root.open(&under).is(422).sees("so “Wrong” can't be moved under it");
    scene.root.open(&format!("{}?act=merge&into=nothing", scene.path("wrong"))).is(422);
    scene.root.open(&scene.path("nothing")).is(404);
    assert_eq!(scene.tree()[0]["children"].as_array().unwrap().len(), 2);
}

#[test]
fn what_was_merged_twice_is_one_step_from_its_survivor() {
    let scene = scene();
    scene.said("How much?", "price");
    for (from, into) in [("price", "– Wrong date"), ("date", "Tone"), ("wrong", "Something else")]
    {
        let page = scene.root.open(&scene.path(from)).pick("Merge it into", into);
        page.press("Look at the merge").is(200).press("Merge them").is(200);
    }
    assert_eq!(scene.exported(), ["tone"]);
    assert_eq!(
        (scene.feedback("tone"), scene.feedback("date"), scene.feedback("wrong")),
        (1, 1, 0)
    );
    let left =
        json!([{"slug": "tone", "name": "Tone"}, {"slug": "other", "name": "Something else"}]);
    assert_eq!(scene.tree(), left);
    // A program that sends the old tree is told, not silently half obeyed.
    let old = json!({"categories": [{"slug": "price"}, {"slug": "tone"}]});
    scene.api.put("/api/v1/agents/helper", &old).is_invalid_at("/categories");
}

#[test]
fn categories_are_renamed_moved_split_retired_and_added() {
    let scene = scene();
    scene.said("How much?", "wrong");
    let page = scene.root.open(&scene.path("wrong")).fill("Name for people", " ").press("Rename");
    let page = page.is(422).sees("A name has 1 to 200 characters.");
    page.fill("Name for people", "Not right").press("Rename").is(200).sees("Not right");
    let page = scene.root.open(&scene.path("date")).pick("Move it", "At the top");
    let page = page.press("Look at the move").is(200).sees("“Wrong date” moves to the top.");
    page.press("Move it").is(200);
    let page = scene.root.open(&scene.path("wrong"));
    let page = page.fill("Split it into", "vat: Without tax\ntone").press("Look at the parts");
    let page = page.is(422).sees("“tone” is there already");
    let page = page.fill("Split it into", "vat: Without tax\nrounding").press("Look at the parts");
    let page = page.is(200).sees("New under “Not right”: “Without tax”, “Rounding”.");
    page.sees("That stays with “Not right”").press("Split it").is(200);
    let names = |slug: &str| -> Vec<String> {
        let tree = scene.tree();
        let all = tree.as_array().unwrap();
        let found = all.iter().find(|node| node["slug"] == slug).unwrap();
        let children = found["children"].as_array().unwrap().iter();
        children.map(|node| node["slug"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("wrong"), ["price", "vat", "rounding"]);
    // Retired, it leaves its place to what is under it, and what was said with it stays.
    let page = scene.root.open(&scene.path("wrong")).press("Look at retiring it").is(200);
    let page = page.sees("“Wrong price”, “Without tax”, “Rounding” move to the top.");
    page.press("Retire it").is(200).sees("No longer offered").sees("Not right");
    assert_eq!(scene.exported(), ["wrong"]);
    let page = scene.root.open("/admin/agents/helper/categories");
    let page = page.fill("Name for people", "Too long").fill("Name in programs", "too long");
    let page = page.press("Add it").is(422).sees("no name for programs");
    let page = page.fill("Name in programs", "long").pick("Where it stands", "Tone");
    page.press("Add it").is(200).sees("– Too long");
    assert_eq!(names("tone"), ["long"]);
    // The agent's own form leaves the tree alone.
    let page = scene.root.open("/admin/agents/helper").fill("Name for people", "The helper");
    page.press("Save").is(200);
    assert_eq!(names("tone"), ["long"]);
}
