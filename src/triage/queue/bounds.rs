//! A table of deployments with some instants each, as JSON that either database reads: what a
//! statement about many deployments knows of each.

use crate::agents::DeploymentId;
use crate::db::{Instant, write_hex};
use serde_json::{Map, Value};

/// Before all instants.
pub const EVER: i64 = -i64::MAX;
/// After all instants.
pub const NEVER: i64 = i64::MAX;

/// For SQLite a list of `[number, deployment, instant, …]`, instants in microseconds; for
/// PostgreSQL a list of objects with `number`, `deployment` and these names.
pub fn json<const N: usize>(
    is_postgres: bool,
    names: [&str; N],
    rows: impl IntoIterator<Item = (DeploymentId, [i64; N])>,
) -> String {
    let row = |(number, (deployment, instants)): (usize, (DeploymentId, [i64; N]))| {
        if !is_postgres {
            let mut id = String::new();
            write_hex(deployment.0.as_bytes(), &mut id);
            let instants: String = instants.iter().map(|micros| format!(",{micros}")).collect();
            return format!("[{number},{id}{instants}]");
        }
        let mut row = Map::new();
        row.insert("number".into(), number.into());
        row.insert("deployment".into(), deployment.to_string().into());
        for (name, micros) in names.iter().zip(instants) {
            row.insert((*name).to_owned(), instant(micros).into());
        }
        Value::Object(row).to_string()
    };
    let rows: Vec<String> = rows.into_iter().enumerate().map(row).collect();
    format!("[{}]", rows.join(","))
}

fn instant(micros: i64) -> String {
    match micros {
        EVER => "-infinity".to_owned(),
        NEVER => "infinity".to_owned(),
        micros => Instant::from_micros(micros).to_string(),
    }
}
