//! For engineers: what can be trained on, with the command and the call that fetch it.

use crate::accounts::Who;
use crate::agents::OutputKind;
use crate::capture::words;
use crate::db::Conn;
use crate::error::AppResult;
use crate::journeys::queries::home::{self, SIGNAL_CAP, SignalCounts};

/// One agent.
pub(super) struct Row {
    pub agent: String,
    pub accepted: String,
    pub pending: String,
    pub command: String,
    pub call: String,
}

/// What is shown.
pub(super) struct Part {
    pub sentence: String,
    pub rows: Vec<Row>,
}

pub(super) fn gather(conn: &mut Conn, who: &Who, url: &str) -> AppResult<Option<Part>> {
    if !who.person.is_engineer {
        return Ok(None);
    }
    let mut rows = Vec::new();
    let (mut accepted, mut is_capped) = (0, false);
    for (id, name, slug, kind) in home::list_agents(conn)? {
        let counts = home::count_signals(conn, id)?;
        accepted += counts.accepted;
        is_capped |= counts.looked_at > SIGNAL_CAP;
        rows.push(row(name, slug, kind, counts, url));
    }
    let sentence = match accepted {
        0 => "No signal is accepted yet, so there is nothing to train on.".to_owned(),
        1 => "One accepted signal is ready to train on.".to_owned(),
        n => {
            let more = if is_capped { "More than " } else { "" };
            format!("{more}{} accepted signals are ready to train on.", words::grouped(n))
        }
    };
    Ok(Some(Part { sentence, rows }))
}

fn row(name: String, slug: String, kind: OutputKind, counts: SignalCounts, url: &str) -> Row {
    let format = match kind {
        OutputKind::Label => "classification",
        OutputKind::Text => "preference",
        OutputKind::Json | OutputKind::Message => "sft",
    };
    let more = if counts.looked_at > SIGNAL_CAP { "+" } else { "" };
    Row {
        accepted: format!("{}{more}", words::grouped(counts.accepted)),
        pending: format!("{}{more}", words::grouped(counts.pending)),
        command: format!(
            "overrule export --agent {slug} --format {format} --status accepted \
             --out {slug}.jsonl"
        ),
        call: format!(
            "curl -H \"Authorization: Bearer $OVERRULE_KEY\" \
             \"{url}/api/v1/signals?agent={slug}&format={format}\" > {slug}.jsonl"
        ),
        agent: name,
    }
}
