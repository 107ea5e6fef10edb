//! The choices of each filter, with how many items each keeps.

use crate::agents::{AgentId, CategoryId, VersionId};
use crate::capture::queries::Used;
use crate::capture::words;
use crate::db::Conn;
use crate::error::AppResult;
use crate::feedback::Verdict;
use crate::feedback::model::Severity;
use crate::triage::facets::{But, Each, Facets};
use crate::triage::filter::{Age, Wanted};
use crate::triage::queries;
use std::collections::{BTreeMap, BTreeSet};

/// A choice of a list: its word in the address and what people read.
pub type Choice = (String, String);

/// The lists above the queue.
pub struct Choices {
    pub agents: Vec<Choice>,
    pub teams: Vec<Choice>,
    pub versions: Vec<Choice>,
    pub verdicts: Vec<Choice>,
    pub categories: Vec<Choice>,
    pub severities: Vec<Choice>,
    pub ages: Vec<Choice>,
    pub dues: Vec<Choice>,
}

/// A verdict as a filter says it.
fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Confirmed => "It’s right",
        Verdict::Corrected => "Corrected",
        Verdict::Rejected => "It’s wrong",
        Verdict::Escalated => "For a person",
    }
}

impl Choices {
    /// Gathers them. Counts are left out where the filter names a person or one's own claims, for
    /// they would be those of all.
    pub fn gather(
        conn: &mut Conn,
        used: &[Used],
        wanted: &Wanted,
        facets: &Facets,
    ) -> AppResult<Self> {
        let agents: BTreeSet<AgentId> = used.iter().map(|used| used.deployment.agent_id).collect();
        let agents: Vec<AgentId> = agents.into_iter().collect();
        let categories = queries::categories_of(conn, &agents)?;
        let versions = queries::version_names(conn, &facets.versions())?;
        let counted = Counted { wanted, facets };
        Ok(Self {
            agents: counted.agents(used),
            teams: teams(used),
            versions: counted.versions(&versions),
            verdicts: counted.verdicts(),
            categories: counted.categories(&categories),
            severities: counted.severities(),
            ages: counted.ages(),
            dues: counted.dues(),
        })
    }
}

/// The choice that filters nothing.
fn any(text: &str) -> Choice {
    (String::new(), text.to_owned())
}

/// Counts of what a filter keeps.
struct Counted<'a> {
    wanted: &'a Wanted,
    facets: &'a Facets,
}

impl Counted<'_> {
    fn number(&self, but: But, of: impl Fn(&Each<'_>) -> bool) -> i64 {
        self.facets.number(self.wanted, but, of)
    }

    fn choice(&self, word: &str, text: &str, but: But, of: impl Fn(&Each<'_>) -> bool) -> Choice {
        if self.wanted.items.is_some() {
            return (word.to_owned(), text.to_owned());
        }
        let number = words::grouped(self.number(but, of));
        let more = if self.facets.is_capped() { "+" } else { "" };
        (word.to_owned(), format!("{text} ({number}{more})"))
    }

    fn verdicts(&self) -> Vec<Choice> {
        let all = Verdict::ALL.iter().map(|each| {
            self.choice(each.as_str(), verdict(*each), But::Verdict, |group| {
                group.verdict() == Some(*each)
            })
        });
        std::iter::once(any("Anything")).chain(all).collect()
    }

    fn severities(&self) -> Vec<Choice> {
        let all = Severity::ALL.iter().rev().map(|each| {
            let text = words::severity(*each).text;
            self.choice(each.as_str(), text, But::Severity, |group| group.severity() == *each)
        });
        std::iter::once(any("Any")).chain(all).collect()
    }

    fn ages(&self) -> Vec<Choice> {
        let age = |word: &str, text: &str, age: Age| {
            self.choice(word, text, But::Age, move |each| each.age() == age)
        };
        vec![
            any("Any time"),
            age("day", "In the last day", Age::Day),
            age("week", "This week, before that", Age::Week),
            age("older", "Earlier", Age::Older),
        ]
    }

    fn dues(&self) -> Vec<Choice> {
        vec![
            any("Any time"),
            self.choice("late", "Late", But::Due, |each| each.is_due(true)),
            self.choice("day", "Within a day", But::Due, |each| each.is_due(false)),
        ]
    }

    fn agents(&self, used: &[Used]) -> Vec<Choice> {
        let named: BTreeMap<(&str, &str), AgentId> = used
            .iter()
            .map(|used| ((used.agent.as_str(), used.agent_slug.as_str()), used.deployment.agent_id))
            .collect();
        let all = named.into_iter().map(|((name, slug), id)| {
            self.choice(slug, name, But::Agent, |each| each.agent() == id)
        });
        std::iter::once(any("All agents")).chain(all).collect()
    }

    /// Versions of several agents may bear one name; they are one choice.
    fn versions(&self, versions: &[(VersionId, String)]) -> Vec<Choice> {
        let mut named: BTreeMap<&str, Vec<VersionId>> = BTreeMap::new();
        for (id, name) in versions.iter().filter(|(_, name)| !name.is_empty()) {
            named.entry(name).or_default().push(*id);
        }
        let all = named.into_iter().map(|(name, ids)| {
            self.choice(name, name, But::Version, |each| ids.contains(&each.version()))
        });
        std::iter::once(any("All versions")).chain(all).collect()
    }

    fn categories(&self, categories: &[(CategoryId, String, String)]) -> Vec<Choice> {
        let mut order: Vec<(&str, &str, Vec<CategoryId>)> = Vec::new();
        for (id, slug, name) in categories {
            match order.iter_mut().find(|(known, _, _)| known == slug) {
                Some((_, _, ids)) => ids.push(*id),
                None => order.push((slug, name, vec![*id])),
            }
        }
        let all = order.into_iter().map(|(slug, name, ids)| {
            let of = |each: &Each<'_>| each.category().is_some_and(|id| ids.contains(&id));
            self.choice(slug, name, But::Category, of)
        });
        std::iter::once(any("Any")).chain(all).collect()
    }
}

fn teams(used: &[Used]) -> Vec<Choice> {
    let named: BTreeSet<(&str, &str)> =
        used.iter().map(|used| (used.team.as_str(), used.team_slug.as_str())).collect();
    let all = named.into_iter().map(|(name, slug)| (slug.to_owned(), name.to_owned()));
    std::iter::once(any("All teams")).chain(all).collect()
}
