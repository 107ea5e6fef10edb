//! The people of the demo. All are made up.

use super::random::Random;
use crate::accounts::model::{Membership, Person, PersonId, Team};
use crate::accounts::{self, Who};
use crate::audit::Actor;
use crate::clock;
use crate::db::{Conn, Db};
use crate::error::AppResult;
use crate::schema::{memberships, people, teams};
use diesel::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// What a person is in their team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Member,
    Champion,
    Manager,
    Engineer,
    Admin,
}

/// Name, address before the @, team's slug and part.
pub const CAST: &[(&str, &str, &str, Part)] = &[
    ("Noor Haddad", "noor.haddad", "support", Part::Member),
    ("Tomás Rivera", "tomas.rivera", "support", Part::Member),
    ("Ifeoma Okafor", "ifeoma.okafor", "support", Part::Member),
    ("Jun Takeda", "jun.takeda", "support", Part::Member),
    ("Lena Fischer", "lena.fischer", "support", Part::Champion),
    ("Marcus Bell", "marcus.bell", "support", Part::Manager),
    ("Priya Raman", "priya.raman", "finance", Part::Member),
    ("Oluwaseun Adeyemi", "seun.adeyemi", "finance", Part::Member),
    ("Greta Lindqvist", "greta.lindqvist", "finance", Part::Member),
    ("Samuel Osei", "samuel.osei", "finance", Part::Champion),
    ("Beatriz Carvalho", "beatriz.carvalho", "finance", Part::Manager),
    ("Kwame Mensah", "kwame.mensah", "analytics", Part::Member),
    ("Yuki Sato", "yuki.sato", "analytics", Part::Member),
    ("Hana Nováková", "hana.novakova", "analytics", Part::Member),
    ("Diego Morales", "diego.morales", "analytics", Part::Champion),
    ("Fatima Alaoui", "fatima.alaoui", "analytics", Part::Manager),
    ("Aroha Ngata", "aroha.ngata", "people", Part::Member),
    ("Mateusz Zieliński", "mateusz.zielinski", "people", Part::Member),
    ("Leilani Kahale", "leilani.kahale", "people", Part::Member),
    ("Chidi Eze", "chidi.eze", "people", Part::Member),
    ("Sofia Papadaki", "sofia.papadaki", "people", Part::Champion),
    ("Ravi Patel", "ravi.patel", "people", Part::Manager),
    ("Mina Park", "mina.park", "", Part::Engineer),
    ("Ana Marques", "ana.marques", "", Part::Admin),
];

/// Whether nobody can sign in yet.
pub fn nobody(conn: &mut Conn) -> AppResult<bool> {
    let someone = people::table.filter(people::can_sign_in);
    Ok(!diesel::select(diesel::dsl::exists(someone)).get_result::<bool>(conn)?)
}

/// The teams: slug and name.
pub const TEAMS: &[(&str, &str)] = &[
    ("support", "Customer support"),
    ("finance", "Finance"),
    ("analytics", "Analytics"),
    ("people", "People operations"),
];

/// Those whose sign-in links are printed: kind, and address before the @.
const KINDS: &[(&str, &str)] = &[
    ("member", "noor.haddad"),
    ("champion", "lena.fischer"),
    ("manager", "marcus.bell"),
    ("engineer", "mina.park"),
    ("admin", "ana.marques"),
];

/// How long a printed link works.
const LINK_MINUTES: i64 = 30 * 24 * 60;

/// The address of a person of the cast.
pub fn address(local: &str) -> String {
    format!("{local}@example.com")
}

/// The addresses of a team's people who judge, the most eager more often.
pub fn judge(random: &mut Random, team: &str) -> String {
    let all: Vec<&str> = CAST
        .iter()
        .filter(|(_, _, of, part)| *of == team && *part != Part::Manager)
        .map(|(_, local, _, _)| *local)
        .collect();
    let eager = random.percent(30.0);
    address(if eager { all[0] } else { random.of(&all) })
}

/// The address of a team's champion.
pub fn champion(team: &str) -> String {
    let found = CAST.iter().find(|(_, _, of, part)| *of == team && *part == Part::Champion);
    found.map(|(_, local, _, _)| address(local)).unwrap_or_default()
}

/// Makes teams and people.
pub fn make(conn: &mut Conn) -> AppResult<()> {
    let mut ids = HashMap::new();
    for (slug, name) in TEAMS {
        let team = accounts::actions::ensure_team(conn, Actor::System, slug)?;
        diesel::update(teams::table.find(team.id)).set(teams::name.eq(*name)).execute(conn)?;
        ids.insert(*slug, team);
    }
    for (name, local, team, part) in CAST {
        let id = add(conn, name, &address(local), *part)?;
        if let Some(team) = ids.get(team) {
            join(conn, id, team, *part)?;
        }
    }
    // One manager looks after two teams, as it happens.
    if let (Some(marcus), Some(team)) =
        (accounts::queries::find_by_address(conn, &address("marcus.bell"))?, ids.get("finance"))
    {
        join(conn, marcus.id, team, Part::Manager)?;
    }
    Ok(())
}

fn add(conn: &mut Conn, name: &str, address: &str, part: Part) -> AppResult<PersonId> {
    let now = clock::now();
    let person = Person {
        id: PersonId::new(),
        address: Some(address.to_owned()),
        name: name.to_owned(),
        can_sign_in: true,
        is_engineer: part == Part::Engineer,
        is_admin: part == Part::Admin,
        verified_at: Some(now),
        deactivated_at: None,
        created_at: now,
        time_zone: None,
        language: None,
    };
    diesel::insert_into(people::table).values(&person).execute(conn)?;
    Ok(person.id)
}

fn join(conn: &mut Conn, person: PersonId, team: &Team, part: Part) -> AppResult<()> {
    let (champion, manager) = (part == Part::Champion, part == Part::Manager);
    accounts::actions::join_team(conn, person, team.id, champion, manager)
}

/// Everybody of the cast who is there, by address, as if signed in.
pub fn signed_in(conn: &mut Conn) -> AppResult<HashMap<String, Arc<Who>>> {
    let mut all = HashMap::new();
    for (_, local, _, _) in CAST {
        let address = address(local);
        let Some(person) = accounts::queries::find_by_address(conn, &address)? else { continue };
        let memberships: Vec<Membership> = memberships::table
            .filter(memberships::person_id.eq(person.id))
            .select(memberships::all_columns)
            .load(conn)?;
        all.insert(address, Arc::new(Who { person, memberships }));
    }
    Ok(all)
}

/// A reusable sign-in link for one person of each kind: kind, token and name.
pub fn links(db: &Db) -> AppResult<Vec<(&'static str, String, String)>> {
    db.write_now(|conn| {
        let mut links = Vec::new();
        for (kind, local) in KINDS {
            let found = accounts::queries::find_by_address(conn, &address(local))?;
            let Some(person) = found else { continue };
            let token = accounts::make_sign_in_link(conn, person.id, true, LINK_MINUTES)?;
            links.push((*kind, token, person.name));
        }
        Ok(links)
    })
}
