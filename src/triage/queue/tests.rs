//! The order of places, and how they are written.

#![allow(clippy::unwrap_used)]

use super::*;

fn place(band: Band, at: i64, item: u128) -> Place {
    let as_of = Instant::from_micros(1_000);
    Place {
        as_of,
        band,
        at: Instant::from_micros(at),
        since: Instant::from_micros(at - 3),
        item: ItemId(uuid::Uuid::from_u128(item)),
    }
}

#[test]
fn a_place_is_read_as_it_was_written() {
    for band in Band::ALL {
        let place = place(band, -7, 9);
        assert_eq!(place.to_string().parse(), Ok(place));
    }
    for wrong in ["", "3.1.1.1.x", "0.a.1.1.x", "0.1.1", "0.1.1.1.x", "0.9999999999999999999.1.1.x"]
    {
        assert!(wrong.parse::<Place>().is_err(), "{wrong}");
    }
}

#[test]
fn urgent_comes_first_then_late_then_the_newest() {
    let order = [
        place(Band::Urgent, 5, 1),
        place(Band::Urgent, 5, 2),
        place(Band::Urgent, 6, 1),
        place(Band::Late, 1, 9),
        place(Band::Late, 2, 1),
        place(Band::Fresh, 9, 4),
        place(Band::Fresh, 8, 6),
        place(Band::Fresh, 8, 5),
    ];
    let mut sorted = order;
    sorted.reverse();
    sorted.sort_by_key(key);
    assert_eq!(sorted, order);
}
