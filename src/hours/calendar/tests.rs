//! The arithmetic against a count of every minute, across changes of the clock and holidays.

use super::*;
use jiff::civil;
use proptest::prelude::*;

/// Zones whose clocks change by an hour, by half an hour, in the south, or never.
const ZONES: [&str; 6] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/Santiago",
    "UTC",
];

/// Days around which clocks change somewhere.
const CHANGES: [(i16, i8, i8); 6] =
    [(2026, 3, 28), (2026, 10, 24), (2026, 3, 7), (2026, 10, 31), (2026, 4, 4), (2026, 10, 3)];

fn days(date: civil::Date) -> i64 {
    TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap().as_second() / 86_400
}

/// Whether the clock on the wall shows a working hour, looked up without any arithmetic of ours.
fn works(calendar: &Calendar, at: i64) -> bool {
    let local = Timestamp::from_microsecond(at).unwrap().to_zoned_datetime(calendar.zone.clone());
    let weekday = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap();
    let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
    !calendar.holidays.contains(&days(local.date()))
        && calendar.week[weekday].iter().any(|(from, until)| (*from..*until).contains(&minute))
}

fn calendars() -> impl Strategy<Value = (Calendar, i64)> {
    let day = proptest::collection::btree_set(0i64..=48, 0..=4).prop_map(|edges| {
        let edges: Vec<i64> = edges.into_iter().map(|edge| edge * 30).collect();
        edges.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect::<Vec<Stretch>>()
    });
    let week = proptest::array::uniform7(day);
    let offs = proptest::collection::vec(-3i64..8, 0..3);
    (0..ZONES.len(), week, offs, 0..CHANGES.len(), -1_440i64..4_000).prop_map(
        |(zone, mut week, offs, change, minutes)| {
            if week.iter().all(Vec::is_empty) {
                week[2].push((540, 1_020));
            }
            let (year, month, day) = CHANGES[change];
            let first = days(civil::date(year, month, day));
            let holidays = offs.into_iter().map(|off| first + off).collect();
            let zone = TimeZone::get(ZONES[zone]).unwrap();
            (Calendar::new(zone, week, holidays), first * DAY + minutes * MINUTE)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn time_between_is_the_number_of_minutes_in_which_people_work(
        (calendar, from) in calendars(), length in 0i64..6_000,
    ) {
        let counted = (0..length).filter(|n| works(&calendar, from + n * MINUTE)).count();
        let until = Instant::from_micros(from + length * MINUTE);
        let found = calendar.between(Instant::from_micros(from), until);
        prop_assert_eq!(found, i64::try_from(counted).unwrap() * MINUTE);
    }

    #[test]
    fn a_deadline_comes_when_as_many_minutes_were_worked(
        (calendar, from) in calendars(), minutes in 1i64..1_500,
    ) {
        let (mut at, mut worked) = (from, 0);
        while worked < minutes {
            worked += i64::from(works(&calendar, at));
            at += MINUTE;
        }
        prop_assert_eq!(calendar.add(Instant::from_micros(from), minutes).as_micros(), at);
    }

    #[test]
    fn what_is_late_waited_since_before_a_certain_instant(
        (calendar, from) in calendars(), minutes in 1i64..1_500, ahead in 0i64..5_000,
        nudge in -1i64..=1,
    ) {
        let due = Instant::from_micros(from + ahead * MINUTE);
        let edge = calendar.late_before(due, minutes);
        let just = Instant::from_micros(edge.as_micros() + nudge);
        for waiting in [just, Instant::from_micros(from), Instant::from_micros(from - 7 * DAY)] {
            prop_assert_eq!(calendar.add(waiting, minutes) < due, waiting < edge);
        }
        let at_an_edge = calendar.add(Instant::from_micros(from), minutes);
        let edge = calendar.late_before(at_an_edge, minutes);
        prop_assert!(edge <= Instant::from_micros(from), "what is due then is not late then");
        let next = Instant::from_micros(at_an_edge.as_micros() + 1);
        prop_assert!(Instant::from_micros(from) < calendar.late_before(next, minutes));
    }
}

#[test]
fn a_weekend_and_a_holiday_stop_the_clock() {
    let office = || vec![(9 * 60, 17 * 60)];
    let week = [office(), office(), office(), office(), office(), Vec::new(), Vec::new()];
    let holidays = BTreeSet::from([days(civil::date(2026, 4, 6))]);
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let calendar = Calendar::new(zone.clone(), week, holidays);
    let at = |y, m, d, h: i8, min: i8| {
        Instant(zone.to_timestamp(civil::date(y, m, d).at(h, min, 0, 0)).unwrap())
    };
    // Thursday before Easter 2026 at four: an hour then, Friday, and Tuesday as Monday is off.
    let due = calendar.add(at(2026, 4, 2, 16, 0), 10 * 60);
    assert_eq!(due, at(2026, 4, 7, 10, 0));
    // Clocks go forward on 29 March: Monday at nine is still nine on the wall.
    assert_eq!(calendar.add(at(2026, 3, 27, 16, 30), 60), at(2026, 3, 30, 9, 30));
}

#[test]
fn without_hours_every_minute_counts() {
    let at = Instant::from_micros(1_790_000_000_000_000);
    assert_eq!(Calendar::ALWAYS.add(at, 90), at.plus_minutes(90));
    assert_eq!(Calendar::ALWAYS.late_before(at, 90), at.plus_minutes(-90));
    assert_eq!(Calendar::ALWAYS.between(at, at.plus_minutes(3)), 3 * MINUTE);
}

#[test]
fn hours_that_never_come_are_never_late() {
    let calendar = Calendar::new(TimeZone::UTC, Default::default(), BTreeSet::new());
    let now = Instant::from_micros(1_790_000_000_000_000);
    assert!(calendar.add(now, 1) > now.plus_minutes(60 * 24 * 365));
    assert!(calendar.late_before(now, 1) < now);
}
