//! `/interactions`: what the agents of one's teams answered, newest first.

use crate::accounts::{SignedIn, Who};
use crate::agents::Environment;
use crate::capture::queries::{self, Used};
use crate::capture::words::{self, Badge, When};
use crate::clock;
use crate::db::{Conn, Db, Instant};
use crate::error::AppResult;
use crate::feedback::{Verdict, queries as feedback};
use crate::interactions::InteractionId;
use crate::interactions::queries::{self as interactions, Listed, Whose};
use crate::web::paging::{PAGE_ROWS, Page, with_cursor};
use crate::web::{PageContext, page};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};

/// What the list is cut down to. Words that mean nothing here are as if they were not there.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    agent: String,
    environment: String,
    /// `mine`: only what the person asked themselves.
    whose: String,
    cursor: String,
}

#[derive(Template)]
#[template(path = "capture/interactions.html")]
struct IndexPage {
    ctx: PageContext,
    filter: Filter,
    agents: Vec<(String, String)>,
    environments: Vec<(String, String)>,
    rows: Vec<Row>,
    is_filtered: bool,
    has_agents: bool,
    older: String,
}

/// One answer.
struct Row {
    href: String,
    question: String,
    answer: String,
    agent: String,
    environment: String,
    confidence: String,
    when: When,
    mine: Option<Badge>,
}

/// `GET /interactions`
pub(super) async fn index(
    by: SignedIn,
    db: Data<Db>,
    request: HttpRequest,
    query: Query<Filter>,
) -> AppResult<HttpResponse> {
    let (ctx, filter) = (by.ctx(), query.into_inner());
    let wanted = filter.clone();
    let (used, rows, said) = db.read(move |conn| read(conn, &by.who, &wanted)).await?;
    let now = clock::now();
    let rows = Page::cut(rows, PAGE_ROWS, |row| row.id.to_string());
    let older = rows.next.as_ref().map(|next| with_cursor(&request, next)).unwrap_or_default();
    let page_of = IndexPage {
        ctx,
        agents: agents(&used),
        environments: environments(&used),
        rows: rows.items.into_iter().map(|listed| row(listed, &said, now)).collect(),
        is_filtered: !(filter.agent.is_empty()
            && filter.environment.is_empty()
            && filter.whose.is_empty()
            && filter.cursor.is_empty()),
        has_agents: !used.is_empty(),
        filter,
        older,
    };
    page(StatusCode::OK, &page_of)
}

type Read = (Vec<Used>, Vec<Listed>, HashMap<InteractionId, Verdict>);

fn read(conn: &mut Conn, who: &Who, filter: &Filter) -> AppResult<Read> {
    let used = queries::used_by(conn, who)?;
    let environment: Option<Environment> = filter.environment.parse().ok();
    let agent = used.iter().find(|used| used.agent_slug == filter.agent);
    let agent = agent.map(|used| used.deployment.agent_id);
    let whose = if filter.whose == "mine" { Whose::Own } else { Whose::All };
    let rows = interactions::list_visible_to(
        conn,
        who,
        whose,
        |deployment| {
            agent.is_none_or(|agent| deployment.agent_id == agent)
                && environment.is_none_or(|environment| deployment.environment == environment)
        },
        filter.cursor.parse().ok(),
        PAGE_ROWS + 1,
    )?;
    let ids: Vec<InteractionId> = rows.iter().map(|row| row.id).collect();
    let said = feedback::verdicts_by(conn, who.id(), &ids)?.into_iter().collect();
    Ok((used, rows, said))
}

fn agents(used: &[Used]) -> Vec<(String, String)> {
    let mut agents = vec![(String::new(), "All agents".to_owned())];
    let named: BTreeSet<(&str, &str)> =
        used.iter().map(|used| (used.agent.as_str(), used.agent_slug.as_str())).collect();
    agents.extend(named.into_iter().map(|(name, slug)| (slug.to_owned(), name.to_owned())));
    agents
}

fn environments(used: &[Used]) -> Vec<(String, String)> {
    let found: BTreeSet<Environment> =
        used.iter().map(|used| used.deployment.environment).collect();
    let mut environments = vec![(String::new(), "All environments".to_owned())];
    environments.extend(found.iter().rev().map(|each| {
        let word = each.to_string();
        (word.clone(), crate::accounts::actions::title(&word))
    }));
    environments
}

fn row(listed: Listed, said: &HashMap<InteractionId, Verdict>, now: Instant) -> Row {
    Row {
        href: format!("/interactions/{}", listed.id),
        question: words::question(listed.input.as_ref()),
        answer: words::answer(listed.output.as_ref(), listed.error.as_deref()),
        agent: words::agent(&listed.agent, &listed.version),
        environment: match listed.environment {
            Environment::Production => String::new(),
            other => other.to_string(),
        },
        confidence: listed
            .confidence
            .map(|sure| format!("{:.0} %", sure * 100.0))
            .unwrap_or_default(),
        when: words::when(listed.occurred_at, now),
        mine: said.get(&listed.id).copied().map(words::verdict),
    }
}
