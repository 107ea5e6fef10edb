//! What several teams contradict one another in: the team that owns the agent settles it. Whether
//! they do is worked out when somebody is about to decide; then the item moves to the owner's list.

use crate::db::Conn;
use crate::error::AppResult;
use crate::signals::model::QueueState;
use crate::signals::set_state;
use crate::triage::judge::Judge;
use crate::triage::subject::Subject;

/// Why it is handed to the team that owns the agent, where this reviewer doesn't decide for that
/// one; nothing where the reviewer may go on.
pub(super) fn handed_over(
    conn: &mut Conn,
    judge: Judge<'_>,
    subject: &Subject,
) -> AppResult<Option<String>> {
    let Some(owner) = subject.owner.as_ref().filter(|_| !judge.owns(subject)) else {
        return Ok(None);
    };
    let name = &owner.name;
    set_state(conn, &subject.together(), QueueState::BetweenTeams)?;
    Ok(Some(format!(
        "Another team gives another answer to the same question. {name}, whose agent it is, \
         decides between them; it waits there."
    )))
}

/// Back to whoever reported it, where teams don't contradict one another any more; says whether
/// it went back.
pub(super) fn hand_back_if_settled(conn: &mut Conn, subject: &Subject) -> AppResult<bool> {
    let state = subject.found.waiting.as_ref().map(|waiting| waiting.state);
    if state != Some(QueueState::BetweenTeams) || subject.owner.is_some() {
        return Ok(false);
    }
    set_state(conn, &subject.together(), QueueState::Waiting)?;
    Ok(true)
}
