//! The order of places, and how they are written.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::accounts::TeamId;
use crate::agents::AgentId;
use crate::agents::Environment;
use crate::agents::model::{ReviewPolicy, Visibility};
use crate::db::plans;
use crate::triage::facets::Facets;

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

fn deployment(number: u128) -> Deployment {
    let now = Instant::from_micros(0);
    Deployment {
        id: DeploymentId(uuid::Uuid::from_u128(number)),
        agent_id: AgentId(uuid::Uuid::nil()),
        team_id: TeamId(uuid::Uuid::nil()),
        environment: Environment::Production,
        review: ReviewPolicy::Required,
        visibility: Visibility::Team,
        normal_due_minutes: 60,
        urgent_due_minutes: 10,
        created_at: now,
        normal_resolution_minutes: 60,
        urgent_resolution_minutes: 60,
        reviews_needed: 1,
        weekly_audits: 0,
    }
}

/// All that waits in two deployments.
fn wanted() -> Wanted {
    Wanted {
        deployments: vec![deployment(1), deployment(2)],
        calendars: Calendars::default(),
        state: QueueState::Waiting,
        verdict: None,
        severity: None,
        categories: None,
        versions: None,
        age: None,
        due: None,
        items: None,
    }
}

/// Some that wait in ten deployments.
const QUEUE: &str = "
    INSERT INTO queue (item_id, deployment_id, state, is_urgent, waiting_at, severity, version_id)
    SELECT gen_random_uuid(), lpad((n % 10)::text, 32, '0')::uuid, 'waiting', n % 100 = 0,
        now() - n * interval '1 minute', 'medium', gen_random_uuid()
    FROM generate_series(1, 20000) AS n";

/// What each statement of a page of the queue does, on SQLite.
fn steps(work: impl FnOnce(&mut Conn) -> crate::error::AppResult<()>) -> Vec<String> {
    plans::of(work).unwrap().into_iter().map(|steps| steps.join("\n")).collect()
}

#[test]
fn many_deployments_are_walked_by_one_statement_for_each_band() {
    let now = Instant::from_micros(9_000_000_000);
    for band in Band::ALL {
        let wanted = wanted();
        let walks: Vec<Walk<'_>> = wanted
            .deployments
            .iter()
            .map(|deployment| Walk {
                wanted: &wanted,
                deployment,
                as_of: now,
                now,
                band,
                after: None,
                free_for: None,
            })
            .collect();
        let read = |conn: &mut Conn| {
            each::first_of_each(conn, &walks, 4)?;
            Ok(())
        };
        let asked = steps(read);
        assert_eq!(asked.len(), 1, "{asked:?}");
        let index = "SEARCH queue USING COVERING INDEX queue_order \
             (deployment_id=? AND state=? AND is_urgent=? AND waiting_at>? AND waiting_at<?)";
        assert!(asked[0].contains(index) && !asked[0].contains("TEMP B-TREE"), "{}", asked[0]);
        assert!(asked[0].contains("SEARCH found USING PRIMARY KEY (item_id=?)"), "{}", asked[0]);
        let Some(plans) = plans::on_postgres(QUEUE, read).unwrap() else { continue };
        let plan = plans[0].join("\n");
        assert!(plan.contains("queue_order") && plan.contains("queue_pkey"), "{plan}");
        assert!(!plan.contains("Sort") && !plan.contains("Seq Scan"), "{plan}");
    }
}

#[test]
fn counts_of_many_deployments_are_one_statement_over_an_index_alone() {
    let wanted = wanted();
    let now = Instant::from_micros(9_000_000_000);
    let count = |conn: &mut Conn| {
        let (all, calendars) = (&wanted.deployments, &wanted.calendars);
        Facets::count(conn, all, calendars, QueueState::Waiting, now)?;
        Ok(())
    };
    let asked = steps(count);
    assert_eq!(asked.len(), 1, "{asked:?}");
    let index = "SEARCH queue USING COVERING INDEX queue_order (deployment_id=? AND state=?)";
    assert!(asked[0].contains(index), "{}", asked[0]);
    let Some(plans) = plans::on_postgres(QUEUE, count).unwrap() else { return };
    let plan = plans[0].join("\n");
    assert!(plan.contains("queue") && !plan.contains("Seq Scan"), "{plan}");
}
