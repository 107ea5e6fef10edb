//! Independent reviews: how many an item needs, how many are in, and whether a reviewer may add
//! one. What is decided together (an item, or all that contradicts it) has its slots together.

use super::model::{Review, SETTLES};
use super::queries::{self, Held, Need};
use super::subject::Subject;
use crate::db::Conn;
use crate::error::AppResult;
use crate::interactions::JsonText;
use crate::signals::model::{ItemId, Outcome, QueueState, Resolution, Reviewer};
use crate::signals::queries as signals;
use crate::triage::model::ActId;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The reviews of what is decided together, as they stand.
#[derive(Debug, Clone)]
pub struct Slots {
    /// How many independent reviews it needs.
    pub needed: i64,
    /// Whether one decision settles it: reviewers differ, or teams contradict one another.
    pub is_settling: bool,
    /// The reviews that are in and have not led to a decision yet.
    pub open: Vec<Review>,
}

/// What the slots of many subjects are made of.
pub struct Stand {
    standing: HashMap<ItemId, Resolution>,
    needs: Vec<Need>,
    open: Vec<Review>,
}

impl Stand {
    /// Reads what there is of these items.
    pub fn read(conn: &mut Conn, items: &[ItemId]) -> AppResult<Self> {
        Ok(Self {
            standing: signals::standing(conn, items)?,
            needs: queries::needs_of(conn, items)?,
            open: queries::open_reviews(conn, items)?,
        })
    }

    /// The slots of a subject whose items were read.
    pub fn slots(&self, subject: &Subject) -> Slots {
        let items = subject.together();
        let needs = self.needs.iter().filter(|need| items.contains(&need.0)).copied();
        let open = self.open.iter().filter(|review| items.contains(&review.item_id)).cloned();
        let needs: Vec<Need> = needs.collect();
        Slots::among(subject, &self.standing, &needs, open.collect())
    }
}

impl Slots {
    /// Reads them. `standing` has the resolution that counts of each item.
    pub fn of(
        conn: &mut Conn,
        subject: &Subject,
        standing: &HashMap<ItemId, Resolution>,
    ) -> AppResult<Self> {
        let items = subject.together();
        let needs = queries::needs_of(conn, &items)?;
        let open = queries::open_reviews(conn, &items)?;
        Ok(Self::among(subject, standing, &needs, open))
    }

    /// Made of what was read.
    fn among(
        subject: &Subject,
        standing: &HashMap<ItemId, Resolution>,
        needs: &[Need],
        mut open: Vec<Review>,
    ) -> Self {
        let round = |item: &ItemId| standing.get(item).map_or(0, |standing| standing.number);
        // What was decided meanwhile by a policy or an import began a new round.
        open.retain(|review| review.round == round(&review.item_id));
        let (needed, state) = queries::together_need(needs);
        let is_settling = subject.owner.is_some() || state == Some(QueueState::Adjudication);
        Self { needed, is_settling, open }
    }

    /// How many reviewers are through.
    pub fn done(&self) -> i64 {
        let acts: BTreeSet<ActId> = self.open.iter().map(|review| review.act_id).collect();
        i64::try_from(acts.len()).unwrap_or(i64::MAX)
    }

    /// Whether this reviewer is one of them.
    pub fn has(&self, by: Reviewer) -> bool {
        self.open.iter().any(|review| review.is_of(by))
    }

    /// The slot that a reviewer may fill, given the claims of all; none where others hold all
    /// that are left. Where fewer are needed than are in, one more brings it to an end.
    pub fn free(&self, by: Reviewer, claims: &[Held]) -> Option<i64> {
        let mut used: BTreeSet<i64> = self.open.iter().map(|review| review.slot).collect();
        let (first, most) = if self.is_settling {
            (SETTLES, SETTLES + 1)
        } else {
            (0, self.needed.max(self.done() + 1))
        };
        used.extend(claims.iter().filter(|held| !held.0.is_of(by)).map(|held| held.0.slot));
        (first..most).find(|slot| !used.contains(slot))
    }

    /// Whether all who reviewed say the same of the same items. `label` makes labels comparable.
    pub fn agree(&self, label: impl Fn(&JsonText) -> String) -> bool {
        type Said = (ItemId, Outcome, Option<String>, Option<ItemId>);
        let mut by_act: BTreeMap<ActId, Vec<Said>> = BTreeMap::new();
        for review in &self.open {
            let said = (
                review.item_id,
                review.decision,
                review.label.as_ref().map(&label),
                review.duplicate_of,
            );
            by_act.entry(review.act_id).or_default().push(said);
        }
        let mut all = by_act.into_values().map(|mut said| {
            said.sort_by_key(|each| each.0);
            said
        });
        let first = all.next();
        all.all(|said| Some(said) == first)
    }
}

impl Review {
    /// Whether it is this reviewer's.
    pub fn is_of(&self, by: Reviewer) -> bool {
        match by {
            Reviewer::Person(id) => self.person_id == Some(id),
            Reviewer::Key(id) => self.key_id == Some(id),
        }
    }
}
