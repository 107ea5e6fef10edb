//! From judgements to figures: what counts as a value, which units are looked at, and what is too
//! little to say.

use super::alpha::{self, Unit};
use super::queries::{self, Judged, Round};
use crate::accounts::TeamId;
use crate::agents::model::{Agent, Category, OutputKind};
use crate::agents::{CategoryId, queries as agents};
use crate::db::{Conn, Hash};
use crate::error::AppResult;
use crate::feedback::{Verdict, rules};
use crate::interactions::{InteractionId, JsonText};
use crate::signals::model::{ItemId, Outcome};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many units of each kind are looked at: the newest.
pub const MOST_UNITS: usize = 1_000;
/// How many interactions are read at once.
const CHUNK: usize = 100;

/// How much those agree who judged the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Units that at least two judged: answers, or items.
    pub units: usize,
    /// Their judgements.
    pub judgements: usize,
    /// None where there are fewer units than are needed to say anything.
    pub measured: Option<Measured>,
}

/// The figures themselves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Krippendorff's alpha; none where all said the same of everything.
    pub alpha: Option<f64>,
    /// Between what it lies, 95 times of 100.
    pub interval: Option<(f64, f64)>,
    /// The share of pairs of judgements that are the same.
    pub raw: f64,
}

/// The two kinds of agreement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Both {
    /// Between people who said what is right of the same answer.
    pub people: Figures,
    /// Between reviewers who decided the same item.
    pub reviewers: Figures,
}

/// How much people agree about an agent.
#[derive(Debug, Clone)]
pub struct Agreement {
    pub overall: Both,
    /// By what is wrong, in the order of the tree; only categories that were judged.
    pub categories: Vec<(Category, Both)>,
}

/// The agreement about an agent, in all teams or in some. `least` is how many units it takes to
/// say anything, at least 2. Looks at the newest 1,000 answers that two people or more labelled,
/// among the newest 10,000 judgements, and at the newest 1,000 items that two reviewers or more
/// decided, among the newest 10,000 second reviews of all agents.
pub fn of_agent(
    conn: &mut Conn,
    agent: &Agent,
    teams: Option<&[TeamId]>,
    least: usize,
) -> AppResult<Agreement> {
    let tree = Tree(agents::list_categories(conn, agent.id)?);
    let people = people(conn, agent, teams, &tree)?;
    let reviewers = reviewers(conn, agent, teams, &tree)?;
    let both = |wanted: Option<CategoryId>| both(&people, &reviewers, wanted, least);
    let judged: BTreeSet<CategoryId> =
        people.iter().chain(&reviewers).flat_map(|unit| unit.categories.iter().copied()).collect();
    let categories = tree.0.iter().filter(|category| judged.contains(&category.id));
    Ok(Agreement {
        overall: both(None),
        categories: categories.map(|each| (each.clone(), both(Some(each.id)))).collect(),
    })
}

/// As `of_agent`, without the categories.
pub fn overall(
    conn: &mut Conn,
    agent: &Agent,
    teams: Option<&[TeamId]>,
    least: usize,
) -> AppResult<Both> {
    let none = Tree(Vec::new());
    let people = people(conn, agent, teams, &none)?;
    Ok(both(&people, &reviewers(conn, agent, teams, &none)?, None, least))
}

fn both(
    people: &[Judgements],
    reviewers: &[Judgements],
    wanted: Option<CategoryId>,
    least: usize,
) -> Both {
    Both { people: figures(people, wanted, least), reviewers: figures(reviewers, wanted, least) }
}

/// Units with what they are about.
#[derive(Debug, Default)]
struct Judgements {
    values: Unit,
    categories: BTreeSet<CategoryId>,
}

fn figures(units: &[Judgements], wanted: Option<CategoryId>, least: usize) -> Figures {
    let units = units
        .iter()
        .filter(|unit| wanted.is_none_or(|id| unit.categories.contains(&id)))
        .filter(|unit| unit.values.len() > 1);
    let values: Vec<Unit> = units.map(|unit| unit.values.clone()).collect();
    Figures {
        units: values.len(),
        judgements: values.iter().map(Vec::len).sum(),
        measured: alpha::raw(&values).filter(|_| values.len() >= least).map(|raw| Measured {
            alpha: alpha::alpha(&values),
            interval: alpha::interval(&values),
            raw,
        }),
    }
}

/// The agent's categories; what was merged into another counts as that.
struct Tree(Vec<Category>);

impl Tree {
    fn survivor(&self, id: CategoryId) -> CategoryId {
        let found = self.0.iter().find(|category| category.id == id);
        found.and_then(|category| category.merged_into).unwrap_or(id)
    }
}

/// Numbers for values; the same value gets the same number.
#[derive(Default)]
struct Numbers(HashMap<Hash, usize>);

impl Numbers {
    fn of(&mut self, kind: &str, value: &str) -> usize {
        let next = self.0.len();
        *self.0.entry(Hash::of(&[kind.as_bytes(), value.as_bytes()])).or_insert(next)
    }
}

/// What people hold to be right of the same answer: a confirmed output is a label, and so is a
/// correction. Who only knows that it is wrong, or asks for a person, gave none.
fn people(
    conn: &mut Conn,
    agent: &Agent,
    teams: Option<&[TeamId]>,
    tree: &Tree,
) -> AppResult<Vec<Judgements>> {
    let deployments = queries::deployments_of(conn, agent.id, teams)?;
    let mut times: BTreeMap<InteractionId, usize> = BTreeMap::new();
    for interaction in queries::newest_judged(conn, agent.id)? {
        *times.entry(interaction).or_default() += 1;
    }
    let judged_twice: Vec<InteractionId> =
        times.into_iter().rev().filter(|(_, times)| *times > 1).map(|(id, _)| id).collect();
    let (mut units, mut numbers) = (Vec::new(), Numbers::default());
    for chunk in judged_twice.chunks(CHUNK) {
        let judged = queries::judgements_of(conn, chunk, &deployments)?;
        let mut confirmed: Vec<InteractionId> = (judged.iter())
            .filter(|each| each.verdict == Verdict::Confirmed)
            .map(|each| each.interaction)
            .collect();
        confirmed.dedup();
        let outputs = queries::outputs_of(conn, &confirmed)?;
        let mut of: BTreeMap<InteractionId, Judgements> = BTreeMap::new();
        for each in judged {
            let unit = of.entry(each.interaction).or_default();
            unit.categories.extend(each.category.map(|id| tree.survivor(id)));
            let output = outputs.get(&each.interaction);
            unit.values
                .extend(label(agent.kind, &each, output).map(|label| numbers.of("", &label)));
        }
        units.extend(of.into_values().rev().filter(|unit| unit.values.len() > 1));
        if units.len() >= MOST_UNITS {
            break;
        }
    }
    units.truncate(MOST_UNITS);
    Ok(units)
}

/// What somebody holds to be right, made comparable.
fn label(kind: OutputKind, judged: &Judged, output: Option<&JsonText>) -> Option<String> {
    let label = match judged.verdict {
        Verdict::Confirmed => output,
        Verdict::Corrected => judged.correction.as_ref(),
        Verdict::Rejected | Verdict::Escalated => None,
    };
    label.map(|label| rules::comparable(kind, label))
}

/// What reviewers decided of the same item in the same round. Who asked the reporter or passed it
/// on gave no value.
fn reviewers(
    conn: &mut Conn,
    agent: &Agent,
    teams: Option<&[TeamId]>,
    tree: &Tree,
) -> AppResult<Vec<Judgements>> {
    let limit = i64::try_from(MOST_UNITS).unwrap_or(i64::MAX);
    let rounds: BTreeSet<Round> =
        queries::newest_rounds(conn, agent.id, teams, limit)?.into_iter().collect();
    let mut items: Vec<ItemId> = rounds.iter().map(|(item, _)| *item).collect();
    items.dedup();
    let (mut units, mut numbers) = (BTreeMap::<Round, Judgements>::new(), Numbers::default());
    for chunk in items.chunks(CHUNK) {
        let categories = queries::categories_of(conn, chunk)?;
        for each in queries::decisions_of(conn, chunk)? {
            let round = (each.item, each.round);
            if !rounds.contains(&round) {
                continue;
            }
            let unit = units.entry(round).or_default();
            unit.categories.extend(categories.get(&each.item).map(|id| tree.survivor(*id)));
            let value = value(agent.kind, each.decision, each.label.as_ref());
            unit.values.extend(value.map(|(kind, value)| numbers.of(kind, &value)));
        }
    }
    Ok(units.into_values().filter(|unit| unit.values.len() > 1).collect())
}

/// A decision as a value: the label where one was given, else what was decided.
fn value(
    kind: OutputKind,
    decision: Outcome,
    label: Option<&JsonText>,
) -> Option<(&'static str, String)> {
    match (decision, label) {
        (Outcome::Accepted | Outcome::AcceptedWithEdits, Some(label)) => {
            Some(("label", rules::comparable(kind, label)))
        }
        (Outcome::NeedsInfo | Outcome::Escalated | Outcome::Reopened, _) => None,
        (decision, _) => Some(("decision", decision.to_string())),
    }
}
