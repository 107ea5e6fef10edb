//! That lists of feedback walk indexes.

use super::*;
use crate::db::plans;

/// The first step of a walk of one deployment, and whether anything is sorted.
fn walk(filter: &FeedbackFilter) -> (String, bool) {
    let deployment = Some(DeploymentId(uuid::Uuid::nil()));
    let asked = plans::of(|conn| Ok(ids_of(conn, filter, deployment, 51)?)).unwrap();
    let sorts = asked[0].iter().any(|step| step.contains("TEMP B-TREE"));
    (asked[0][0].clone(), sorts)
}

#[test]
fn a_list_by_verdict_or_status_walks_the_index_that_has_only_those() {
    let before = Some(FeedbackId(uuid::Uuid::nil()));
    let verdict =
        FeedbackFilter { verdict: Some(Verdict::Corrected), before, ..FeedbackFilter::default() };
    let (step, sorts) = walk(&verdict);
    assert!(step.contains("feedback_verdict (deployment_id=? AND verdict=?"), "{step}");
    assert!(!sorts);
    for (status, index) in [
        (StatusFilter::Pending, "signals_status (deployment_id=? AND status=?"),
        (StatusFilter::Declined, "signals_status (deployment_id=? AND status=?"),
        (StatusFilter::Superseded, "feedback_superseded (deployment_id=?"),
    ] {
        let filter = FeedbackFilter { status: Some(status), before, ..FeedbackFilter::default() };
        let (step, sorts) = walk(&filter);
        assert!(step.contains(index) && !sorts, "{step}");
    }
}
