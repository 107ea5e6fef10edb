//! The clock against what a person with a watch would say.

use super::super::model::EscalationId;
use super::*;

const START: i64 = 1_790_000_000_000_000;

fn at(minute: i64) -> Instant {
    Instant::from_micros(START + minute * MINUTE)
}

fn events(all: &[(EventKind, i64)]) -> Vec<Event> {
    let id = EscalationId::new();
    let mut opened = Event::plain(id, EventKind::Opened, at(0));
    (opened.answer_minutes, opened.resolution_minutes) = (Some(60), Some(480));
    let rest = all.iter().map(|(kind, minute)| Event::plain(id, *kind, at(*minute)));
    std::iter::once(opened).chain(rest).collect()
}

fn clock(all: &[(EventKind, i64)]) -> Clock {
    Clock::of(&events(all))
}

const ALWAYS: Calendar = Calendar::ALWAYS;

#[test]
fn an_answer_and_an_end_are_due() {
    let clock = clock(&[]);
    assert_eq!(clock.answer_due(&ALWAYS), Some(at(60)));
    assert_eq!(clock.resolution_due(&ALWAYS), Some(at(480)));
    let notices: Vec<_> = clock.notices(&ALWAYS).into_iter().map(|(_, when)| when).collect();
    assert_eq!(notices, [at(0), at(45), at(60), at(360), at(480)]);
}

#[test]
fn the_clock_stands_while_the_reporter_is_asked() {
    use EventKind::{Asked, Replied, Resumed};
    let asked = clock(&[(Asked, 30)]);
    assert_eq!(asked.state, State::Waiting);
    assert_eq!(asked.answer_due(&ALWAYS), None, "to ask is to answer");
    assert_eq!(asked.resolution_due(&ALWAYS), None);
    assert!(asked.notices(&ALWAYS).is_empty());
    let replied = clock(&[(Asked, 30), (Replied, 1_030)]);
    assert_eq!(replied.state, State::Open);
    assert_eq!(replied.resolution_due(&ALWAYS), Some(at(1_480)));
    let twice = clock(&[(Asked, 30), (Replied, 1_030), (Asked, 1_040), (Resumed, 1_050)]);
    assert_eq!(twice.resolution_due(&ALWAYS), Some(at(1_490)));
    let late = clock(&[(Asked, 500)]);
    assert_eq!(late.resolution_due(&ALWAYS), Some(at(480)), "what was late stays late");
}

#[test]
fn what_becomes_urgent_is_due_sooner_and_never_later() {
    let mut all = events(&[(EventKind::Urgent, 30)]);
    (all[1].answer_minutes, all[1].resolution_minutes) = (Some(10), Some(1_000));
    let clock = Clock::of(&all);
    assert!(clock.is_urgent);
    assert_eq!(clock.answer_due(&ALWAYS), Some(at(40)));
    assert_eq!(clock.resolution_due(&ALWAYS), Some(at(480)));
}

#[test]
fn what_was_closed_by_mistake_goes_on_where_it_stood() {
    use EventKind::{Reopened, Resolved};
    let mut all = events(&[(Resolved, 100), (Reopened, 700), (Resolved, 720)]);
    (all[1].minutes, all[1].outcome) = (Some(15), Some(Outcome::NoAction));
    (all[3].minutes, all[3].outcome) = (Some(5), Some(Outcome::AgentFixed));
    let open = Clock::of(&all[..3]);
    assert_eq!((open.state, open.outcome, open.closed_at), (State::Open, None, None));
    assert_eq!(open.resolution_due(&ALWAYS), Some(at(1_080)));
    let closed = Clock::of(&all);
    assert_eq!((closed.outcome, closed.minutes), (Some(Outcome::AgentFixed), Some(20)));
    assert_eq!(closed.answered_at, Some(at(100)));
}

proptest::proptest! {
    /// With every hour counted, an end is due exactly so many minutes of running clock later.
    #[test]
    fn an_end_is_due_when_its_minutes_have_run(
        steps in proptest::collection::vec((0usize..4, 1i64..300), 0..12),
    ) {
        let kinds =
            [EventKind::Asked, EventKind::Replied, EventKind::Resolved, EventKind::Reopened];
        let mut minute = 0;
        let all: Vec<(EventKind, i64)> = steps.into_iter().map(|(kind, length)| {
            minute += length;
            (kinds[kind], minute)
        }).collect();
        let (mut state, mut run, mut due, mut next) = (State::Open, 0, None, 0);
        for now in 0..minute + 1_000 {
            while let Some((kind, _)) = all.get(next).filter(|(_, at)| *at == now) {
                state = match (state, kind) {
                    (State::Open, EventKind::Asked) => State::Waiting,
                    (State::Waiting, EventKind::Replied) => State::Open,
                    (_, EventKind::Resolved) => State::Closed,
                    (State::Closed, EventKind::Reopened) => State::Open,
                    (other, _) => other,
                };
                next += 1;
            }
            run += i64::from(state == State::Open);
            if run == 480 && due.is_none() {
                due = Some(at(now + 1));
            }
        }
        proptest::prop_assert_eq!(clock(&all).resolution_due(&ALWAYS), due);
    }
}
