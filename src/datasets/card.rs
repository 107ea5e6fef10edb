//! What a release says of itself: `manifest.json` for programs, and `README.md`, a dataset card as
//! Hugging Face's tools read it.

use super::alpha::Alpha;
use super::build::Figures;
use super::model::{Audit, Frame, Release, ReleaseFile, Side};
use super::question::Question;
use super::{reason, redact};
use crate::agents::OutputKind;
use crate::exports::Format;
use crate::exports::columns::{self, Column};
use serde_json::{Value, json};
use std::fmt::Write;

/// What both are made of.
pub struct About<'a> {
    pub name: &'a str,
    pub release: &'a Release,
    pub question: &'a Question,
    pub frame: &'a Frame,
    pub figures: &'a Figures,
    /// Those that are made of rows.
    pub files: &'a [ReleaseFile],
    /// The columns of its records, the same on every side.
    pub columns: &'a [Column],
}

impl About<'_> {
    /// The record files, by side.
    fn records(&self) -> Vec<(Side, &ReleaseFile)> {
        let find = |side: &Side| {
            let name = side.file();
            Some((*side, self.files.iter().find(|file| file.name == name)?))
        };
        Side::ALL.iter().filter_map(find).collect()
    }
    fn rows(&self) -> i64 {
        self.records().iter().map(|(_, file)| file.row_count).sum()
    }
}

/// `manifest.json`
pub fn manifest(about: &About<'_>) -> String {
    let figures = about.figures;
    let group = |agent: &super::model::FrameAgent| (agent.slug.clone(), json!(agent.group_by));
    let files = about.files.iter().map(|file| {
        json!({"name": file.name, "rows": file.row_count, "bytes": file.bytes,
            "sha256": hex::encode(file.sha256.0)})
    });
    let manifest = json!({
        "dataset": about.name,
        "release": about.release.number,
        "release_id": about.release.id,
        "created_at": about.release.created_at,
        "software": about.frame.software,
        "question": about.question,
        "agents": about.frame.agents.iter().map(|agent| json!({
            "slug": agent.slug, "kind": agent.kind, "labels": agent.labels,
            "out_of_scope_label": agent.out_of_scope,
        })).collect::<Vec<_>>(),
        "split": {
            "seed": about.frame.split_seed,
            "group_by": about.frame.agents.iter().map(group).collect::<serde_json::Map<_, _>>(),
        },
        "parent": figures.since.as_ref().map(|(number, since)| json!({
            "release": number, "added": since.added, "changed": since.changed,
            "removed": since.removed,
        })),
        "files": files.collect::<Vec<_>>(),
        "signals": figures.signals,
        "excluded": figures.left,
        "excluded_rows": (!figures.left.is_empty()).then_some(reason::FILE),
        "redacted": figures.redacted,
        "counts": counts(figures),
        "people": figures.people,
        "near_duplicates": figures.near_duplicates,
        "agreement": agreement(figures),
        "alpha": figures.alpha.as_ref().map(Alpha::to_value),
        "tokenizer": about.question.max_tokens.map(|_| "o200k_base"),
    });
    format!("{manifest:#}\n")
}

/// How far the rows of one input agree with one another.
fn agreement(figures: &Figures) -> Value {
    let (judged, agreed) = figures.agreement;
    json!({"inputs_judged_by_several": judged, "agreed": agreed})
}

fn counts(figures: &Figures) -> Value {
    json!({
        "side": figures.by_side, "agent": figures.by_agent, "verdict": figures.by_verdict,
        "category": figures.by_category, "label": figures.by_label,
        "version": figures.by_version, "week": figures.by_week,
    })
}

/// `README.md`
pub fn readme(about: &About<'_>) -> String {
    let mut out = String::from("---\n");
    front_matter(about, &mut out);
    out.push_str("---\n\n");
    body(about, &mut out);
    out
}

/// Adds a line.
pub(super) fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string can't fail.
    let _ = writeln!(out, "{text}");
}

fn front_matter(about: &About<'_>, out: &mut String) {
    let (question, records) = (about.question, about.records());
    let license = question.license.as_deref().unwrap_or("other").to_lowercase();
    let title = Value::from(format!("{} {}", about.name, about.release.number));
    line(out, format_args!("pretty_name: {title}"));
    line(out, format_args!("license: {license}"));
    line(out, format_args!("task_categories:\n- {}", task(question.format)));
    line(out, format_args!("size_categories:\n- {}", size(about.rows())));
    line(out, format_args!("tags:\n- overrule\n- human-feedback"));
    line(out, format_args!("configs:\n- config_name: default\n  data_files:"));
    for (side, file) in &records {
        line(out, format_args!("  - split: {side}\n    path: {}", file.name));
    }
    line(out, format_args!("dataset_info:"));
    line(out, format_args!("  features:"));
    columns::yaml(about.columns, 2, out);
    line(out, format_args!("  splits:"));
    for (side, file) in &records {
        let (bytes, rows) = (file.bytes, file.row_count);
        line(
            out,
            format_args!("  - name: {side}\n    num_bytes: {bytes}\n    num_examples: {rows}"),
        );
    }
    let bytes: i64 = records.iter().map(|(_, file)| file.bytes).sum();
    line(out, format_args!("  download_size: {bytes}\n  dataset_size: {bytes}"));
}

fn task(format: Format) -> &'static str {
    if format == Format::Classification { "text-classification" } else { "text-generation" }
}

/// Hugging Face's word for a number of rows.
fn size(rows: i64) -> &'static str {
    match rows {
        ..1_000 => "n<1K",
        1_000..10_000 => "1K<n<10K",
        10_000..100_000 => "10K<n<100K",
        100_000..1_000_000 => "100K<n<1M",
        1_000_000..10_000_000 => "1M<n<10M",
        _ => "10M<n<100M",
    }
}

fn body(about: &About<'_>, out: &mut String) {
    let (name, number) = (about.name, about.release.number);
    line(out, format_args!("# {name}, release {number}\n"));
    if let Some(text) = &about.question.description {
        line(out, format_args!("{}\n", text.trim()));
    }
    line(
        out,
        format_args!(
            "What people said of the answers of AI agents, as training data in the format `{}`. \
             Made by {} at {}.\n",
            about.question.format, about.frame.software, about.release.created_at
        ),
    );
    contents(about, out);
    sources(about, out);
    splits(about, out);
    redaction(about, out);
    left_out(about, out);
    line(out, format_args!("## The question\n\n```json\n{:#}\n```", about.question.to_value()));
}

fn contents(about: &About<'_>, out: &mut String) {
    line(out, format_args!("## Contents\n\n| file | rows | bytes | SHA-256 |\n|---|---|---|---|"));
    for (_, file) in about.records() {
        let sha = hex::encode(file.sha256.0);
        line(
            out,
            format_args!("| `{}` | {} | {} | `{sha}` |", file.name, file.row_count, file.bytes),
        );
    }
    line(
        out,
        format_args!(
            "\n`SIDE.rows.csv` names the signal and the revision that each row was made of, and \
             how many signals it stands for. `manifest.json` says all of this to programs.\n"
        ),
    );
}

fn sources(about: &About<'_>, out: &mut String) {
    let figures = about.figures;
    line(out, format_args!("## Where it comes from\n"));
    for agent in &about.frame.agents {
        let gives = match agent.kind {
            OutputKind::Label => format!("one of {} labels", agent.labels.len()),
            kind => format!("{kind}"),
        };
        let count = figures.by_agent.get(&agent.slug).copied().unwrap_or(0);
        line(out, format_args!("- `{}` gives {gives}: {count} signals", agent.slug));
    }
    annotation(about, out);
    classes("verdict", &figures.by_verdict, out);
    classes("category", &figures.by_category, out);
    classes("label", &figures.by_label, out);
    classes("version", &figures.by_version, out);
}

fn annotation(about: &About<'_>, out: &mut String) {
    let figures = about.figures;
    line(out, format_args!("\n### Annotation process\n"));
    line(
        out,
        format_args!(
            "People who used the agents confirmed, corrected or rejected single answers. What the \
             review policy of an agent did not accept at once was decided by reviewers, who could \
             edit it; each signal is a snapshot as it was accepted. {} Contradictions about the \
             same input: `{}`. The same said by several: `{}`.\n",
            audits(about.question.audit),
            about.question.conflicts,
            about.question.duplicates
        ),
    );
    let (judged, agreed) = figures.agreement;
    if judged > 0 {
        let share = percent(agreed, judged);
        line(
            out,
            format_args!(
                "{judged} inputs in here were judged by several; of {agreed} of them ({share}) \
                 nobody contradicted another.\n"
            ),
        );
    } else {
        line(out, format_args!("No input in here was judged by several.\n"));
    }
    people(figures, out);
    if let Some(alpha) = &figures.alpha {
        alpha.describe(out);
    }
    line(out, format_args!("### Counts\n"));
}

/// What becomes of random audits, as a sentence.
fn audits(audit: Audit) -> &'static str {
    match audit {
        Audit::Include => {
            "What reviewers found in weekly random samples of answers that nobody overrode counts \
             like the rest."
        }
        Audit::LeaveOut => "What reviewers found in random samples is left out.",
        Audit::Only => {
            "All of it is what reviewers found in weekly random samples of answers that nobody \
             overrode."
        }
    }
}

/// Whom it comes from, and how much of it says the same.
fn people(figures: &Figures, out: &mut String) {
    if let Some(share) = figures.near_duplicates {
        line(
            out,
            format_args!(
                "Near-duplicates: about {:.0} % of the questions have nearly the same words as \
                 another (MinHash over words and pairs of words).\n",
                share * 100.0
            ),
        );
    }
    let people = &figures.people;
    line(
        out,
        format_args!(
            "It comes from {} people; the one who gave most gave {}. {} signals are of nobody who \
             is known. No names or addresses of theirs are in here.\n",
            people.count,
            percent(people.largest, figures.signals),
            people.unknown
        ),
    );
}

/// A share in per cent, rounded: `12 %`.
pub fn percent(part: u64, whole: u64) -> String {
    match whole {
        0 => "0 %".to_owned(),
        whole => format!("{:.0} %", part as f64 * 100.0 / whole as f64),
    }
}

fn classes(what: &str, counts: &std::collections::BTreeMap<String, u64>, out: &mut String) {
    if counts.is_empty() {
        return;
    }
    line(out, format_args!("| {what} | signals |\n|---|---|"));
    for (name, count) in counts {
        line(out, format_args!("| {} | {count} |", cell(name)));
    }
    out.push('\n');
}

/// A text as it may stand in a table's cell.
fn cell(text: &str) -> String {
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    plain.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;")
}

fn splits(about: &About<'_>, out: &mut String) {
    let split = about.question.split;
    line(
        out,
        format_args!(
            "## Splits\n\nAsked for: train {}, validation {}, test {}. A side follows from a keyed \
             hash of the group and is kept for good; no normalised input is on two sides, in this \
             release or between any two.\n",
            split.train, split.validation, split.test
        ),
    );
    for agent in &about.frame.agents {
        line(out, format_args!("- `{}` is grouped by {}", agent.slug, agent.group_by));
    }
    out.push('\n');
}

fn redaction(about: &About<'_>, out: &mut String) {
    let rules = &about.question.redact;
    line(out, format_args!("## Redaction\n"));
    if rules.is_empty() {
        line(
            out,
            format_args!(
                "Nothing was redacted. Texts are as they were sent, and may name people and hold \
                 what is confidential.\n"
            ),
        );
        return;
    }
    line(out, format_args!("| rule | finds | found |\n|---|---|---|"));
    for rule in rules {
        let found = about.figures.redacted.get(rule).copied().unwrap_or(0);
        let known = redact::BUILT_IN.iter().find(|(name, _)| name == rule);
        let own = "a pattern of this dataset";
        line(out, format_args!("| {rule} | {} | {found} |", known.map_or(own, |(_, what)| what)));
    }
    line(
        out,
        format_args!(
            "\nThe same text is the same placeholder throughout this release.\n\n### Known limits\n\
             \nRules find what has a form. They don't find names of people and places, addresses \
             in the post, birthdays, numbers with a wrong checksum, what is spelled out in words \
             or split over messages, and anything that only the context gives away. Have a person \
             look before it leaves the house.\n"
        ),
    );
}

fn left_out(about: &About<'_>, out: &mut String) {
    line(out, format_args!("## Left out\n"));
    if about.figures.left.is_empty() {
        line(out, format_args!("Nothing.\n"));
        return;
    }
    line(
        out,
        format_args!(
            "Each signal is listed in `{}`.\n\n| reason | signals | they |\n|---|---|---|",
            reason::FILE
        ),
    );
    for (reason, count) in &about.figures.left {
        line(out, format_args!("| {reason} | {count} | {} |", reason::sentence(reason)));
    }
    out.push('\n');
}
