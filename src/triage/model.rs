//! Rows of claims, reviews and saved filters, and the rule that tells which answers contradict one
//! another.

use crate::accounts::{KeyId, PersonId};
use crate::agents::OutputKind;
use crate::db::Instant;
use crate::feedback::{Verdict, rules};
use crate::interactions::JsonText;
use crate::schema::{claims, reviews, saved_filters};
use crate::signals::model::{ItemId, Outcome, ResolutionId};
use diesel::prelude::*;

crate::id_type!(
    /// The id of one reviewer's decision on one item.
    ReviewId
);
crate::id_type!(
    /// The id of what a reviewer did at once: one decision, or many of the same kind.
    ActId
);
crate::id_type!(
    /// The id of a saved filter.
    SavedFilterId
);

crate::text_enum!(
    /// What a reviewer can decide.
    Verb {
        /// It is as they say.
        Accepted = "accepted",
        /// They are right that something is wrong; this is the right output.
        AcceptedWithEdits = "accepted_with_edits",
        /// It is not as they say; the reason is told.
        Declined = "declined",
        /// Another item says it already.
        Duplicate = "duplicate",
        /// The reporter is asked.
        NeedsInfo = "needs_info",
        /// It is passed on to somebody who can decide.
        Escalated = "escalated",
    }
);

impl Verb {
    /// As a resolution has it.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Accepted => Outcome::Accepted,
            Self::AcceptedWithEdits => Outcome::AcceptedWithEdits,
            Self::Declined => Outcome::Declined,
            Self::Duplicate => Outcome::Duplicate,
            Self::NeedsInfo => Outcome::NeedsInfo,
            Self::Escalated => Outcome::Escalated,
        }
    }
}

/// A decision as a reviewer gives it.
#[derive(Debug, Clone)]
pub struct Choice {
    pub verb: Verb,
    /// The right output: with `accepted_with_edits`, and between contradicting candidates.
    pub label: Option<JsonText>,
    /// Between contradicting candidates: the item that is right.
    pub candidate: Option<ItemId>,
    /// Why, or the question to the reporter; they read it.
    pub reason: Option<String>,
    pub duplicate_of: Option<ItemId>,
}

impl Choice {
    /// A decision without more to it.
    pub fn plain(verb: Verb) -> Self {
        Self { verb, label: None, candidate: None, reason: None, duplicate_of: None }
    }
}

/// Minutes until a claim runs out by itself.
pub const CLAIM_MINUTES: i64 = 15;
/// The slot of who settles what reviewers, or teams, differ in: no independent review.
pub const SETTLES: i64 = 100;
/// The most characters a reason or a question may have.
pub const MAX_REASON: usize = 2_000;

/// Who looks at an item until when.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = claims, treat_none_as_default_value = false)]
pub struct Claim {
    pub item_id: ItemId,
    pub slot: i64,
    pub person_id: Option<PersonId>,
    pub key_id: Option<KeyId>,
    pub claimed_at: Instant,
    pub claimed_until: Instant,
}

/// What a reviewer decided of one item.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = reviews, treat_none_as_default_value = false)]
pub struct Review {
    pub id: ReviewId,
    pub act_id: ActId,
    pub item_id: ItemId,
    /// The number of the resolution that stood before; 0 where there was none.
    pub round: i64,
    pub slot: i64,
    pub person_id: Option<PersonId>,
    pub key_id: Option<KeyId>,
    pub decision: Outcome,
    pub label: Option<JsonText>,
    pub reason: Option<String>,
    pub duplicate_of: Option<ItemId>,
    /// The resolution that ended its round; none while others are awaited.
    pub resolution_id: Option<ResolutionId>,
    pub created_at: Instant,
}

/// A filter of the queue that a person gave a name.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = saved_filters)]
pub struct SavedFilter {
    pub id: SavedFilterId,
    pub person_id: PersonId,
    pub name: String,
    /// The filter as it stands in the address.
    pub query: String,
    pub created_at: Instant,
}

/// What people who say the same hold to be true of one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The right output, made comparable.
    right: Option<String>,
    /// An output that is wrong.
    wrong: Option<String>,
}

impl Position {
    /// What a verdict says of an output.
    pub fn of(
        kind: OutputKind,
        verdict: Verdict,
        output: Option<&JsonText>,
        correction: Option<&JsonText>,
    ) -> Self {
        let comparable = |text: Option<&JsonText>| text.map(|text| rules::comparable(kind, text));
        match verdict {
            Verdict::Confirmed => Self { right: comparable(output), wrong: None },
            Verdict::Corrected => Self { right: comparable(correction), wrong: comparable(output) },
            Verdict::Rejected => Self { right: None, wrong: comparable(output) },
            Verdict::Escalated => Self { right: None, wrong: None },
        }
    }

    /// That this output is right.
    pub fn right(kind: OutputKind, label: &JsonText) -> Self {
        Self { right: Some(rules::comparable(kind, label)), wrong: None }
    }

    /// Whether this names the same right output.
    pub fn names(&self, other: &Self) -> bool {
        self.right.is_some() && self.right == other.right
    }

    /// Whether the two can't both be true.
    pub fn contradicts(&self, other: &Self) -> bool {
        let differs = matches!((&self.right, &other.right), (Some(a), Some(b)) if a != b);
        let denied = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
        differs || denied(&self.right, &other.wrong) || denied(&self.wrong, &other.right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(verdict: Verdict, output: &str, correction: &str) -> Position {
        let (output, correction) = (JsonText::string(output), JsonText::string(correction));
        Position::of(OutputKind::Label, verdict, Some(&output), Some(&correction))
    }

    #[test]
    fn two_right_answers_to_one_question_contradict_each_other() {
        let a = say(Verdict::Corrected, "x", "a");
        assert!(a.contradicts(&say(Verdict::Corrected, "x", "b")));
        assert!(a.contradicts(&say(Verdict::Confirmed, "x", "")));
        assert!(a.contradicts(&say(Verdict::Rejected, "a", "")));
        assert!(!a.contradicts(&say(Verdict::Rejected, "x", "")));
        assert!(!a.contradicts(&say(Verdict::Confirmed, "a", "")), "another version said it");
        assert!(!a.contradicts(&say(Verdict::Escalated, "x", "")));
        assert!(!a.contradicts(&a));
    }

    #[test]
    fn an_answer_is_named_by_who_corrected_to_it_and_by_who_confirmed_it() {
        let right = Position::right(OutputKind::Label, &JsonText::string("a"));
        assert!(say(Verdict::Corrected, "x", "a").names(&right));
        assert!(say(Verdict::Confirmed, "a", "").names(&right));
        assert!(!say(Verdict::Rejected, "x", "").names(&right));
    }

    proptest::proptest! {
        #[test]
        fn contradiction_has_no_direction(
            (v, o, c) in (0usize..4, "[abc]", "[abc]"), (w, p, d) in (0usize..4, "[abc]", "[abc]"),
        ) {
            let one = say(Verdict::ALL[v], &o, &c);
            let other = say(Verdict::ALL[w], &p, &d);
            proptest::prop_assert_eq!(one.contradicts(&other), other.contradicts(&one));
        }
    }
}
