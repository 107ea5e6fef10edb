//! One's own page: name, time zone, password, and where one is signed in.

use crate::accounts::actions::check_name;
use crate::accounts::door::session_of;
use crate::accounts::identities::{self, Identity};
use crate::accounts::languages;
use crate::accounts::model::{Person, Who};
use crate::accounts::passwords::{self, LEAST, Strength};
use crate::accounts::sessions::{self, How, Session};
use crate::accounts::{Door, SignedIn};
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::{Conn, Db, Hash, Instant};
use crate::error::{AppResult, Mistakes};
use crate::schema::people;
use crate::web::form;
use crate::web::{PageContext, page, see_other};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use diesel::prelude::*;
use serde::Deserialize;
use serde_json::json;

#[derive(Template)]
#[template(path = "accounts/profile.html")]
pub(super) struct ProfilePage {
    ctx: PageContext,
    email: String,
    form: DetailsForm,
    zones: Vec<(String, String)>,
    languages: Vec<(&'static str, &'static str)>,
    least: usize,
    offers_password: bool,
    offers_mail: bool,
    kept: Kept,
    typed: Typed,
}

/// What is kept about how the person signs in.
pub(super) struct Kept {
    pub password: Option<(String, Instant)>,
    pub sessions: Vec<Session>,
    accounts: Vec<Identity>,
    this: Option<Hash>,
}

/// What must be shown before a password is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// They have just shown that the mailbox or the account elsewhere is theirs.
    Shown,
    /// The password they have.
    Password,
    /// Signing in again.
    Again,
}

/// What came back with mistakes.
#[derive(Default)]
pub(super) struct Typed {
    pub details: Mistakes,
    pub password: Mistakes,
    pub strength: Option<Strength>,
}

#[derive(Deserialize)]
pub(super) struct DetailsForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    time_zone: String,
    #[serde(default)]
    language: String,
}

#[derive(Deserialize)]
pub(super) struct Done {
    #[serde(default)]
    done: String,
}

impl Kept {
    /// Reads it for the person whose session this is.
    pub(super) async fn read(
        who: &Who,
        request: &HttpRequest,
        door: &Door,
        db: &Db,
    ) -> AppResult<Self> {
        let (person, idle) = (who.id(), door.idle_minutes());
        let this = session_of(request);
        db.read(move |conn| {
            let password = passwords::of(conn, person)?;
            let sessions = sessions::list_of(conn, person, clock::now(), idle)?;
            let accounts = identities::list_of(conn, person)?;
            Ok(Self { password, sessions, accounts, this })
        })
        .await
    }

    /// Whether this is the session of the browser that asks.
    pub(super) fn is_this(&self, session: &Session) -> bool {
        self.this == Some(session.token_hash)
    }

    /// What must be shown before a password is set: a session that began by the password proves
    /// nothing that the password doesn't.
    pub(super) fn proof(&self) -> Proof {
        let this = self.sessions.iter().find(|session| self.is_this(session));
        let is_fresh = this.is_some_and(|this| this.is_fresh(clock::now()));
        let by_password = this.is_some_and(|this| this.how == How::Password);
        match &self.password {
            Some(_) if is_fresh && !by_password => Proof::Shown,
            Some(_) => Proof::Password,
            None if is_fresh => Proof::Shown,
            None => Proof::Again,
        }
    }
}

pub(super) async fn show(
    by: SignedIn,
    request: HttpRequest,
    door: Data<Door>,
    db: Data<Db>,
    query: Query<Done>,
) -> AppResult<HttpResponse> {
    let kept = Kept::read(&by.who, &request, &door, &db).await?;
    let mut ctx = by.ctx();
    ctx.notice = match query.done.as_str() {
        "details" => Some("Saved.".into()),
        "password" => Some("Your password is set. Other browsers were signed out.".into()),
        "account" => Some("That account is unlinked.".into()),
        "session" => Some("That browser is signed out.".into()),
        "sessions" => Some("Every other browser is signed out.".into()),
        _ => None,
    };
    profile(StatusCode::OK, ctx, &by.who, &door, kept, Typed::default())
}

/// The page as it is, or with what came back.
pub(super) fn profile(
    status: StatusCode,
    ctx: PageContext,
    who: &Who,
    door: &Door,
    kept: Kept,
    typed: Typed,
) -> AppResult<HttpResponse> {
    let form = DetailsForm {
        name: who.person.name.clone(),
        time_zone: who.person.time_zone.clone().unwrap_or_default(),
        language: who.person.language.clone().unwrap_or_default(),
    };
    profile_with(form, status, ctx, who, door, kept, typed)
}

fn profile_with(
    form: DetailsForm,
    status: StatusCode,
    ctx: PageContext,
    who: &Who,
    door: &Door,
    kept: Kept,
    typed: Typed,
) -> AppResult<HttpResponse> {
    let shown = ProfilePage {
        ctx,
        email: who.person.address.clone().unwrap_or_default(),
        form,
        languages: languages::choices(),
        zones: clock::zones().into_iter().map(|zone| (zone, String::new())).collect(),
        least: LEAST,
        // Whoever came by a proxy has no session here to protect.
        offers_password: door.sign_in.password && kept.this.is_some(),
        offers_mail: door.sign_in.mail,
        kept,
        typed,
    };
    page(status, &shown)
}

pub(super) async fn update(
    by: SignedIn,
    request: HttpRequest,
    door: Data<Door>,
    db: Data<Db>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let form: DetailsForm = form::read(&body)?;
    let details = match form.check() {
        Ok(details) => details,
        Err(mistakes) => {
            let kept = Kept::read(&by.who, &request, &door, &db).await?;
            let typed = Typed { details: mistakes, ..Typed::default() };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return profile_with(form, status, by.ctx(), &by.who, &door, kept, typed);
        }
    };
    let before = by.who.person.clone();
    db.write(move |conn| details.save(conn, &before)).await?;
    Ok(see_other("/profile?done=details"))
}

/// What a person says of themselves.
struct Details {
    name: String,
    time_zone: Option<String>,
    language: Option<String>,
}

impl DetailsForm {
    fn check(&self) -> Result<Details, Mistakes> {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let (time_zone, language) = (given(&self.time_zone), given(&self.language));
        let mut mistakes = Mistakes::default();
        if time_zone.as_deref().is_some_and(|zone| !clock::is_zone(zone)) {
            let why = "Choose one of the list, such as Europe/Vienna, or leave it.";
            mistakes.add("time_zone", why);
        }
        if language.as_deref().is_some_and(|code| languages::name(code).is_none()) {
            mistakes.add("language", "Choose one of the list, or leave it.");
        }
        let name = check_name("name", &self.name).unwrap_or_else(|_| {
            mistakes.add("name", "Enter your name: one line of at most 200 characters.");
            String::new()
        });
        mistakes.or(Details { name, time_zone, language })
    }
}

impl Details {
    /// Of what was there before, the audit log learns what changed, and not to what.
    fn save(&self, conn: &mut Conn, before: &Person) -> AppResult<()> {
        let new = (
            people::name.eq(&self.name),
            people::time_zone.eq(&self.time_zone),
            people::language.eq(&self.language),
        );
        diesel::update(people::table.find(before.id)).set(new).execute(conn)?;
        let changed = [
            ("name", before.name != self.name),
            ("time_zone", before.time_zone != self.time_zone),
            ("language", before.language != self.language),
        ];
        let changed = changed.into_iter().filter(|(_, is_other)| *is_other);
        let detail = json!({ "changed": changed.map(|(field, _)| field).collect::<Vec<_>>() });
        let subject = format!("person:{}", before.id);
        audit::record(conn, Actor::Person(before.id.0), "person.update", &subject, detail)
    }
}

#[derive(Deserialize)]
struct UnlinkForm {
    #[serde(default)]
    issuer: String,
}

/// Unlinks one's accounts at one provider.
pub(super) async fn unlink(by: SignedIn, db: Data<Db>, body: Bytes) -> AppResult<HttpResponse> {
    let UnlinkForm { issuer } = form::read(&body)?;
    let person = by.who.id();
    db.write(move |conn| identities::unlink(conn, person, &issuer)).await?;
    Ok(see_other("/profile?done=account"))
}
