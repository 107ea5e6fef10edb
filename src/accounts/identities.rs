//! Who somebody at an identity provider is here, and what their groups give them. Only an address
//! that the provider verified leads to somebody who is here already.

use super::actions::{NewPerson, add_person, ensure_team, join_team};
use super::model::{Membership, Person, PersonId, TeamId};
use super::oidc::{Proved, Refused};
use super::queries;
use super::sessions::{self, Start};
use crate::audit::{self, Actor};
use crate::clock;
use crate::config::{Grant, Oidc};
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::schema::{identities, memberships, people, teams};
use diesel::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;

/// An account at a provider, and whose it is.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = identities)]
pub struct Identity {
    pub issuer: String,
    pub subject: String,
    pub person_id: PersonId,
    pub created_at: Instant,
    pub last_used_at: Instant,
}

/// Signs somebody in whom the provider vouches for: finds or makes the person, gives and takes
/// what their groups say, and starts the session.
pub fn sign_in(
    conn: &mut Conn,
    settings: &Oidc,
    proved: &Proved,
    new: &Start,
) -> AppResult<Result<PersonId, Refused>> {
    let person = match find_or_make(conn, settings, proved)? {
        Ok(person) => person,
        Err(refused) => return Ok(Err(refused)),
    };
    if apply_groups(conn, &settings.groups, &proved.groups, &person)? {
        sessions::end_others_of(conn, Actor::System, person.id, None)?;
    }
    sessions::start(conn, person.id, new)?;
    Ok(Ok(person.id))
}

fn find_or_make(
    conn: &mut Conn,
    settings: &Oidc,
    proved: &Proved,
) -> AppResult<Result<Person, Refused>> {
    let mine = identities::table.find((&proved.issuer, &proved.subject));
    let known: Option<Person> =
        mine.inner_join(people::table).select(people::all_columns).first(conn).optional()?;
    if let Some(person) = known {
        if !may_sign_in(&person) {
            return Ok(Err(Refused::Deactivated));
        }
        diesel::update(mine).set(identities::last_used_at.eq(clock::now())).execute(conn)?;
        return Ok(Ok(person));
    }
    let address = match proved.verified_address() {
        Ok(address) => address,
        Err(refused) => return Ok(Err(refused)),
    };
    let person = match queries::find_by_address(conn, address)? {
        Some(person) if person.deactivated_at.is_some() => return Ok(Err(Refused::Deactivated)),
        Some(person) if person.can_sign_in => person,
        _ if !settings.create_people => return Ok(Err(Refused::Unknown)),
        _ => make(conn, address, &proved.name)?,
    };
    if has_another(conn, person.id, &proved.issuer)? {
        return Ok(Err(Refused::OtherAccount));
    }
    link(conn, &person, proved)?;
    Ok(Ok(person))
}

fn may_sign_in(person: &Person) -> bool {
    person.can_sign_in && person.deactivated_at.is_none()
}

/// Makes the person with this address, or lets in whoever was only named by others until now.
pub(super) fn make(conn: &mut Conn, address: &str, name: &str) -> AppResult<Person> {
    let name = (!name.is_empty()).then(|| name.to_owned());
    let new = NewPerson { email: address.to_owned(), name, ..NewPerson::default() };
    add_person(conn, Actor::System, &new)
}

/// An address can pass to somebody else in an organisation, whose account is another one: they must
/// not become the person who had it before.
fn has_another(conn: &mut Conn, person: PersonId, issuer: &str) -> QueryResult<bool> {
    let count: i64 = identities::table
        .filter(identities::person_id.eq(person))
        .filter(identities::issuer.eq(issuer))
        .count()
        .get_result(conn)?;
    Ok(count > 0)
}

fn link(conn: &mut Conn, person: &Person, proved: &Proved) -> AppResult<()> {
    let now = clock::now();
    let identity = Identity {
        issuer: proved.issuer.clone(),
        subject: proved.subject.clone(),
        person_id: person.id,
        created_at: now,
        last_used_at: now,
    };
    diesel::insert_into(identities::table).values(&identity).execute(conn)?;
    sessions::verify(conn, person, now)?;
    let subject = format!("person:{}", person.id);
    let detail = json!({ "issuer": proved.issuer });
    audit::record(conn, Actor::Person(person.id.0), "identity.link", &subject, detail)
}

/// The accounts of a person, by provider.
pub fn list_of(conn: &mut Conn, person: PersonId) -> QueryResult<Vec<Identity>> {
    identities::table
        .filter(identities::person_id.eq(person))
        .order((identities::issuer, identities::subject))
        .limit(20)
        .select(identities::all_columns)
        .load(conn)
}

/// Forgets the accounts of a person at `issuer`: the next sign-in links one anew.
pub fn unlink(conn: &mut Conn, person: PersonId, issuer: &str) -> AppResult<()> {
    let mine = identities::table
        .filter(identities::person_id.eq(person))
        .filter(identities::issuer.eq(issuer));
    if diesel::delete(mine).execute(conn)? > 0 {
        let subject = format!("person:{person}");
        let detail = json!({ "issuer": issuer });
        audit::record(conn, Actor::Person(person.0), "identity.unlink", &subject, detail)?;
    }
    Ok(())
}

/// Gives and takes what the settings tie to groups, and nothing else; true where something changed
/// for somebody who had rights before. The last admin stays one.
fn apply_groups(
    conn: &mut Conn,
    settings: &[(String, Vec<Grant>)],
    groups: &[String],
    person: &Person,
) -> AppResult<bool> {
    let all: Vec<&Grant> = settings.iter().flat_map(|(_, grants)| grants).collect();
    let mine = settings.iter().filter(|(group, _)| groups.contains(group)).flat_map(|(_, g)| g);
    let mine: Vec<&Grant> = mine.collect();
    let given = |before: bool, grant: &Grant| {
        if all.contains(&grant) { mine.contains(&grant) } else { before }
    };
    let is_engineer = given(person.is_engineer, &Grant::Engineer);
    let mut is_admin = given(person.is_admin, &Grant::Admin);
    if person.is_admin && !is_admin && !is_another_admin_here(conn, person.id)? {
        tracing::warn!("the groups take the role admin from the last admin, who keeps it");
        is_admin = true;
    }
    let mut changed = (is_engineer, is_admin) != (person.is_engineer, person.is_admin);
    if changed {
        diesel::update(people::table.find(person.id))
            .set((people::is_engineer.eq(is_engineer), people::is_admin.eq(is_admin)))
            .execute(conn)?;
    }
    let mut teams = Vec::new();
    for slug in all.iter().filter_map(|grant| slug(grant)).collect::<BTreeSet<_>>() {
        if apply_team(conn, slug, &all, &mine, person.id)? {
            teams.push(given_in(&mine, slug));
        }
    }
    changed |= !teams.is_empty();
    if changed {
        let detail = json!({ "engineer": is_engineer, "admin": is_admin, "teams": teams });
        let subject = format!("person:{}", person.id);
        audit::record(conn, Actor::System, "person.groups", &subject, detail)?;
    }
    Ok(changed)
}

/// What groups give in one team, as the audit log has it.
fn given_in(mine: &[&Grant], team: &str) -> serde_json::Value {
    let (champion, manager) = roles(mine, team);
    let member = mine.iter().any(|grant| slug(grant) == Some(team));
    json!({ "team": team, "member": member, "champion": champion, "manager": manager })
}

fn slug(grant: &Grant) -> Option<&str> {
    match grant {
        Grant::Team { slug, .. } => Some(slug),
        Grant::Admin | Grant::Engineer => None,
    }
}

/// Champion and manager, as far as grants of one team say so.
fn roles(grants: &[&Grant], team: &str) -> (bool, bool) {
    grants.iter().fold((false, false), |(champion, manager), grant| match grant {
        Grant::Team { slug, is_champion, is_manager } if slug == team => {
            (champion || *is_champion, manager || *is_manager)
        }
        _ => (champion, manager),
    })
}

/// Makes the membership in one team what the groups say: roles that no group gives stay as they
/// are, as long as the person belongs to the team at all.
fn apply_team(
    conn: &mut Conn,
    team: &str,
    all: &[&Grant],
    mine: &[&Grant],
    person: PersonId,
) -> AppResult<bool> {
    let found: Option<Membership> = memberships::table
        .inner_join(teams::table)
        .filter(teams::slug.eq(team))
        .filter(memberships::person_id.eq(person))
        .select(memberships::all_columns)
        .first(conn)
        .optional()?;
    let belongs = mine.iter().any(|grant| slug(grant) == Some(team));
    let (ruled, wanted) = (roles(all, team), roles(mine, team));
    let before = found.map(|one| (one.is_champion, one.is_manager)).unwrap_or_default();
    let after =
        (if ruled.0 { wanted.0 } else { before.0 }, if ruled.1 { wanted.1 } else { before.1 });
    match (found, belongs) {
        (None, false) => Ok(false),
        (Some(_), true) if before == after => Ok(false),
        (Some(one), false) => {
            diesel::delete(of(person, one.team_id)).execute(conn)?;
            Ok(true)
        }
        (found, true) => {
            let id = match found {
                Some(one) => one.team_id,
                None => ensure_team(conn, Actor::System, team)?.id,
            };
            join_team(conn, person, id, after.0, after.1)?;
            diesel::update(of(person, id))
                .set((memberships::is_champion.eq(after.0), memberships::is_manager.eq(after.1)))
                .execute(conn)?;
            Ok(true)
        }
    }
}

#[diesel::dsl::auto_type]
fn of(person: PersonId, team: TeamId) -> _ {
    memberships::table.find((person, team))
}

fn is_another_admin_here(conn: &mut Conn, person: PersonId) -> QueryResult<bool> {
    let other: Option<PersonId> = people::table
        .filter(people::is_admin.eq(true))
        .filter(people::can_sign_in.eq(true))
        .filter(people::deactivated_at.is_null())
        .filter(people::id.ne(person))
        .select(people::id)
        .first(conn)
        .optional()?;
    Ok(other.is_some())
}
