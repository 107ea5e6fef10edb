//! That lists of feedback walk indexes.

use super::*;
use crate::db::plans;
use proptest::prelude::*;

/// Some feedback of ten deployments and four categories, half of it of none.
const FEEDBACK: &str = "
    INSERT INTO feedback (id, interaction_id, deployment_id, known_by, verdict, category_id,
        severity, urgency, occurred_at, dedup_key)
    SELECT gen_random_uuid(), gen_random_uuid(),
        lpad((n % 10)::text, 32, '0')::uuid, 'key', 'corrected',
        CASE WHEN n % 2 = 0 THEN lpad((n % 8)::text, 32, '0')::uuid END,
        'medium', 'normal', now() - n * interval '1 minute', decode(md5(n::text), 'hex')
    FROM generate_series(1, 20000) AS n";

/// One walk, in a deployment, of a category where one is looked for.
fn one(filter: &FeedbackFilter) -> Walk {
    let category = filter.category.is_some().then(|| CategoryId(uuid::Uuid::nil()));
    Walk { deployment: Some(DeploymentId(uuid::Uuid::nil())), category }
}

/// The first step of a walk of one deployment, and whether anything is sorted.
fn walk(filter: &FeedbackFilter) -> (String, bool) {
    let asked = plans::of(|conn| Ok(places_of(conn, filter, one(filter), 51)?)).unwrap();
    let sorts = asked[0].iter().any(|step| step.contains("TEMP B-TREE"));
    (asked[0][0].clone(), sorts)
}

/// The same on PostgreSQL: the condition of the index and its name, in one line.
fn walk_on_postgres(filter: &FeedbackFilter) -> Option<String> {
    let ask = |conn: &mut Conn| Ok(places_of(conn, filter, one(filter), 51)?);
    Some(plans::on_postgres(FEEDBACK, ask).unwrap()?[0].join("\n"))
}

fn after(at: Option<i64>) -> Option<Place> {
    Some(Place { at: at.map(Instant::from_micros), id: FeedbackId(uuid::Uuid::nil()) })
}

#[test]
fn a_list_by_verdict_or_status_walks_the_index_that_has_only_those() {
    let verdict = FeedbackFilter {
        verdict: Some(Verdict::Corrected),
        after: after(None),
        ..FeedbackFilter::default()
    };
    let (step, sorts) = walk(&verdict);
    assert!(step.contains("feedback_verdict (deployment_id=? AND verdict=?"), "{step}");
    assert!(!sorts);
    for (status, index) in [
        (StatusFilter::Pending, "signals_status (deployment_id=? AND status=?"),
        (StatusFilter::Declined, "signals_status (deployment_id=? AND status=?"),
        (StatusFilter::Superseded, "feedback_superseded (deployment_id=?"),
    ] {
        let filter = FeedbackFilter {
            status: Some(status),
            after: after(None),
            ..FeedbackFilter::default()
        };
        let (step, sorts) = walk(&filter);
        assert!(step.contains(index) && !sorts, "{step}");
    }
}

#[test]
fn a_list_of_a_category_walks_the_index_that_has_only_those() {
    let filter = FeedbackFilter {
        category: Some("tone".into()),
        after: after(None),
        ..FeedbackFilter::default()
    };
    let (step, sorts) = walk(&filter);
    let index = "COVERING INDEX feedback_category (deployment_id=? AND category_id=? AND id<?)";
    assert!(step.contains(index) && !sorts, "{step}");
    let Some(plan) = walk_on_postgres(&filter) else { return };
    assert!(plan.contains("feedback_category") && !plan.contains("Sort"), "{plan}");
}

#[test]
fn a_list_between_two_times_walks_the_index_that_begins_and_ends_with_them() {
    let (since, until) = (Some(Instant::from_micros(1)), Some(Instant::from_micros(9)));
    let only =
        |since, until, after| FeedbackFilter { since, until, after, ..FeedbackFilter::default() };
    let index = "COVERING INDEX feedback_time (deployment_id=? AND occurred_at";
    for filter in [
        only(since, until, None),
        only(since, None, None),
        only(None, until, None),
        only(since, until, after(Some(5))),
    ] {
        let (step, sorts) = walk(&filter);
        assert!(step.contains(index) && !sorts, "{filter:?}: {step}");
        let Some(plan) = walk_on_postgres(&filter) else { continue };
        assert!(plan.contains("feedback_time") && !plan.contains("Sort"), "{filter:?}: {plan}");
    }
}

proptest! {
    #[test]
    fn a_place_is_read_as_it_was_written(
        at in proptest::option::of(-9_000_000_000_000_000i64..9_000_000_000_000_000),
        id: u128,
    ) {
        let id = FeedbackId(uuid::Uuid::from_u128(id));
        let place = Place { at: at.map(Instant::from_micros), id };
        prop_assert_eq!(place.to_string().parse(), Ok(place));
    }
}
