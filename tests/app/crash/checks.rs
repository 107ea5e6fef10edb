//! What must hold of everything that is stored, whatever happened.

use super::load::Ledger;
use crate::moving::{change, number};
use crate::support::{Api, Letter, Sink, eventually};
use overrule::db::{Db, Target};
use overrule::similar::index;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Each decision is there once, with the review that made it.
pub fn decided(target: &Target, ledger: &Ledger) {
    for resolution in &ledger.resolutions {
        let id = match target {
            Target::Sqlite(_) => format!("x'{}'", resolution.replace('-', "")),
            Target::Postgres(_) => format!("'{resolution}'::uuid"),
        };
        let query = format!(
            "SELECT count(*) FROM resolutions r JOIN reviews w ON w.resolution_id = r.id \
             WHERE r.id = {id}"
        );
        assert_eq!(number(target, &query), 1, "the decision {resolution}");
    }
}

/// Each is there once, with every field that was sent.
pub fn acknowledged(api: &Api, ledger: &Ledger) {
    assert!(!ledger.interactions.is_empty() && !ledger.feedback.is_empty());
    let mut said: HashMap<&str, Vec<(&str, &Value)>> = HashMap::new();
    for (id, interaction, sent) in &ledger.feedback {
        said.entry(interaction).or_default().push((id, sent));
    }
    for (id, sent) in &ledger.interactions {
        let stored = api.get(&format!("/api/v1/interactions/{id}")).is(200).json();
        holds(&stored, sent);
        let there = stored["feedback"].as_array().unwrap();
        for (id, sent) in said.remove(id.as_str()).unwrap_or_default() {
            let same: Vec<_> = there.iter().filter(|each| each["id"] == id).collect();
            assert_eq!(same.len(), 1, "{id} in {stored}");
            holds(same[0], sent);
        }
    }
    // Whoever wrote the interaction heard of it before it was judged.
    assert!(said.is_empty(), "{said:?}");
}

fn holds(stored: &Value, sent: &Value) {
    for (name, value) in sent.as_object().unwrap() {
        let is_time = name == "occurred_at";
        let same = match is_time {
            true => instant(&stored[name]) == instant(value),
            false => stored[name] == *value,
        };
        assert!(same, "{name}: {} is not {value}", stored[name]);
    }
}

fn instant(value: &Value) -> jiff::Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// Statements that count what must not be, in SQL that both databases understand.
const NEVER: &[(&str, &str)] = &[
    (
        "interactions without a body",
        "SELECT count(*) FROM interactions i LEFT JOIN interaction_bodies b \
         ON b.interaction_id = i.id WHERE b.interaction_id IS NULL",
    ),
    (
        "lines that came without the feedback they brought",
        "SELECT count(*) FROM interactions i WHERE i.external_id LIKE 'both-%' AND \
         (SELECT count(*) FROM feedback f WHERE f.interaction_id = i.id \
         AND f.external_id = 'with') <> 1",
    ),
    (
        "the same feedback twice",
        "SELECT count(*) FROM (SELECT 1 FROM feedback WHERE external_id IS NOT NULL \
         GROUP BY interaction_id, external_id HAVING count(*) > 1) twice",
    ),
    (
        "people with two opinions",
        "SELECT count(*) FROM (SELECT 1 FROM feedback WHERE superseded_by IS NULL \
         AND author_id IS NOT NULL GROUP BY interaction_id, author_id HAVING count(*) > 1) twice",
    ),
    (
        "opinions without a signal",
        "SELECT count(*) FROM feedback f LEFT JOIN signals s ON s.feedback_id = f.id \
         WHERE f.superseded_by IS NULL AND s.id IS NULL",
    ),
    (
        "signals of what was taken back",
        "SELECT count(*) FROM signals s JOIN feedback f ON f.id = s.feedback_id \
         WHERE f.superseded_by IS NOT NULL AND s.status <> 'declined'",
    ),
    (
        "signals that stand otherwise than their item",
        "SELECT count(*) FROM signals s JOIN review_items i ON i.id = s.item_id \
         JOIN feedback f ON f.id = s.feedback_id \
         WHERE f.superseded_by IS NULL AND s.status <> i.status",
    ),
    (
        "accepted signals without a revision in use, or others with one",
        "SELECT count(*) FROM signals s LEFT JOIN signal_revisions r ON r.id = s.revision_id \
         AND r.retired_at IS NULL WHERE (s.status = 'accepted') <> (r.id IS NOT NULL)",
    ),
    (
        "items that are decided without a decision",
        "SELECT count(*) FROM review_items i WHERE i.status <> 'pending' \
         AND NOT EXISTS (SELECT 1 FROM resolutions r WHERE r.item_id = i.id)",
    ),
    (
        "decided items in the queue",
        "SELECT count(*) FROM queue q JOIN review_items i ON i.id = q.item_id \
         WHERE i.status <> 'pending'",
    ),
    (
        "items that wait outside of the queue",
        "SELECT count(*) FROM review_items i WHERE i.status = 'pending' \
         AND EXISTS (SELECT 1 FROM signals s JOIN feedback f ON f.id = s.feedback_id \
         WHERE s.item_id = i.id AND f.superseded_by IS NULL) \
         AND NOT EXISTS (SELECT 1 FROM queue q WHERE q.item_id = i.id)",
    ),
    (
        "items in the queue that nobody stands behind",
        "SELECT count(*) FROM queue q WHERE q.feedback_id IS NOT NULL AND NOT EXISTS \
         (SELECT 1 FROM signals s JOIN feedback f ON f.id = s.feedback_id \
         WHERE s.item_id = q.item_id AND f.superseded_by IS NULL)",
    ),
];

/// The index of past overrides has each that was reported once, and finds what its rows say.
pub fn the_index_agrees(target: &Target) {
    // Opinions that change right after they were sent may leave an item that nobody stands behind.
    const MISSING: &str = "SELECT count(DISTINCT s.item_id) FROM signals s \
         JOIN feedback f ON f.id = s.feedback_id LEFT JOIN past_overrides p \
         ON p.item_id = s.item_id WHERE f.verdict <> 'confirmed' AND f.superseded_by IS NULL \
         AND p.item_id IS NULL";
    // The pass that takes what came late stays minutes back; here it is minutes later already.
    let db = Db::open(target).unwrap();
    let later = overrule::clock::now().plus_minutes(5);
    while let Some(batch) = db.read_now(|conn| index::next(conn, later)).unwrap() {
        db.write_patiently(move |conn| index::store(conn, &batch)).unwrap();
    }
    db.close();
    eventually("the index to be filled", || (number(target, MISSING) == 0).then_some(()));
    const ENTRIES: &str = "SELECT count(*) FROM past_overrides WHERE words <> ''";
    let found = match target {
        Target::Sqlite(_) => {
            change(
                target,
                "INSERT INTO past_override_index (past_override_index, rank) \
                 VALUES ('integrity-check', 1)",
            );
            "SELECT count(*) FROM past_overrides p WHERE p.words <> '' AND EXISTS \
             (SELECT 1 FROM past_override_index x WHERE x.rowid = p.number)"
        }
        Target::Postgres(_) => {
            "SELECT count(*) FROM past_overrides WHERE words <> '' AND \
             lexemes = array_to_tsvector(string_to_array(words, ' '))"
        }
    };
    assert_eq!(number(target, found), number(target, ENTRIES));
    let words = "SELECT CAST(coalesce(sum(overrides), 0) AS BIGINT) FROM override_words";
    let spaces = "SELECT CAST(coalesce(sum(1 + length(words) - length(replace(words, ' ', ''))), 0) \
         AS BIGINT) FROM past_overrides WHERE words <> ''";
    assert_eq!(number(target, words), number(target, spaces), "each word is counted");
}

/// Holds of any database of ours, at any time.
pub fn nothing_is_half_there(target: &Target) {
    for (what, query) in NEVER {
        assert_eq!(number(target, query), 0, "{what}");
    }
    if matches!(target, Target::Sqlite(_)) {
        let broken = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'";
        assert_eq!(number(target, broken), 0);
        assert_eq!(number(target, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    }
}

/// The most links to sign in that a person may have open; who asks for more gets no mail.
const MOST_LINKS: usize = 5;

/// How many mails were promised.
pub fn promised(ledger: &Ledger) -> usize {
    let mut by_person: HashMap<usize, usize> = HashMap::new();
    for person in &ledger.mails {
        *by_person.entry(*person).or_default() += 1;
    }
    by_person.values().map(|asked| MOST_LINKS.min(*asked)).sum()
}

/// Each mail that was promised leaves, and comes again only as the same mail.
pub fn every_mail_leaves(target: &Target, promised: usize, sink: &Sink) {
    // A sender that was killed had its mails for five minutes, which pass here.
    change(
        target,
        "UPDATE outbox SET leased_until = NULL, next_try_at = created_at \
         WHERE delivered_at IS NULL",
    );
    let waiting = "SELECT count(*) FROM outbox WHERE delivered_at IS NULL";
    eventually("all mail to leave", || (number(target, waiting) == 0).then_some(()));
    let rows = number(target, "SELECT count(*) FROM outbox") as usize;
    let letters = sink.talks();
    let ids: HashSet<String> =
        letters.iter().map(|talk| Letter::read(&talk.data).message_id).collect();
    assert!(rows >= promised, "{rows} mails of {promised} promised");
    assert_eq!(ids.len(), rows, "one Message-ID a mail; {} were sent", letters.len());
    // The links were used, and the next round's are new.
    change(target, "DELETE FROM sign_in_links");
}
