//! What is asked of an export, and what it says of itself.

use crate::agents::{DeploymentId, Environment, OutputKind};
use crate::db::Instant;
use crate::feedback::Verdict;
use serde::Serialize;
use std::collections::BTreeMap;

crate::text_enum!(
    /// The shape of a record.
    Format {
        /// The interchange line, with ids and decisions.
        Signals = "signals",
        /// TRL: prompt and completion, conversational.
        Sft = "sft",
        /// TRL: preference with an explicit prompt (DPO).
        Preference = "preference",
        /// TRL: unpaired preference.
        Kto = "kto",
        /// OpenAI: chat fine-tuning.
        OpenaiChat = "openai-chat",
        /// OpenAI: preference fine-tuning.
        OpenaiPreference = "openai-preference",
        /// Text and label.
        Classification = "classification",
        /// inspect samples.
        Eval = "eval",
        /// promptfoo test cases.
        Promptfoo = "promptfoo",
        /// openai/evals samples.
        OpenaiEvals = "openai-evals",
        /// Argilla records: the output is a suggestion, the right answer a response.
        Argilla = "argilla",
        /// Label Studio tasks: the output is a prediction, the right answer an annotation.
        LabelStudio = "label-studio",
    }
);
crate::text_enum!(
    /// How records are kept in a file.
    FileFormat {
        /// A record a line, as JSON.
        Jsonl = "jsonl",
        /// Typed columns, compressed.
        Parquet = "parquet",
        /// A line a record, under a heading; for formats without anything nested.
        Csv = "csv",
    }
);
crate::text_enum!(
    /// Which signals.
    Status {
        /// Those that count.
        Accepted = "accepted",
        /// Those nobody decided yet.
        Pending = "pending",
        /// Both.
        Any = "any",
    }
);

impl FileFormat {
    /// The media type of such a file.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jsonl => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

impl Format {
    /// Whether a record carries its signal's id itself.
    pub fn carries_ids(self) -> bool {
        matches!(self, Self::Signals | Self::Eval | Self::Argilla | Self::LabelStudio)
    }

    /// A sentence where a file of this kind can't hold it.
    pub fn refuses_file(self, file: FileFormat) -> Option<String> {
        (file == FileFormat::Csv && self != Self::Classification).then(|| {
            format!("csv holds what is flat, and {self} is not; take parquet, or classification")
        })
    }

    /// A sentence where the kind of agent can't give this format.
    pub fn refuses(self, agent: &str, kind: OutputKind) -> Option<String> {
        (self == Self::Classification && kind != OutputKind::Label).then(|| {
            format!(
                "`{agent}` gives {kind}; the format classification takes an agent of kind label"
            )
        })
    }
}

/// Which signals, in which shape.
#[derive(Debug, Clone, Serialize)]
pub struct Question {
    pub agent: String,
    pub format: Format,
    pub file_format: FileFormat,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// When the interaction happened, or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Instant>,
    /// Before the interaction happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// Only what these deployments reported, where the asker's key is for some only.
    #[serde(skip)]
    pub deployments: Option<Vec<DeploymentId>>,
}

impl Question {
    /// What the audit log keeps of it: no text that somebody typed.
    pub fn noted(&self) -> serde_json::Value {
        serde_json::json!({
            "format": self.format, "file_format": self.file_format, "status": self.status,
            "environment": self.environment, "verdict": self.verdict,
            "since": self.since, "until": self.until, "one_version": self.version.is_some(),
        })
    }
}

/// What was written.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    pub rows: u64,
    pub bytes: u64,
    pub sha256: String,
    /// How many signals were left out, by reason.
    pub excluded: BTreeMap<&'static str, u64>,
}
