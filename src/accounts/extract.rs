//! Who is asking: a handler names the permission it needs in its signature, and can't be
//! called without it.

use super::door::{Door, session_of};
use super::keys::KeyCache;
use super::may::{self, Reach};
use super::model::{Key, Scope, TeamId, Who};
use super::proxied;
use super::queries;
use crate::clock;
use crate::db::{Conn, Db, Hash};
use crate::error::AppError;
use crate::web::budgets::{self, Caller};
use crate::web::{PageContext, Site, Viewer, token};
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

/// The cookie that holds a session's token.
pub const SESSION_COOKIE: &str = "overrule_session";

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, AppError>>>>;

/// Nobody in particular: the handler checks what it was given itself, or shows nothing private.
pub struct Anyone {
    /// Who is signed in, if someone is.
    pub who: Option<Who>,
    ctx: PageContext,
}

/// A person who is signed in.
pub struct SignedIn {
    pub who: Who,
    ctx: PageContext,
}

/// A champion of at least one team.
pub struct Champion(pub SignedIn);

/// Whoever may decide what others reported: a champion of a team, or one who sees all.
pub struct Reviewer(pub SignedIn);

/// A champion or manager of at least one team, or an admin.
pub struct Leader(pub SignedIn);

/// An engineer or admin of the installation.
pub struct Engineer(pub SignedIn);

/// An admin of the installation.
pub struct Admin(pub SignedIn);

impl Anyone {
    /// What the layout needs.
    pub fn ctx(&self) -> PageContext {
        self.ctx.clone()
    }
}

impl SignedIn {
    /// What the layout needs.
    pub fn ctx(&self) -> PageContext {
        self.ctx.clone()
    }
    /// An error unless the person looks after the team.
    pub fn must_lead(&self, team: TeamId) -> Result<(), AppError> {
        if self.who.leads(team) { Ok(()) } else { Err(AppError::NotFound) }
    }
}

impl FromRequest for Anyone {
    type Error = AppError;
    type Future = Extracted<Self>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let who = match proxied::who(&request).await? {
                Some(who) => Some(who),
                None => session(&request).await?,
            };
            let caller = who.as_ref().map_or(Caller::Stranger, |who| Caller::Person(who.id().0));
            budgets::spend(&request, caller)?;
            let viewer = who.as_ref().map(viewer);
            if let Some(viewer) = &viewer {
                clock::set_zone(&viewer.time_zone);
                request.extensions_mut().insert(viewer.clone());
            }
            let demo = request.app_data::<Data<Site>>().is_some_and(|site| site.demo);
            let path = request.path().to_owned();
            let ctx = PageContext { person: viewer, path, demo, notice: None };
            Ok(Self { who, ctx })
        })
    }
}

impl FromRequest for SignedIn {
    type Error = AppError;
    type Future = Extracted<Self>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let anyone = Anyone::from_request(request, payload);
        Box::pin(async move {
            let Anyone { who, ctx } = anyone.await?;
            Ok(Self { who: who.ok_or(AppError::SignIn)?, ctx })
        })
    }
}

macro_rules! role {
    ($name:ident, $rule:expr) => {
        impl FromRequest for $name {
            type Error = AppError;
            type Future = Extracted<Self>;
            fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
                let signed_in = SignedIn::from_request(request, payload);
                Box::pin(async move {
                    let by = signed_in.await?;
                    if ($rule.allows)(&by.who) {
                        Ok(Self(by))
                    } else {
                        Err(AppError::Forbidden($rule.refusal.into()))
                    }
                })
            }
        }
        impl std::ops::Deref for $name {
            type Target = SignedIn;
            fn deref(&self) -> &SignedIn {
                &self.0
            }
        }
    };
}
role!(Champion, may::CHAMPION);
role!(Reviewer, may::REVIEWER);
role!(Leader, may::LEADER);
role!(Engineer, may::ENGINEER);
role!(Admin, may::ADMIN);

/// Who the session in the cookie belongs to. That it was used is noted, not written.
async fn session(request: &HttpRequest) -> Result<Option<Who>, AppError> {
    let Some(session) = session_of(request) else { return Ok(None) };
    let (db, door) = (database(request)?, door(request)?);
    let idle = door.idle_minutes();
    let find =
        move |conn: &mut Conn| Ok(queries::find_by_session(conn, session, clock::now(), idle)?);
    let who = db.read(find).await?;
    if who.is_some() {
        door.seen.note(session);
    }
    Ok(who)
}

pub(super) fn door(request: &HttpRequest) -> Result<Data<Door>, AppError> {
    request
        .app_data::<Data<Door>>()
        .cloned()
        .ok_or_else(|| AppError::internal(anyhow::anyhow!("no door was given to the server")))
}

/// The key with this token, from the cache where there is one.
async fn find_key(request: &HttpRequest, hash: Hash) -> Result<Option<Key>, AppError> {
    let cache = request.app_data::<Data<KeyCache>>();
    if let Some(key) = cache.and_then(|cache| cache.find(&hash)) {
        return Ok(Some(key));
    }
    let asked_at = std::time::Instant::now();
    let key = database(request)?.read(move |conn| Ok(queries::find_key(conn, hash)?)).await?;
    if let (Some(cache), Some(key)) = (cache, &key) {
        cache.put(key.clone(), asked_at);
    }
    Ok(key)
}

pub(super) fn database(request: &HttpRequest) -> Result<Data<Db>, AppError> {
    request
        .app_data::<Data<Db>>()
        .cloned()
        .ok_or_else(|| AppError::internal(anyhow::anyhow!("no database was given to the server")))
}

fn viewer(who: &Who) -> Viewer {
    Viewer {
        name: who.person.name.clone(),
        email: who.person.address.clone().unwrap_or_default(),
        is_admin: who.person.is_admin,
        is_engineer: who.person.is_engineer,
        is_champion: who.is_champion(),
        is_manager: who.is_manager(),
        time_zone: who.person.time_zone.clone().unwrap_or_default(),
    }
}

/// The scope that a call of the API needs.
pub trait Needs {
    /// The scope.
    const SCOPE: Scope;
}

macro_rules! needs {
    ($($(#[$meta:meta])* $name:ident)+) => {
        $($(#[$meta])* pub struct $name;
        impl Needs for $name { const SCOPE: Scope = Scope::$name; })+
    };
}

/// The scopes as types, for `ApiKey<scope::Ingest>`.
pub mod scope {
    use super::{Needs, Scope};
    needs!(
        /// Send interactions.
        Ingest
        /// Send feedback.
        Feedback
        /// Work on the review queue.
        Triage
        /// Read signals and datasets.
        Export
        /// Read agents, interactions and feedback.
        Read
        /// Everything.
        Admin
    );
}

/// A program with a key that has scope `S` and is for all agents and teams.
pub struct ApiKey<S> {
    pub key: Key,
    needs: PhantomData<S>,
}

/// A program with a key that has scope `S`, perhaps for some agents or teams only: the handler
/// gives its queries the `reach`.
pub struct LimitedKey<S> {
    pub key: Key,
    /// What the key is for.
    pub reach: Reach,
    needs: PhantomData<S>,
}

impl<S: Needs + 'static> FromRequest for ApiKey<S> {
    type Error = AppError;
    type Future = Extracted<Self>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limited = LimitedKey::<S>::from_request(request, payload);
        Box::pin(async move {
            let LimitedKey { key, reach, needs } = limited.await?;
            if !reach.is_all() {
                let why = "This key is for certain agents or teams, and this call is not.";
                return Err(AppError::Forbidden(why.into()));
            }
            Ok(Self { key, needs })
        })
    }
}

impl<S: Needs + 'static> FromRequest for LimitedKey<S> {
    type Error = AppError;
    type Future = Extracted<Self>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let key = key_of(&request).await?;
            if !key.may(S::SCOPE) {
                let scope = S::SCOPE;
                return Err(AppError::Forbidden(format!("This key lacks the scope `{scope}`.")));
            }
            Ok(Self { reach: key.reach(), key, needs: PhantomData })
        })
    }
}

/// The key that the request bears, if it is good.
async fn key_of(request: &HttpRequest) -> Result<Key, AppError> {
    let key = match bearer(request) {
        Some(token) => find_key(request, token::hash(token)).await?.filter(Key::is_good),
        None => None,
    };
    let caller = key.as_ref().map_or(Caller::Stranger, |key| Caller::Key(key.id.0));
    budgets::spend(request, caller)?;
    let key = key.ok_or(AppError::SignIn)?;
    if let Some(cache) = request.app_data::<Data<KeyCache>>() {
        cache.used(key.id);
    }
    Ok(key)
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get("authorization")?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
