//! Teams: made by admins, looked after by their own champions and managers.

use super::{id_of, post};
use crate::support::TestApp;
use overrule::accounts::Scope;
use serde_json::json;

#[test]
fn an_admin_makes_a_team_and_says_who_is_what() {
    let app = TestApp::start();
    let admin = app.admin();
    app.person("ada@example.com", "Ada", &[]);
    let teams = admin.open("/admin/teams").is(200);
    let form = teams.fill("Name", "Customer care").fill("Name in programs", "No Slug");
    let again = form.press("Make the team").is(422).sees("1 to 100 of a-z");
    assert_eq!(again.value("Name"), "Customer care");
    let team = again.fill("Name in programs", "care").press("Make the team").is(200);
    let team =
        team.sees("Customer care").fill("Add somebody by their e-mail address", "Ada@example.com");
    let team = team.press("Add to the team").is(200).sees("They are in the team now.").sees("Ada");
    let form = format!("/teams/care/members/{}", id_of(&app, "ada@example.com"));
    assert_eq!(post(&admin, &form, "is_champion=1"), 303);
    admin.open(&team.path).sees("champion");
    admin.open("/admin/teams").sees("Customer care").sees("1");
    let taken = admin.open("/admin/teams").fill("Name", "Other").fill("Name in programs", "care");
    taken.press("Make the team").is(422).sees("is taken already");
    admin.open("/teams/care").fill("Name", "Care").press("Rename").is(200).sees("Saved.");
}

#[test]
fn a_leader_manages_their_own_members_and_nothing_else() {
    let app = TestApp::start();
    app.agent("helper", json!({"team": "support"}));
    let logged = json!({"agent": "helper", "input": "How?", "output": "So."});
    app.api(&[Scope::Admin]).log(&logged).is(201);
    let cleo = app.person("cleo@example.com", "Cleo", &["support:champion"]).signed_in();
    let max = app.person("max@example.com", "Max", &["support:manager"]).signed_in();
    let mia = app.person("mia@example.com", "Mia", &["support"]).signed_in();
    let otto = app.person("otto@example.com", "Otto", &["sales:champion"]).signed_in();
    app.person("new@example.com", "Newcomer", &[]);
    let mine = cleo.open("/").click("My team").is(200).is_at("/teams/support");
    mine.sees("Max").sees("Helper").does_not_see("Otto").does_not_see("Rename");
    for leader in [&cleo, &max] {
        let team = leader.open("/teams/support");
        let team = team.fill("Add somebody by their e-mail address", "new@example.com");
        team.press("Add to the team").is(200).sees("Newcomer");
        let again = leader.open("/teams/support");
        let again = again.fill("Add somebody by their e-mail address", "new@example.com");
        again.press("Add to the team").is(422).sees("is in the team already");
        leader.open("/teams/support").press("Take out Newcomer").is(200);
    }
    let stranger = cleo.open("/teams/support");
    let stranger = stranger.fill("Add somebody by their e-mail address", "who@example.com");
    stranger.press("Add to the team").is(422).sees("an admin can invite them");

    let member = |who: &str| format!("/teams/support/members/{}", id_of(&app, who));
    for leader in [&cleo, &max] {
        assert_eq!(post(leader, &member("mia@example.com"), "is_manager=1"), 403);
        assert_eq!(post(leader, &format!("{}/remove", member("max@example.com")), ""), 403);
        assert_eq!(post(leader, "/teams/support", "name=Mine"), 403);
        assert_eq!(post(leader, "/teams/sales/members", "email=new@example.com"), 404);
        leader.open("/teams/sales").is(404);
        leader.open("/admin/people").is(403);
    }
    assert_eq!(post(&mia, "/teams/support/members", "email=new@example.com"), 403);
    assert_eq!(post(&otto, &format!("{}/remove", member("mia@example.com")), ""), 404);
    app.engineer().open("/teams/support").is(403);
    cleo.open("/teams/support").sees("Mia");
}
