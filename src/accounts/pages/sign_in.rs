//! The page to sign in on: by password, or by a link that is mailed. Neither the answer nor how
//! long it takes tells whether somebody has an address.

use super::session::signed_in;
use crate::accounts::actions::check_address;
use crate::accounts::links::{self, MAILED_MINUTES};
use crate::accounts::model::{Person, PersonId};
use crate::accounts::sessions::{self, How};
use crate::accounts::{Anyone, Door, passwords, tries};
use crate::clock;
use crate::db::{Db, Hash};
use crate::error::{AppError, AppResult, Mistakes};
use crate::mail::Nudge;
use crate::web::form::{self, local_path};
use crate::web::limits::Limits;
use crate::web::token::Purpose;
use crate::web::{PageContext, Site, page, see_other};
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::{StatusCode, header};
use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;
use std::time::Duration;

/// Longer than the write takes on a healthy database.
const SAME_TIME: Duration = Duration::from_millis(150);
/// The cookie that shows that somebody signed in here before. It lets nobody in: it keeps
/// strangers who guess from making the person wait.
const DEVICE_COOKIE: &str = "overrule_device";
/// Days for which a browser is remembered.
const DEVICE_DAYS: i64 = 365;

#[derive(Template)]
#[template(path = "accounts/sign_in.html")]
struct SignInPage {
    ctx: PageContext,
    email: String,
    next: String,
    has_password: bool,
    has_mail: bool,
    /// What people call the identity provider, and the way there.
    provider: Option<(String, String)>,
    mistakes: Mistakes,
}

#[derive(Template)]
#[template(path = "accounts/sign_in_sent.html")]
struct SentPage {
    ctx: PageContext,
    minutes: i64,
    again: String,
}

/// Where to go after signing in.
#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    pub next: String,
}

#[derive(Default, Deserialize)]
struct SignInForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    /// `password`, or else a link by mail.
    #[serde(default)]
    way: String,
    #[serde(default)]
    next: String,
}

/// `path`, and where to go on from there.
pub(super) fn with_next(path: &str, next: &str) -> String {
    match local_path(next) {
        "/" => path.to_owned(),
        next => {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            format!("{path}?{}", query.append_pair("next", next).finish())
        }
    }
}

pub(super) async fn new(
    by: Anyone,
    door: Data<Door>,
    query: Query<Next>,
) -> AppResult<HttpResponse> {
    let next = local_path(&query.next).to_owned();
    if by.who.is_some() {
        return Ok(see_other(&next));
    }
    let form = SignInForm { next, ..SignInForm::default() };
    sign_in_page(&by, &door, StatusCode::OK, form, Mistakes::default())
}

fn sign_in_page(
    by: &Anyone,
    door: &Door,
    status: StatusCode,
    form: SignInForm,
    mistakes: Mistakes,
) -> AppResult<HttpResponse> {
    let next = local_path(&form.next).to_owned();
    let to_provider = || (door.oidc.name.clone(), with_next("/sign-in/oidc", &next));
    let found = SignInPage {
        ctx: by.ctx(),
        email: form.email,
        provider: door.provider.as_ref().map(|_| to_provider()),
        next,
        has_password: door.sign_in.password,
        has_mail: door.sign_in.mail,
        mistakes,
    };
    page(status, &found)
}

/// What a form to sign in is answered with.
struct Desk {
    by: Anyone,
    request: HttpRequest,
    site: Data<Site>,
    door: Data<Door>,
    db: Data<Db>,
}

#[allow(clippy::too_many_arguments)] // One for each thing it works with.
pub(super) async fn create(
    by: Anyone,
    request: HttpRequest,
    limits: Data<Limits>,
    site: Data<Site>,
    door: Data<Door>,
    db: Data<Db>,
    nudge: Data<Nudge>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    limits.sign_ins.check(&request)?;
    let form: SignInForm = form::read(&body)?;
    let by_password = form.way == "password" && door.sign_in.password;
    if !by_password && !door.sign_in.mail {
        return Err(AppError::Forbidden("No links are mailed here.".into()));
    }
    let desk = Desk { by, request, site, door, db };
    match check_address("email", &form.email) {
        Err(mistakes) => desk.again(form, mistakes),
        Ok(address) if by_password => desk.by_password(form, address).await,
        Ok(address) => {
            let answer = desk.by_mail(form, address).await;
            nudge.mail();
            answer
        }
    }
}

impl Desk {
    fn again(&self, form: SignInForm, mistakes: Mistakes) -> AppResult<HttpResponse> {
        sign_in_page(&self.by, &self.door, StatusCode::UNPROCESSABLE_ENTITY, form, mistakes)
    }

    async fn by_mail(&self, form: SignInForm, address: String) -> AppResult<HttpResponse> {
        let next = local_path(&form.next).to_owned();
        let answer = see_other(&with_next("/sign-in/sent", &next));
        let site = self.site.clone();
        // The answer takes as long for an address that nobody has.
        let write =
            self.db.write(move |conn| links::mail_sign_in_link(conn, &site, &address, &next));
        let (written, ()) = tokio::join!(write, tokio::time::sleep(SAME_TIME));
        written?;
        Ok(answer)
    }

    async fn by_password(&self, form: SignInForm, address: String) -> AppResult<HttpResponse> {
        if form.password.is_empty() {
            return self.again(form, Mistakes::one("password", "Enter your password."));
        }
        let wanted = address.clone();
        let found = self.db.read(move |conn| Ok(passwords::find(conn, &wanted)?)).await?;
        let bucket = self.bucket(&address, found.as_ref().map(|(person, _)| person));
        let take = self.db.write(move |conn| Ok(tries::take(conn, bucket, clock::now())?));
        if let Err(seconds) = take.await? {
            return self.too_many(form, seconds);
        }
        let (person, hash) = found.unzip();
        if !self.door.hasher.is_right(form.password.clone(), hash).await? {
            metrics::counter!("overrule_passwords_refused_total").increment(1);
            let person = person.as_ref().map(|person| person.id.to_string());
            tracing::warn!(person, "a password was refused");
            let message = "This is not the address and the password of anybody here.";
            return self.again(form, Mistakes::one("password", message));
        }
        let Some(person) = person else { return Err(AppError::SignIn) };
        self.let_in(person, bucket, &form.next).await
    }

    async fn let_in(&self, person: Person, bucket: Hash, next: &str) -> AppResult<HttpResponse> {
        let (token, new) = self.door.open(&self.request, How::Password);
        let id = person.id;
        let start = move |conn: &mut crate::db::Conn| {
            tries::forget(conn, bucket)?;
            sessions::start(conn, id, &new)
        };
        self.db.write(start).await?;
        let mut answer = signed_in(token, &self.door, &self.site, next)?;
        answer.add_cookie(&self.device(person.id)).map_err(AppError::internal)?;
        Ok(answer)
    }

    /// What failures are counted by: the address that was tried, or the browser where its person
    /// signed in before.
    fn bucket(&self, address: &str, person: Option<&Person>) -> Hash {
        let cookie = self.request.cookie(DEVICE_COOKIE);
        let signer = &self.site.signer;
        let known = cookie.as_ref().map(|cookie| cookie.value()).filter(|token| {
            let owner = signer.check(Purpose::Device, token, clock::now());
            owner.is_ok_and(|owner| person.is_some_and(|person| person.id.0 == owner))
        });
        signer.keyed_hash(&[b"tries", address.as_bytes(), known.unwrap_or_default().as_bytes()])
    }

    fn device(&self, person: PersonId) -> Cookie<'static> {
        let expires = clock::now().plus_minutes(DEVICE_DAYS * 24 * 60);
        let token = self.site.signer.sign(Purpose::Device, person.0, Some(expires));
        Cookie::build(DEVICE_COOKIE, token)
            .path("/sign-in")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.site.secure_cookies)
            .max_age(time::Duration::days(DEVICE_DAYS))
            .finish()
    }

    fn too_many(&self, form: SignInForm, seconds: u64) -> AppResult<HttpResponse> {
        let wait = match seconds {
            ..90 => format!("{seconds} seconds"),
            _ => format!("{} minutes", seconds.div_ceil(60)),
        };
        let way = if self.door.sign_in.mail { " A mailed link works at once." } else { "" };
        let message = format!("Too many tries. Wait {wait} before the next.{way}");
        let mistakes = Mistakes::one("password", message);
        let status = StatusCode::TOO_MANY_REQUESTS;
        let mut answer = sign_in_page(&self.by, &self.door, status, form, mistakes)?;
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        Ok(answer)
    }
}

pub(super) async fn sent(by: Anyone, query: Query<Next>) -> AppResult<HttpResponse> {
    let again = with_next("/sign-in", &query.next);
    page(StatusCode::OK, &SentPage { ctx: by.ctx(), minutes: MAILED_MINUTES, again })
}
