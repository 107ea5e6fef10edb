//! Capture: what programs and people send becomes interactions, feedback and signals, all through
//! one code path: `line` reads the interchange format, `draft` is one judgement, `submit` stores
//! feedback and lets signals follow, `intake` stores whole lines.

pub mod api;
pub mod draft;
mod forms;
pub mod intake;
pub mod line;
pub mod links;
mod pages;
pub mod queries;
mod reportable;
pub mod shown;
pub mod submit;
pub mod words;

pub use forms::About;
pub use pages::about;

use crate::accounts::Reach;
use crate::db::{Batch, Db};
use std::sync::Arc;

/// What programs and people send, and the pages where people do so.
pub fn routes(cfg: &mut actix_web::web::ServiceConfig) {
    api::routes(cfg);
    pages::routes(cfg);
}

/// The queues of the two hot appends.
pub struct Queues {
    /// Interactions, with the feedback that came along.
    pub lines: Batch<intake::Row, intake::Answer>,
    /// Feedback on interactions that are there.
    pub feedback: Batch<submit::Row, submit::Answer>,
}

impl Queues {
    /// Starts both.
    pub fn start(db: &Db) -> anyhow::Result<Self> {
        Ok(Self {
            lines: Batch::start(db.clone(), "lines", intake::apply)?,
            feedback: Batch::start(db.clone(), "feedback", submit::apply)?,
        })
    }

    /// Finishes what was accepted.
    pub fn close(&self) {
        self.lines.close();
        self.feedback.close();
    }
}

/// What a sender may do beyond sending.
#[derive(Debug, Clone)]
pub struct Permit {
    /// Whether names nobody has seen are made or refused.
    pub unknown: crate::agents::Unknown,
    /// Whether feedback may come along with an interaction.
    pub feedback: bool,
    /// Whether `status` of feedback is taken as given.
    pub status: bool,
    /// Whether a line without `external_id` gets one from its content, so that it can be sent
    /// again.
    pub derive_key: bool,
    /// The agents and teams it is for; none is all.
    pub reach: Option<Arc<Reach>>,
}

impl Permit {
    /// What the command line may do: everything.
    pub const COMMAND_LINE: Self = Self {
        unknown: crate::agents::Unknown::Make(crate::audit::Actor::CommandLine),
        feedback: true,
        status: true,
        derive_key: true,
        reach: None,
    };

    /// What a person who is signed in, or who holds a link, may do.
    pub const PERSON: Self = Self {
        unknown: crate::agents::Unknown::Refuse,
        feedback: true,
        status: false,
        derive_key: false,
        reach: None,
    };

    /// Who sends, where what they send is taken for granted.
    pub fn actor(&self) -> Option<crate::audit::Actor> {
        match self.unknown {
            crate::agents::Unknown::Make(actor) => Some(actor),
            crate::agents::Unknown::Refuse => None,
        }
    }

    /// What a program with this key may do.
    pub fn of_key(key: &crate::accounts::model::Key) -> Self {
        use crate::accounts::Scope;
        use crate::agents::Unknown;
        use crate::audit::Actor;
        let admin = key.may(Scope::Admin);
        Self {
            unknown: if admin { Unknown::Make(Actor::Key(key.id.0)) } else { Unknown::Refuse },
            feedback: key.may(Scope::Feedback),
            status: admin,
            derive_key: false,
            reach: (!key.reaches_all()).then(|| Arc::new(key.reach())),
        }
    }
}
