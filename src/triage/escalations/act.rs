//! What is done with an escalation, by its forms.

use super::show::{Sent, again};
use crate::accounts::SignedIn;
use crate::db::Db;
use crate::error::{AppError, AppResult, Mistakes};
use crate::escalations::EscalationId;
use crate::escalations::actions::{self, Act};
use crate::mail::Nudge;
use crate::web::{Site, form, see_other};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path};
use serde::Deserialize;

/// What all these handlers work with.
struct Desk {
    by: SignedIn,
    db: Data<Db>,
    site: Data<Site>,
    nudge: Data<Nudge>,
    id: EscalationId,
}

impl Desk {
    /// Does it, or shows the page again with what was typed.
    async fn act(self, sent: Sent, act: Result<Act, Mistakes>) -> AppResult<HttpResponse> {
        let done = match act {
            Ok(act) => {
                let (who, site, id) = (self.by.who.clone(), self.site.clone(), self.id);
                self.db.write(move |conn| actions::act(conn, &site, &who, id, &act)).await
            }
            Err(mistakes) => Err(mistakes.into()),
        };
        let (status, mistakes, notice) = match done {
            Ok(row) => {
                self.nudge.mail();
                // Whoever gives it away may not see it any more.
                let still =
                    self.by.who.leads(row.team_id) || row.assignee_id == Some(self.by.who.id());
                let path = if still { format!("/escalations/{}", self.id) } else { LIST.into() };
                return Ok(see_other(&path));
            }
            Err(AppError::Invalid(mistakes)) => (StatusCode::UNPROCESSABLE_ENTITY, mistakes, None),
            Err(AppError::Conflict(why)) => (StatusCode::CONFLICT, Mistakes::default(), Some(why)),
            Err(other) => return Err(other),
        };
        again(status, &self.by, &self.db, self.id, (sent, mistakes, notice)).await
    }
}

const LIST: &str = "/escalations";

macro_rules! handler {
    ($(#[$doc:meta])* $name:ident, |$sent:ident| $act:expr) => {
        $(#[$doc])*
        pub(super) async fn $name(
            by: SignedIn,
            db: Data<Db>,
            site: Data<Site>,
            nudge: Data<Nudge>,
            id: Path<EscalationId>,
            body: Bytes,
        ) -> AppResult<HttpResponse> {
            let $sent: Sent = form::read(&body)?;
            let act = $act;
            Desk { by, db, site, nudge, id: id.into_inner() }.act($sent, act).await
        }
    };
}

handler!(
    /// `POST /escalations/{id}/assign`
    assign,
    |sent| match sent.person.trim() {
        "" => Ok(Act::Assign(None)),
        id => match id.parse() {
            Ok(id) => Ok(Act::Assign(Some(id))),
            Err(_) => Err(Mistakes::one("person", "Choose somebody of the list.")),
        },
    }
);
handler!(
    /// `POST /escalations/{id}/messages`
    write,
    |sent| match sent.kind.as_str() {
        "answer" => Ok(Act::Answer(sent.message.clone())),
        "ask" => Ok(Act::Ask(sent.message.clone())),
        "note" => Ok(Act::Note(sent.message.clone())),
        _ => Err(Mistakes::one("message", "Say whether the reporter reads it.")),
    }
);
handler!(
    /// `POST /escalations/{id}/resume`
    resume,
    |sent| Ok::<_, Mistakes>(Act::Resume)
);
handler!(
    /// `POST /escalations/{id}/resolve`
    resolve,
    |sent| resolution(&sent)
);
handler!(
    /// `POST /escalations/{id}/reopen`
    reopen,
    |sent| Ok::<_, Mistakes>(Act::Reopen(sent.why.clone()))
);

fn resolution(sent: &Sent) -> Result<Act, Mistakes> {
    let mut mistakes = Mistakes::default();
    let outcome = sent.outcome.parse().map_err(|_| {
        mistakes.add("outcome", "Say what came of it.");
    });
    let minutes = sent.minutes.trim().replace(',', "").parse().map_err(|_| {
        mistakes.add("minutes", "Write the minutes as a number, such as 15.");
    });
    match (outcome, minutes) {
        (Ok(outcome), Ok(minutes)) => {
            Ok(Act::Resolve { outcome, minutes, text: sent.result.clone() })
        }
        _ => Err(mistakes),
    }
}

/// The reporter's answer, and the receipt it was written on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reply {
    reply: String,
    feedback: String,
}

/// `POST /escalations/{id}/reply`: the reporter answers, on their receipt.
pub(super) async fn reply(
    by: SignedIn,
    db: Data<Db>,
    id: Path<EscalationId>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let (sent, id): (Reply, _) = (form::read(&body)?, id.into_inner());
    let text = sent.reply.clone();
    db.write(move |conn| actions::reply(conn, &by.who, id, &text)).await?;
    let receipt: Option<crate::feedback::FeedbackId> = sent.feedback.parse().ok();
    Ok(see_other(&receipt.map_or("/feedback".to_owned(), |id| format!("/feedback/{id}"))))
}
