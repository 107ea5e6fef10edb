//! What changes people and teams; signing in and keys have a file each.

mod keys;
mod sign_in;

pub use keys::make_key;
pub use sign_in::{
    MAILED_MINUTES, PRINTED_MINUTES, ask_for_link, end_session, make_link, tidy, use_link,
};

use super::model::{Membership, Person, PersonId, Team, TeamId, normal_address};
use super::queries;
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::{Conn, Portable};
use crate::error::{AppError, AppResult};
use crate::on_backend;
use crate::schema::{people, teams};
use diesel::prelude::*;
use std::collections::{BTreeSet, HashMap};

/// The ids of people with these names or addresses; whoever was never named before becomes a
/// person who can't sign in. Two statements, however many there are.
pub fn claim_addresses<'a>(
    conn: &mut Conn,
    addresses: impl IntoIterator<Item = &'a str>,
) -> AppResult<HashMap<String, PersonId>> {
    let wanted: Vec<String> =
        addresses.into_iter().map(normal_address).collect::<BTreeSet<_>>().into_iter().collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let mut known: HashMap<_, _> = queries::ids_by_address(conn, &wanted)?.into_iter().collect();
    let missing: Vec<Person> = wanted
        .iter()
        .filter(|address| !known.contains_key(*address))
        .map(|address| claimed(Some(address.clone()), address))
        .collect();
    if !missing.is_empty() {
        on_backend!(conn, |c| diesel::insert_into(people::table)
            .values(&missing)
            .on_conflict_do_nothing()
            .execute(c))?;
        known = queries::ids_by_address(conn, &wanted)?.into_iter().collect();
    }
    Ok(known)
}

/// The person who stands for whoever holds the link to `thing`: one link is one author.
pub fn claim_link_holder(conn: &mut Conn, thing: uuid::Uuid) -> AppResult<PersonId> {
    let hash = crate::db::Hash::of(&[b"link holder", thing.as_bytes()]);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.0[..16]);
    let id = PersonId(uuid::Builder::from_custom_bytes(bytes).into_uuid());
    let holder = Person { id, ..claimed(None, "Someone with the link") };
    Portable(diesel::insert_into(people::table).values(&holder).on_conflict_do_nothing())
        .execute(conn)?;
    Ok(id)
}

fn claimed(address: Option<String>, name: &str) -> Person {
    Person {
        id: PersonId::new(),
        address,
        name: name.to_owned(),
        can_sign_in: false,
        is_engineer: false,
        is_admin: false,
        verified_at: None,
        deactivated_at: None,
        created_at: clock::now(),
    }
}

/// The team with this slug, made if it isn't there.
pub fn ensure_team(conn: &mut Conn, slug: &str) -> AppResult<Team> {
    if let Some(team) = queries::find_team(conn, slug)? {
        return Ok(team);
    }
    check_slug(slug)?;
    let team = Team {
        id: TeamId::new(),
        slug: slug.to_owned(),
        name: title(slug),
        created_at: clock::now(),
    };
    diesel::insert_into(teams::table).values(&team).execute(conn)?;
    Ok(team)
}

/// What `add_person` is told.
pub struct NewPerson {
    pub address: String,
    pub name: Option<String>,
    pub is_engineer: bool,
    pub is_admin: bool,
    /// Slug, champion, manager.
    pub teams: Vec<(String, bool, bool)>,
}

/// Adds a person who can sign in, or gives more to one who is there. A person who was only named
/// before keeps the row, so what was said under their address is theirs once they sign in.
pub fn add_person(conn: &mut Conn, by: Actor, new: &NewPerson) -> AppResult<Person> {
    let address = normal_address(&new.address);
    if address.parse::<lettre::Address>().is_err() {
        return Err(AppError::invalid("", format!("`{address}` is no mail address")));
    }
    if new.name.as_ref().is_some_and(|name| name.chars().any(char::is_control)) {
        return Err(AppError::invalid("", "a name holds no control characters"));
    }
    let id = claim_addresses(conn, [address.as_str()])?
        .remove(&address)
        .ok_or_else(|| AppError::internal(anyhow::anyhow!("the person was not made")))?;
    let row = people::table.find(id);
    diesel::update(row).set(people::can_sign_in.eq(true)).execute(conn)?;
    if let Some(name) = &new.name {
        diesel::update(row).set(people::name.eq(name)).execute(conn)?;
    }
    if new.is_engineer {
        diesel::update(row).set(people::is_engineer.eq(true)).execute(conn)?;
    }
    if new.is_admin {
        diesel::update(row).set(people::is_admin.eq(true)).execute(conn)?;
    }
    for (team, is_champion, is_manager) in &new.teams {
        let team = ensure_team(conn, team)?;
        join_team(conn, id, team.id, *is_champion, *is_manager)?;
    }
    let teams: Vec<&str> = new.teams.iter().map(|(slug, _, _)| slug.as_str()).collect();
    let detail = serde_json::json!({
        "engineer": new.is_engineer, "admin": new.is_admin, "teams": teams,
    });
    audit::record(conn, by, "person.add", &format!("person:{id}"), detail)?;
    Ok(row.select(people::all_columns).first(conn)?)
}

/// Puts a person into a team; roles they have already stay.
pub fn join_team(
    conn: &mut Conn,
    person: PersonId,
    team: TeamId,
    is_champion: bool,
    is_manager: bool,
) -> AppResult<()> {
    use crate::schema::memberships as m;
    let row = Membership {
        person_id: person,
        team_id: team,
        is_champion,
        is_manager,
        created_at: clock::now(),
    };
    Portable(diesel::insert_into(m::table).values(&row).on_conflict_do_nothing()).execute(conn)?;
    let mine = m::table.filter(m::person_id.eq(person)).filter(m::team_id.eq(team));
    if is_champion {
        diesel::update(mine).set(m::is_champion.eq(true)).execute(conn)?;
    }
    if is_manager {
        diesel::update(mine).set(m::is_manager.eq(true)).execute(conn)?;
    }
    Ok(())
}

/// A slug: lower-case letters, digits, `-`, `_` and `.`, 1 to 100 characters.
pub fn check_slug(slug: &str) -> AppResult<()> {
    let good =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if (1..=100).contains(&slug.len()) && slug.chars().all(good) {
        return Ok(());
    }
    Err(AppError::invalid(
        "",
        format!("`{slug}` is not a slug: 1 to 100 of a-z, 0-9, `-`, `_` and `.`"),
    ))
}

/// A slug as a title: `text-to-sql` is `Text to sql`.
pub fn title(slug: &str) -> String {
    let words = slug.replace(['-', '_'], " ");
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => words,
    }
}
