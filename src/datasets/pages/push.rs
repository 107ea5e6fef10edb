//! What the page of a release says of the object store, and what can be done about it there.

use crate::accounts::Engineer;
use crate::audit::Actor;
use crate::clock;
use crate::datasets::api::numbered;
use crate::datasets::model::{Release, State};
use crate::datasets::push::model::{Push, PushState};
use crate::datasets::push::{actions, folder};
use crate::db::Db;
use crate::error::{AppError, AppResult};
use crate::web::{Site, see_other};
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

/// The push of a release, in words.
pub(super) struct PushPart {
    /// A badge: its kind and its text; none where nobody asked for a push.
    pub badge: Option<(&'static str, &'static str)>,
    pub sentence: String,
    /// What was wrong, if something was.
    pub error: String,
    /// What the button says that asks for it; empty where there is none.
    pub button: &'static str,
    pub can_cancel: bool,
    /// Whether it goes on by itself just now.
    pub is_moving: bool,
    /// How DuckDB reads it there; empty where it can't.
    pub query: String,
}

impl PushPart {
    /// What there is to say; nothing where no store is set up and nothing was ever pushed.
    pub fn of(
        (name, release): (&str, &Release),
        push: Option<Push>,
        has_table: bool,
        store: Option<&str>,
    ) -> Option<Self> {
        let push = match (push, store) {
            (Some(push), _) => push,
            (None, Some(store)) if release.state == State::Ready => return Some(unasked(store)),
            _ => return None,
        };
        let at = |to: &str| format!("{to}/{}", folder(name, release.number));
        let place = push.store.as_deref().or(store).map(at);
        let can_ask = release.state == State::Ready && store.is_some();
        let mut part = Self {
            badge: Some(badge(&push)),
            sentence: sentence(release, &push, place.as_deref()),
            error: push.error.clone().unwrap_or_default(),
            button: "",
            can_cancel: push.state == PushState::Waiting,
            is_moving: push.state == PushState::Waiting && is_moving(&push, store),
            query: String::new(),
        };
        if can_ask && !part.is_moving {
            part.button = match push.state {
                PushState::Waiting => "Try now",
                PushState::Done => "Push it again",
                PushState::Failed => "Try again",
                PushState::Cancelled => "Push to the store",
            };
        }
        if let (PushState::Done, true, Some(place)) = (push.state, has_table, place) {
            part.query = format!(
                "SELECT * FROM read_parquet('{place}/split=*/*.parquet', hive_partitioning = true)"
            );
        }
        Some(part)
    }
}

fn unasked(store: &str) -> PushPart {
    PushPart {
        badge: None,
        sentence: format!("This release was not pushed to {store}."),
        error: String::new(),
        button: "Push to the store",
        can_cancel: false,
        is_moving: false,
        query: String::new(),
    }
}

/// Somebody is at it, or takes it within seconds.
fn is_moving(push: &Push, store: Option<&str>) -> bool {
    push.is_held(clock::now()) || (push.tries == 0 && store.is_some())
}

fn badge(push: &Push) -> (&'static str, &'static str) {
    match push.state {
        PushState::Waiting if push.is_held(clock::now()) => ("pending", "Being pushed"),
        PushState::Waiting => ("pending", "Waiting"),
        PushState::Done => ("accepted", "Pushed"),
        PushState::Failed => ("rejected", "Failed"),
        PushState::Cancelled => ("declined", "Cancelled"),
    }
}

fn sentence(release: &Release, push: &Push, place: Option<&str>) -> String {
    let Some(place) = place else {
        let waits = "It waits until a store is set up: `store.url`.";
        let waits = Some(waits).filter(|_| push.state == PushState::Waiting);
        return waits.unwrap_or("Nothing was pushed.").to_owned();
    };
    if release.state == State::Withdrawn {
        return format!("What was pushed to {place} stays there until somebody removes it there.");
    }
    match push.state {
        PushState::Waiting if push.is_held(clock::now()) && push.total > 0 => {
            format!("{} of {} files are at {place}.", push.done, push.total)
        }
        PushState::Waiting if push.tries > 0 => {
            let next = clock::exact(push.next_try_at);
            format!("It goes to {place}, and is tried again at {next}.")
        }
        PushState::Waiting => format!("It goes to {place} as soon as a worker is free."),
        PushState::Done => format!("All of it is at {place}."),
        PushState::Failed => format!("It is not, or not all of it, at {place}."),
        PushState::Cancelled => format!("What was at {place} by then is still there."),
    }
}

/// `POST /datasets/{name}/releases/{number}/push`
pub(super) async fn ask(
    by: Engineer,
    db: Data<Db>,
    site: Data<Site>,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let ((name, number), actor) = (numbered(path.into_inner())?, Actor::Person(by.who.id().0));
    let store = site.store.clone().ok_or_else(|| AppError::Conflict(actions::NO_STORE.into()))?;
    let asked = name.clone();
    let ask = move |conn: &mut _| actions::ask(conn, actor, (&asked, number), &store, None);
    db.write(ask).await?;
    Ok(see_other(&format!("/datasets/{name}/releases/{number}")))
}

/// `POST /datasets/{name}/releases/{number}/push/cancel`
pub(super) async fn cancel(
    by: Engineer,
    db: Data<Db>,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let ((name, number), actor) = (numbered(path.into_inner())?, Actor::Person(by.who.id().0));
    let asked = name.clone();
    db.write(move |conn| actions::cancel(conn, actor, &asked, number)).await?;
    Ok(see_other(&format!("/datasets/{name}/releases/{number}")))
}
