//! What admins change about people and teams, and leaders about the members of theirs. Each change
//! asks inside its transaction whether whoever makes it still may: two admins can demote each other
//! at the same moment, on two servers.

use super::actions::{self, NewPerson, add_person, check_name, check_slug, join_team};
use super::links::make_sign_in_link;
use super::model::{Person, PersonId, Team, TeamId, Who};
use super::{mails, queries, roll};
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::{Conn, Hash, Instant};
use crate::error::{AppError, AppResult, Mistakes};
use crate::schema::{memberships, people, sessions, sign_in_links, teams};
use crate::web::Site;
use diesel::prelude::*;
use serde_json::json;

/// Minutes for which the link in an invitation works: a week.
pub const INVITED_MINUTES: i64 = 7 * 24 * 60;

/// What an admin sets of a person.
#[derive(Debug, Clone)]
pub struct PersonChange {
    pub name: String,
    pub is_engineer: bool,
    pub is_admin: bool,
}

/// The roles of a member of a team.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Roles {
    pub is_champion: bool,
    pub is_manager: bool,
}

/// Adds someone and mails them a link. An address that has an account is a mistake.
pub fn invite(conn: &mut Conn, site: &Site, by: PersonId, new: &NewPerson) -> AppResult<Person> {
    let by = still_admin(conn, by)?;
    if let Some(person) = queries::find_by_address(conn, &new.email)?
        && person.can_sign_in
    {
        return Err(AppError::invalid("email", "has an account here already"));
    }
    let person = add_person(conn, Actor::Person(by.id().0), new)?;
    mail_invitation(conn, site, &by, &person)?;
    Ok(person)
}

/// Mails another link to someone who was invited and did not come, or has lost the way.
pub fn invite_again(conn: &mut Conn, site: &Site, by: PersonId, id: PersonId) -> AppResult<()> {
    let by = still_admin(conn, by)?;
    let person = roll::find_account(conn, id)?.ok_or(AppError::NotFound)?;
    if person.deactivated_at.is_some() {
        return Err(AppError::Conflict("They are deactivated; activate them first.".into()));
    }
    mail_invitation(conn, site, &by, &person)?;
    audit::record(conn, Actor::Person(by.id().0), "person.invite", &subject(id), json!({}))
}

pub(super) fn mail_invitation(
    conn: &mut Conn,
    site: &Site,
    by: &Who,
    person: &Person,
) -> AppResult<()> {
    let token = make_sign_in_link(conn, person.id, false, INVITED_MINUTES)?;
    mails::invitation(conn, site, by, person, &token)
}

/// Sets name and roles. A changed role ends the person's sessions but for the one that `keep` is
/// the token of.
pub fn change(
    conn: &mut Conn,
    by: PersonId,
    id: PersonId,
    change: &PersonChange,
    keep: Option<Hash>,
) -> AppResult<()> {
    still_admin(conn, by)?;
    let before = roll::find_account(conn, id)?.ok_or(AppError::NotFound)?;
    let name = check_name("name", &change.name)?;
    diesel::update(people::table.find(id))
        .set((
            people::name.eq(&name),
            people::is_engineer.eq(change.is_engineer),
            people::is_admin.eq(change.is_admin),
        ))
        .execute(conn)?;
    let roles = |engineer, admin| json!({ "engineer": engineer, "admin": admin });
    let (old, new) = ((before.is_engineer, before.is_admin), (change.is_engineer, change.is_admin));
    if old != new {
        if before.is_admin {
            keep_an_admin(conn)?;
        }
        end_sessions(conn, id, keep)?;
        let detail = json!({ "from": roles(old.0, old.1), "to": roles(new.0, new.1) });
        audit::record(conn, Actor::Person(by.0), "person.roles", &subject(id), detail)?;
    }
    if before.name != name {
        audit::record(conn, Actor::Person(by.0), "person.name", &subject(id), json!({}))?;
    }
    Ok(())
}

/// Takes a person's way in: sessions and links end at once, what they did stays.
pub fn deactivate(conn: &mut Conn, by: PersonId, id: PersonId) -> AppResult<()> {
    still_admin(conn, by)?;
    let person = roll::find_account(conn, id)?.ok_or(AppError::NotFound)?;
    if person.deactivated_at.is_some() {
        return Ok(());
    }
    set_deactivated(conn, id, Some(clock::now()))?;
    if person.is_admin {
        keep_an_admin(conn)?;
    }
    end_sessions(conn, id, None)?;
    diesel::delete(sign_in_links::table.filter(sign_in_links::person_id.eq(id))).execute(conn)?;
    audit::record(conn, Actor::Person(by.0), "person.deactivate", &subject(id), json!({}))
}

/// Lets a person in again who was deactivated.
pub fn activate(conn: &mut Conn, by: PersonId, id: PersonId) -> AppResult<()> {
    still_admin(conn, by)?;
    let person = roll::find_account(conn, id)?.ok_or(AppError::NotFound)?;
    if person.deactivated_at.is_none() {
        return Ok(());
    }
    set_deactivated(conn, id, None)?;
    audit::record(conn, Actor::Person(by.0), "person.activate", &subject(id), json!({}))
}

fn set_deactivated(conn: &mut Conn, id: PersonId, at: Option<Instant>) -> QueryResult<usize> {
    diesel::update(people::table.find(id)).set(people::deactivated_at.eq(at)).execute(conn)
}

/// Makes a team.
pub fn create_team(conn: &mut Conn, by: PersonId, slug: &str, name: &str) -> AppResult<Team> {
    still_admin(conn, by)?;
    let mut mistakes = Mistakes::default();
    if check_slug(slug).is_err() {
        mistakes.add("slug", "is 1 to 100 of a-z, 0-9, “-”, “_” and “.”");
    } else if queries::find_team(conn, slug)?.is_some() {
        mistakes.add("slug", "is taken already");
    }
    if let Err(more) = check_name("name", name) {
        mistakes.0.extend(more.0);
    }
    mistakes.or(())?;
    let team = actions::ensure_team(conn, Actor::Person(by.0), slug)?;
    set_name(conn, team.id, name)?;
    Ok(team)
}

/// Gives a team another name; its slug stays.
pub fn rename_team(conn: &mut Conn, by: PersonId, slug: &str, name: &str) -> AppResult<()> {
    still_admin(conn, by)?;
    let team = queries::find_team(conn, slug)?.ok_or(AppError::NotFound)?;
    check_name("name", name)?;
    set_name(conn, team.id, name)?;
    audit::record(conn, Actor::Person(by.0), "team.name", &format!("team:{slug}"), json!({}))
}

fn set_name(conn: &mut Conn, team: TeamId, name: &str) -> QueryResult<usize> {
    diesel::update(teams::table.find(team)).set(teams::name.eq(name.trim())).execute(conn)
}

/// Puts someone who has an account into a team, as a member. Whoever looks after the team may.
pub fn add_member(conn: &mut Conn, by: PersonId, team: &Team, address: &str) -> AppResult<()> {
    still_looks_after(conn, by, team.id)?;
    let person = queries::find_by_address(conn, address)?;
    let person = person.filter(|p| p.can_sign_in && p.deactivated_at.is_none());
    let Some(person) = person else {
        let why = "nobody with this address can sign in here; an admin can invite them";
        return Err(AppError::invalid("email", why));
    };
    if roll::find_membership(conn, person.id, team.id)?.is_some() {
        return Err(AppError::invalid("email", "is in the team already"));
    }
    join_team(conn, person.id, team.id, false, false)?;
    tell_member(conn, by, team, person.id, "team.join", json!({}))
}

/// Takes someone out of a team. A champion or manager is taken out by an admin only.
pub fn remove_member(conn: &mut Conn, by: PersonId, team: &Team, id: PersonId) -> AppResult<()> {
    let by_whom = still_looks_after(conn, by, team.id)?;
    let Some(member) = roll::find_membership(conn, id, team.id)? else { return Ok(()) };
    if (member.is_champion || member.is_manager) && !by_whom.person.is_admin {
        let why = "Champions and managers are taken out of a team by an admin.";
        return Err(AppError::Forbidden(why.into()));
    }
    diesel::delete(memberships::table.find((id, team.id))).execute(conn)?;
    if member.is_champion || member.is_manager {
        end_sessions(conn, id, None)?;
    }
    tell_member(conn, by, team, id, "team.leave", json!({}))
}

/// Sets what a member is in a team; puts them into it where they are not. A changed role ends the
/// person's sessions but for the one that `keep` is the token of.
pub fn set_roles(
    conn: &mut Conn,
    by: PersonId,
    team: &Team,
    id: PersonId,
    roles: Roles,
    keep: Option<Hash>,
) -> AppResult<()> {
    still_admin(conn, by)?;
    roll::find_account(conn, id)?.ok_or(AppError::NotFound)?;
    let before = roll::find_membership(conn, id, team.id)?;
    join_team(conn, id, team.id, false, false)?;
    diesel::update(memberships::table.find((id, team.id)))
        .set((
            memberships::is_champion.eq(roles.is_champion),
            memberships::is_manager.eq(roles.is_manager),
        ))
        .execute(conn)?;
    let before =
        before.map(|one| Roles { is_champion: one.is_champion, is_manager: one.is_manager });
    if before == Some(roles) {
        return Ok(());
    }
    if before.is_some() || roles != Roles::default() {
        end_sessions(conn, id, keep)?;
    }
    let said = |roles: Roles| json!({ "champion": roles.is_champion, "manager": roles.is_manager });
    let detail = json!({ "from": before.map(said), "to": said(roles) });
    tell_member(conn, by, team, id, "team.roles", detail)
}

fn tell_member(
    conn: &mut Conn,
    by: PersonId,
    team: &Team,
    id: PersonId,
    action: &str,
    mut detail: serde_json::Value,
) -> AppResult<()> {
    detail["team"] = json!(team.slug);
    audit::record(conn, Actor::Person(by.0), action, &subject(id), detail)
}

fn subject(id: PersonId) -> String {
    format!("person:{id}")
}

/// The person, if they are an admin now.
pub fn still_admin(conn: &mut Conn, id: PersonId) -> AppResult<Who> {
    let who = roll::find_who(conn, id)?.filter(super::may::ADMIN.allows);
    who.ok_or_else(|| AppError::Forbidden(super::may::ADMIN.refusal.into()))
}

fn still_looks_after(conn: &mut Conn, id: PersonId, team: TeamId) -> AppResult<Who> {
    let who = roll::find_who(conn, id)?.filter(|who| who.looks_after(team));
    who.ok_or(AppError::NotFound)
}

/// An error where nobody would be left who can look after the installation.
fn keep_an_admin(conn: &mut Conn) -> AppResult<()> {
    if roll::count_admins(conn)? > 0 {
        return Ok(());
    }
    let why = "nobody else is admin and has signed in; make somebody else an admin first";
    Err(AppError::invalid("is_admin", why))
}

fn end_sessions(conn: &mut Conn, id: PersonId, keep: Option<Hash>) -> QueryResult<usize> {
    let keep = keep.unwrap_or(Hash([0; 32]));
    let others =
        sessions::table.filter(sessions::person_id.eq(id)).filter(sessions::token_hash.ne(keep));
    diesel::delete(others).execute(conn)
}
