//! The clock of an escalation, worked out from its events: what is due when. It stands while the
//! reporter is asked, and while it was closed by mistake; what was late stays late.

use super::model::{Escalation, Event, EventKind, NoticeKind, Outcome, State};
use crate::accounts::PersonId;
use crate::db::Instant;
use crate::hours::Calendar;

const MINUTE: i64 = 60_000_000;

/// From when on, and how many minutes of working time until the first answer and the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Demand {
    since: Instant,
    answer: i64,
    resolution: i64,
}

/// What the events of one escalation say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    demands: Vec<Demand>,
    /// In order; the last may go on.
    pauses: Vec<(Instant, Option<Instant>)>,
    pub state: State,
    pub is_urgent: bool,
    pub assignee: Option<PersonId>,
    pub answered_at: Option<Instant>,
    /// When the reporter first wrote since they were last asked.
    replied_at: Option<Instant>,
    pub closed_at: Option<Instant>,
    pub outcome: Option<Outcome>,
    /// All that people said they spent.
    pub minutes: Option<i64>,
}

impl Clock {
    /// Reads events, which are in the order in which they happened.
    pub fn of(events: &[Event]) -> Self {
        let mut clock = Self {
            demands: Vec::new(),
            pauses: Vec::new(),
            state: State::Open,
            is_urgent: false,
            assignee: None,
            answered_at: None,
            replied_at: None,
            closed_at: None,
            outcome: None,
            minutes: None,
        };
        for event in events {
            clock.take(event);
        }
        clock
    }

    fn take(&mut self, event: &Event) {
        let at = event.created_at;
        if let (Some(answer), Some(resolution)) = (event.answer_minutes, event.resolution_minutes) {
            self.demands.push(Demand { since: at, answer, resolution });
        }
        if event.kind.answers() {
            self.answered_at.get_or_insert(at);
        }
        if let Some(minutes) = event.minutes {
            self.minutes = Some(self.minutes.unwrap_or(0).saturating_add(minutes));
        }
        match event.kind {
            EventKind::Asked => self.replied_at = None,
            EventKind::Replied => {
                self.replied_at.get_or_insert(at);
            }
            _ => {}
        }
        match event.kind {
            EventKind::Urgent => self.is_urgent = true,
            EventKind::Assigned => self.assignee = event.assignee_id,
            EventKind::Asked if self.state == State::Open => {
                self.state = State::Waiting;
                self.stop(at);
            }
            EventKind::Replied | EventKind::Resumed if self.state == State::Waiting => {
                self.state = State::Open;
                self.go(at);
            }
            EventKind::Resolved | EventKind::Withdrawn | EventKind::Settled => {
                self.state = State::Closed;
                self.stop(at);
                self.closed_at = Some(at);
                self.outcome = event.outcome;
            }
            EventKind::Reopened if self.state == State::Closed => {
                self.state = State::Open;
                self.go(at);
                self.closed_at = None;
                self.outcome = None;
            }
            _ => {}
        }
    }

    fn stop(&mut self, at: Instant) {
        if self.pauses.last().is_none_or(|(_, until)| until.is_some()) {
            self.pauses.push((at, None));
        }
    }

    fn go(&mut self, at: Instant) {
        if let Some((_, until @ None)) = self.pauses.last_mut() {
            *until = Some(at);
        }
    }

    /// By when the reporter should hear from a person; none once they did.
    pub fn answer_due(&self, calendar: &Calendar) -> Option<Instant> {
        if self.answered_at.is_some() {
            return None;
        }
        self.earliest(calendar, |demand| demand.answer * MINUTE)
    }

    /// By when it should be done with; none while the clock stands before that.
    pub fn resolution_due(&self, calendar: &Calendar) -> Option<Instant> {
        self.earliest(calendar, |demand| demand.resolution * MINUTE)
    }

    /// When somebody should be told of what, while it is open: before a time runs out, when a
    /// quarter of it is left, and when it did.
    pub fn notices(&self, calendar: &Calendar) -> Vec<(NoticeKind, Instant)> {
        if self.state != State::Open {
            return Vec::new();
        }
        let mut notices = Vec::new();
        let mut add = |kind, at: Option<Instant>| notices.extend(at.map(|at| (kind, at)));
        add(NoticeKind::Replied, self.replied_at);
        if self.answered_at.is_none() {
            add(NoticeKind::Opened, self.demands.first().map(|demand| demand.since));
            let soon = self.earliest(calendar, |demand| demand.answer * MINUTE / 4 * 3);
            add(NoticeKind::AnswerSoon, soon);
            add(NoticeKind::AnswerLate, self.answer_due(calendar));
        }
        let soon = self.earliest(calendar, |demand| demand.resolution * MINUTE / 4 * 3);
        add(NoticeKind::ResolutionSoon, soon);
        add(NoticeKind::ResolutionLate, self.resolution_due(calendar));
        notices
    }

    fn earliest(&self, calendar: &Calendar, micros: impl Fn(&Demand) -> i64) -> Option<Instant> {
        let due = |demand: &Demand| self.due(calendar, demand.since, micros(demand));
        self.demands.iter().filter_map(due).min()
    }

    /// When so much working time has run since an instant, pauses left out; none where the clock
    /// stands before.
    fn due(&self, calendar: &Calendar, since: Instant, micros: i64) -> Option<Instant> {
        let (mut at, mut left) = (since, micros);
        for (from, until) in &self.pauses {
            let from = (*from).max(at);
            if until.is_some_and(|until| until <= at) {
                continue;
            }
            let used = calendar.between(at, from);
            if used >= left {
                return Some(calendar.add_micros(at, left));
            }
            left -= used;
            at = (*until)?;
        }
        Some(calendar.add_micros(at, left))
    }

    /// Writes into the row what follows from the events; `told` is what somebody was told already.
    pub fn project(&self, row: &mut Escalation, calendar: &Calendar, told: &[NoticeKind]) {
        row.state = self.state;
        row.is_urgent |= self.is_urgent;
        row.assignee_id = self.assignee;
        row.answered_at = self.answered_at;
        row.closed_at = self.closed_at;
        row.outcome = self.outcome;
        row.minutes = self.minutes;
        let due = [self.answer_due(calendar), self.resolution_due(calendar)];
        let due = due.into_iter().flatten().min();
        row.due_at = due.filter(|_| self.state != State::Closed);
        let stopped = self.pauses.last().map(|(from, _)| *from);
        row.order_at = match self.state {
            State::Open => due,
            State::Waiting => stopped,
            State::Closed => self.closed_at,
        }
        .unwrap_or(row.opened_at);
        let notices = self.notices(calendar).into_iter();
        row.notice_at = notices.filter(|(kind, _)| !told.contains(kind)).map(|(_, at)| at).min();
    }
}

#[cfg(test)]
mod tests;
