//! What changes people and teams.

use super::keys::{self, NewKey};
use super::model::{Membership, Person, PersonId, Scope, Team, TeamId, normal_address};
use super::{queries, sessions};
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::{Conn, Instant, Portable};
use crate::error::{AppError, AppResult, Mistakes};
use crate::insert_rows;
use crate::schema::{people, teams};
use diesel::prelude::*;
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

/// The most characters a name may have.
pub(super) const MAX_NAME: usize = 200;

/// A person to be added, or what is to be added to one.
#[derive(Debug, Clone, Default)]
pub struct NewPerson {
    /// A mail address, in any spelling.
    pub email: String,
    /// None keeps the name there is; a new person is called by the first part of the address.
    pub name: Option<String>,
    pub is_engineer: bool,
    pub is_admin: bool,
    pub teams: Vec<TeamRole>,
}

/// A team by its slug, and the roles in it beside member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRole {
    pub team: String,
    pub is_champion: bool,
    pub is_manager: bool,
}

/// Adds someone who can sign in, and makes teams that are missing. Whoever the address was
/// claimed for becomes that person and keeps their id and feedback; of someone who is here
/// already, the name changes and roles and teams are added.
pub fn add_person(conn: &mut Conn, actor: Actor, new: &NewPerson) -> AppResult<Person> {
    let address = check_address("email", &new.email)?;
    let name = new.name.as_deref().map(|name| check_name("name", name)).transpose()?;
    let before = queries::find_by_address(conn, &address)?;
    let is_new = before.as_ref().is_none_or(|person| !person.can_sign_in);
    let mut person = match before {
        Some(person) => person,
        None => {
            let person = claimed(Some(address.clone()), &address);
            diesel::insert_into(people::table).values(&person).execute(conn)?;
            person
        }
    };
    let roles = (person.is_engineer, person.is_admin);
    let was_deactivated = person.deactivated_at.is_some();
    let has_name = person.name != address;
    person.name = match name {
        Some(name) => name,
        None if has_name => person.name,
        None => address.split('@').next().unwrap_or_default().to_owned(),
    };
    person.can_sign_in = true;
    person.deactivated_at = None;
    person.is_engineer |= new.is_engineer;
    person.is_admin |= new.is_admin;
    diesel::update(people::table.find(person.id))
        .set((
            people::name.eq(&person.name),
            people::can_sign_in.eq(true),
            people::deactivated_at.eq(None::<Instant>),
            people::is_engineer.eq(person.is_engineer),
            people::is_admin.eq(person.is_admin),
        ))
        .execute(conn)?;
    for role in &new.teams {
        let team = ensure_team(conn, actor, &role.team)?;
        join_team(conn, person.id, team.id, role.is_champion, role.is_manager)?;
    }
    let is_promoted = new.teams.iter().any(|role| role.is_champion || role.is_manager);
    if !is_new && (is_promoted || roles != (person.is_engineer, person.is_admin)) {
        sessions::end_others_of(conn, actor, person.id, None)?;
    }
    if was_deactivated {
        let subject = format!("person:{}", person.id);
        audit::record(conn, actor, "person.activate", &subject, json!({}))?;
    }
    let said = |role: &TeamRole| {
        let roles = (role.is_champion, role.is_manager);
        json!({ "team": role.team, "champion": roles.0, "manager": roles.1 })
    };
    let detail = json!({
        "is_new": is_new, "engineer": person.is_engineer, "admin": person.is_admin,
        "teams": new.teams.iter().map(said).collect::<Vec<_>>(),
    });
    audit::record(conn, actor, "person.add", &format!("person:{}", person.id), detail)?;
    Ok(person)
}

/// Makes a key with these scopes, for all agents and teams and for ever, and gives its token back.
pub fn make_key(conn: &mut Conn, actor: Actor, name: &str, scopes: &[Scope]) -> AppResult<String> {
    let (name, scopes) = (name.to_owned(), scopes.to_vec());
    let new = NewKey { name, scopes, ..NewKey::default() };
    Ok(keys::create(conn, actor, &new)?.token)
}

/// A mail address as it is kept, or what is wrong with it.
pub fn check_address(field: &str, text: &str) -> Result<String, Mistakes> {
    let address = normal_address(text);
    let is_plain = !address.contains(|c: char| c.is_whitespace() || c.is_control());
    if is_plain && address.len() <= 254 && address.parse::<lettre::Address>().is_ok() {
        return Ok(address);
    }
    let message = if address.is_empty() {
        "Enter your e-mail address."
    } else {
        "Enter an e-mail address, such as name@example.com."
    };
    Err(Mistakes::one(field, message))
}

/// A name as it is kept: one line of 1 to 200 characters, which reads in one direction.
pub fn check_name(field: &str, text: &str) -> Result<String, Mistakes> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.contains(breaks_lines) {
        let message = format!("is one line of 1 to {MAX_NAME} characters");
        return Err(Mistakes::one(field, message));
    }
    Ok(name.to_owned())
}

/// Whether a letter could break a line, or turn what is written around it.
pub(super) fn breaks_lines(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}')
        || matches!(letter, '\u{2066}'..='\u{2069}')
}

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
        .into_iter()
        .filter(|address| !known.contains_key(address))
        .map(|address| claimed(Some(address.clone()), &address))
        .collect();
    // One who came in between is an error, which is tried again.
    insert_rows!(conn, people::table, missing.iter().collect::<Vec<_>>())?;
    known.extend(missing.into_iter().filter_map(|person| Some((person.address?, person.id))));
    Ok(known)
}

/// The id of whoever holds the link to `thing`: one link is one author.
pub fn link_holder(thing: uuid::Uuid) -> PersonId {
    let hash = crate::db::Hash::of(&[b"link holder", thing.as_bytes()]);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.0[..16]);
    PersonId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// The person who stands for whoever holds the link to `thing`, made if they aren't there.
pub fn claim_link_holder(conn: &mut Conn, thing: uuid::Uuid) -> AppResult<PersonId> {
    let id = link_holder(thing);
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
        time_zone: None,
        language: None,
    }
}

/// The team with this slug, made if it isn't there.
pub fn ensure_team(conn: &mut Conn, by: Actor, slug: &str) -> AppResult<Team> {
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
    audit::record(conn, by, "team.create", &format!("team:{slug}"), json!({}))?;
    Ok(team)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_cleaned_or_refused() {
        for (good, kept) in [(" Ada@Example.com ", "ada@example.com"), ("a+b@x.io", "a+b@x.io")] {
            assert_eq!(check_address("email", good).as_deref(), Ok(kept));
        }
        let long = format!("{}@example.com", "a".repeat(250));
        let bad =
            ["", "ada", "@x.io", "a@", "a b@x.io", "a@x.io\r\nBcc: e@x.io", "A <a@x.io>", &long];
        for bad in bad {
            assert!(check_address("email", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(check_name("name", "  Ada Lovelace ").as_deref(), Ok("Ada Lovelace"));
        let bad = ["", "  ", "a\nb", "a\r\nBcc: e@x.io", "a\u{2028}b", "a\u{202e}b"];
        for bad in bad.into_iter().chain([&*"x".repeat(201)]) {
            assert!(check_name("name", bad).is_err(), "{bad:?}");
        }
    }
}
