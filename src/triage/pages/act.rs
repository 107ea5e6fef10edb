//! What is done with items but deciding them: claim the next, skip, give back, undo, open again;
//! and filters that get a name.

use crate::accounts::{Reviewer, Who};
use crate::clock;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult};
use crate::schema::saved_filters;
use crate::signals::model::{ItemId, QueueState, Reviewer as By};
use crate::triage::actions;
use crate::triage::filter::{Filter, Wanted, claimable_by};
use crate::triage::judge::Judge;
use crate::triage::model::{ActId, MAX_REASON, SavedFilter, SavedFilterId};
use crate::triage::queries;
use crate::triage::queue::Place;
use crate::triage::subject::Subject;
use crate::web::{form, see_other};
use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Path};
use diesel::prelude::*;
use serde::Deserialize;

/// What goes along with every form: the filter one came with, and where one is in the queue.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Along {
    pub filter: String,
    pub after: String,
}

impl Along {
    /// The filter.
    pub fn filter(&self) -> Filter {
        Filter::from_query(&self.filter)
    }
}

/// Where to go after something was done.
#[derive(Debug, Clone)]
pub(super) struct Next {
    /// The item that was claimed; none where nothing is free.
    pub item: Option<ItemId>,
    pub after: Option<Place>,
}

impl Next {
    /// The address, with what else it should say.
    pub fn path(&self, filter: &Filter, more: &[(&str, &str)]) -> String {
        let after = self.after.map(|place| place.to_string()).unwrap_or_default();
        let mut more = more.to_vec();
        let path = match self.item {
            Some(item) => format!("/triage/{item}"),
            None => "/triage".to_owned(),
        };
        if self.item.is_some() && !after.is_empty() {
            more.push(("after", &after));
        }
        filter.path(&path, &more)
    }
}

/// What is taken by who looks for anything: what is to be settled holds others up, so it is first.
const ANY: &[QueueState] =
    &[QueueState::Adjudication, QueueState::BetweenTeams, QueueState::Waiting];

/// Gives back what the person holds and claims the next free item after a place in a state, or
/// from the start where nothing follows it.
pub(super) fn claim_next(
    conn: &mut Conn,
    who: &Who,
    filter: &Filter,
    after: Option<(QueueState, Place)>,
) -> AppResult<Next> {
    let judge = Judge::Person(who);
    actions::give_back_all(conn, judge.by())?;
    let mut filter = filter.clone();
    // What one holds has just been given back.
    filter.mine = String::new();
    let own = [filter.state()];
    let states = if own[0] == QueueState::Waiting { ANY } else { own.as_slice() };
    let passed = |state: &&QueueState| after.is_some_and(|(from, _)| **state != from);
    for state in states.iter().skip_while(passed) {
        let filter = filter.with_state(state.as_str());
        let used = claimable_by(conn, who, *state)?;
        let wanted = Wanted::for_person(conn, who, &used, &filter, clock::now())?;
        let place = after.filter(|(from, _)| from == state).map(|(_, place)| place);
        if place.is_some()
            && let Some((item, _)) = actions::claim_next(conn, judge, &wanted, place)?
        {
            let after = place.filter(|_| *state == own[0]);
            return Ok(Next { item: Some(item), after });
        }
        if let Some((item, _)) = actions::claim_next(conn, judge, &wanted, None)? {
            return Ok(Next { item: Some(item), after: None });
        }
    }
    Ok(Next { item: None, after: None })
}

/// Where one is in the queue, by the address.
pub(super) fn place_after(filter: &Filter, after: &str) -> Option<(QueueState, Place)> {
    after.parse().ok().map(|place| (filter.state(), place))
}

/// The item, if this person decides for its team, or between teams, or did so.
pub(super) fn must_review(conn: &mut Conn, who: &Who, item: ItemId) -> AppResult<()> {
    let found = queries::find_item(conn, item)?.ok_or(AppError::NotFound)?;
    if who.reviews(found.item.team_id) {
        return Ok(());
    }
    if who.reviews(found.agent.team_id) {
        let subject = Subject::load(conn, item)?.ok_or(AppError::NotFound)?;
        if Judge::Person(who).sees(&subject) || queries::has_reviewed(conn, item, who.id())? {
            return Ok(());
        }
    }
    Err(AppError::NotFound)
}

/// `POST /triage/next`
pub(super) async fn next(by: Reviewer, db: Data<Db>, body: Bytes) -> AppResult<HttpResponse> {
    let along: Along = form::read(&body)?;
    let filter = along.filter();
    let (who, wanted) = (by.0.who, filter.clone());
    let next = db.write(move |conn| claim_next(conn, &who, &wanted, None)).await?;
    let none: &[(&str, &str)] = if next.item.is_none() { &[("none", "1")] } else { &[] };
    Ok(see_other(&next.path(&filter, none)))
}

/// `POST /triage/{id}/skip`: gives it back and claims the one after it.
pub(super) async fn skip(
    by: Reviewer,
    db: Data<Db>,
    id: Path<ItemId>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let along: Along = form::read(&body)?;
    let (id, filter) = (id.into_inner(), along.filter());
    let (who, wanted) = (by.0.who, filter.clone());
    let next = db
        .write(move |conn| {
            must_review(conn, &who, id)?;
            actions::give_back_all(conn, By::Person(who.id()))?;
            let place = queries::place_of(conn, id, clock::now())?;
            let next = claim_next(conn, &who, &wanted, place)?;
            if next.item != Some(id) {
                return Ok(next);
            }
            // Nothing else is free: what is skipped is not kept from others.
            actions::give_back_all(conn, By::Person(who.id()))?;
            Ok(Next { item: None, after: None })
        })
        .await?;
    let none: &[(&str, &str)] = if next.item.is_none() { &[("none", "1")] } else { &[] };
    Ok(see_other(&next.path(&filter, none)))
}

/// `POST /triage/{id}/claim`
pub(super) async fn claim(
    by: Reviewer,
    db: Data<Db>,
    id: Path<ItemId>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let along: Along = form::read(&body)?;
    let (id, who) = (id.into_inner(), by.0.who);
    // Where it is handed to another team, its page says so.
    let _ = db
        .write(move |conn| {
            must_review(conn, &who, id)?;
            actions::claim(conn, Judge::Person(&who), id)
        })
        .await?;
    Ok(see_other(&along.filter().path(&format!("/triage/{id}"), &[])))
}

/// How an item is given back.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Release {
    filter: String,
    /// `1`: the page is being left, nobody reads an answer.
    quiet: String,
}

/// `POST /triage/{id}/release`
pub(super) async fn release(
    by: Reviewer,
    db: Data<Db>,
    id: Path<ItemId>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let sent: Release = form::read(&body)?;
    let (id, who) = (id.into_inner(), by.0.who);
    let given = db
        .write(move |conn| {
            must_review(conn, &who, id)?;
            actions::give_back(conn, By::Person(who.id()), id)
        })
        .await;
    match given {
        Ok(()) | Err(AppError::Conflict(_)) if sent.quiet == "1" => {
            Ok(HttpResponse::NoContent().finish())
        }
        Ok(()) => Ok(see_other(&Filter::from_query(&sent.filter).path("/triage", &[]))),
        Err(error) => Err(error),
    }
}

/// What is taken back.
#[derive(Debug, Deserialize)]
struct Undo {
    act: ActId,
    #[serde(default)]
    filter: String,
}

/// `POST /triage/undo`: takes back what this person did at once, and shows the first of it.
pub(super) async fn undo(by: Reviewer, db: Data<Db>, body: Bytes) -> AppResult<HttpResponse> {
    let sent: Undo = form::read(&body)?;
    let (who, act) = (by.0.who, sent.act);
    let item = db
        .write(move |conn| {
            let me = By::Person(who.id());
            let item = actions::undo(conn, me, act)?;
            actions::give_back_all(conn, me)?;
            hold(conn, &who, item)?;
            Ok(item)
        })
        .await?;
    Ok(see_other(&Filter::from_query(&sent.filter).path(&format!("/triage/{item}"), &[])))
}

/// Claims an item where it can be; nothing is lost where it can't.
fn hold(conn: &mut Conn, who: &Who, item: ItemId) -> AppResult<()> {
    match actions::claim(conn, Judge::Person(who), item) {
        Ok(_) | Err(AppError::Conflict(_)) => Ok(()),
        Err(other) => Err(other),
    }
}

/// An item to be opened again.
#[derive(Debug, Deserialize)]
struct Reopen {
    round: i64,
    #[serde(default)]
    reopen_reason: String,
    #[serde(default)]
    filter: String,
}

/// `POST /triage/{id}/reopen`
pub(super) async fn reopen(
    by: Reviewer,
    db: Data<Db>,
    id: Path<ItemId>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let sent: Reopen = form::read(&body)?;
    let (id, who, round) = (id.into_inner(), by.0.who, sent.round);
    let reason = Some(sent.reopen_reason.trim().to_owned()).filter(|why| !why.is_empty());
    if reason.as_ref().is_some_and(|why| why.chars().count() > MAX_REASON) {
        let why = "It has more than 2,000 characters. Please shorten it.";
        return Err(AppError::invalid("reopen_reason", why));
    }
    db.write(move |conn| {
        must_review(conn, &who, id)?;
        let me = By::Person(who.id());
        actions::reopen(conn, me, id, round, reason.clone())?;
        actions::give_back_all(conn, me)?;
        hold(conn, &who, id)
    })
    .await?;
    Ok(see_other(&Filter::from_query(&sent.filter).path(&format!("/triage/{id}"), &[])))
}

/// A filter that gets a name.
#[derive(Debug, Deserialize)]
struct Named {
    name: String,
    filter: String,
}

/// `POST /triage/filters`: keeps a filter; the same name again stands for the newer one.
pub(super) async fn save_filter(
    by: Reviewer,
    db: Data<Db>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let sent: Named = form::read(&body)?;
    let (name, filter) = (sent.name.trim().to_owned(), Filter::from_query(&sent.filter));
    if name.is_empty() || name.chars().count() > 60 {
        return Err(AppError::invalid("name", "A filter's name has 1 to 60 characters."));
    }
    let (me, query) = (by.who.id(), filter.query());
    db.write(move |conn| {
        let same = saved_filters::table
            .filter(saved_filters::person_id.eq(me))
            .filter(saved_filters::name.eq(&name));
        diesel::delete(same).execute(conn)?;
        if i64::try_from(queries::saved_filters_of(conn, me)?.len()).unwrap_or(0) >= queries::MOST {
            let why = "You keep 50 filters already; forget one first.";
            return Err(AppError::invalid("name", why));
        }
        let saved = SavedFilter {
            id: SavedFilterId::new(),
            person_id: me,
            name: name.clone(),
            query: query.clone(),
            created_at: clock::now(),
        };
        diesel::insert_into(saved_filters::table).values(&saved).execute(conn)?;
        Ok(())
    })
    .await?;
    Ok(see_other(&filter.path("/triage", &[])))
}

/// A filter to be forgotten.
#[derive(Debug, Deserialize)]
struct Forgotten {
    id: SavedFilterId,
}

/// `POST /triage/filters/delete`
pub(super) async fn delete_filter(
    by: Reviewer,
    db: Data<Db>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let sent: Forgotten = form::read(&body)?;
    let me = by.who.id();
    db.write(move |conn| {
        let own = saved_filters::table.find(sent.id).filter(saved_filters::person_id.eq(me));
        diesel::delete(own).execute(conn)?;
        Ok(())
    })
    .await?;
    Ok(see_other("/triage"))
}
