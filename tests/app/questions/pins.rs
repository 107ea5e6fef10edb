//! Good answers, pinned to the agent for everybody who uses it in the team.

use super::house;
use overrule::accounts::Scope;
use serde_json::json;

#[test]
fn a_good_answer_is_pinned_where_end_users_read_what_the_agent_is_good_at() {
    let house = house();
    let interaction = house.log("Where is my parcel?");
    let path = house.ask(&house.mia, "Mr. Smith wants to know: is “tomorrow” right?");
    house.mia.open(&path).does_not_see("Pin an answer");
    let answer = "Never on Sundays.";
    let page = house.cleo.open(&path).fill("Your answer", answer).press("Send").is(200);
    assert_eq!(page.value("The answer"), answer);
    let page = page.fill("The question, as everybody should read it", " ").press("Pin it").is(422);
    let page = page.sees("Write something first.");
    assert_eq!(page.value("The answer"), answer);
    let page = page.fill("The question, as everybody should read it", "Is “tomorrow” right?");
    page.press("Pin it").is(200).sees("Pinned to the agent");
    house.mia.open(&interaction).sees("Is “tomorrow” right?").sees(answer);

    // By the link under an answer too, and in this team only.
    let api = house.app.api(&[Scope::Admin]);
    let link = |team: &str| {
        let line = json!({"agent": "helper", "team": team, "input": "Hm?", "output": "So."});
        let url = api.log(&line).is(201).at("/correct_url");
        url.strip_prefix(house.app.url()).unwrap().to_owned()
    };
    house.app.browser().open(&link("support")).sees(answer).does_not_see("Mr. Smith");
    house.app.browser().open(&link("sales")).is(200).does_not_see(answer);

    let page = house.cleo.open(&path).fill("The answer", "Only on Mondays.");
    page.press("Change what is pinned").is(200);
    house.mia.open(&interaction).sees("Only on Mondays.").does_not_see(answer);
    house.cleo.open(&path).press("Take it away again").is(200).sees("Pin an answer to the agent");
    house.mia.open(&interaction).does_not_see("Only on Mondays.");
    let log = house.app.admin().open("/admin/audit");
    log.sees("question.pin").sees("question.unpin").does_not_see("Only on Mondays.");
}

#[test]
fn only_so_much_is_pinned_as_is_read() {
    let house = house();
    let pin = |n: usize| {
        let path = house.ask(&house.mia, &format!("Question {n}?"));
        house.cleo.open(&path).fill("The answer", "So.").press("Pin it")
    };
    for n in 0..12 {
        pin(n).is(200);
    }
    pin(12).is(422).sees("Twelve answers are pinned already");
}
