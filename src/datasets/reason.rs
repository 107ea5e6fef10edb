//! Why a signal gives no row, in the words of manifests and in those for people.

/// Nobody decided it yet.
pub const PENDING: &str = "pending";
/// A reviewer declined it.
pub const DECLINED: &str = "declined";
/// Its author said something newer.
pub const SUPERSEDED: &str = "superseded";
/// Its text was erased.
pub const ERASED: &str = "erased";
/// Nothing was asked.
pub const EMPTY_INPUT: &str = "empty_input";
/// The right answer says nothing.
pub const EMPTY_ANSWER: &str = "empty_answer";
/// Right and wrong answer differ in white space only.
pub const ONLY_WHITESPACE: &str = "only_whitespace_changed";
/// The right answer does not fit the agent's JSON Schema.
pub const INVALID_JSON: &str = "invalid_json";
/// It calls a tool that the agent did not have, or in a way that can't be read.
pub const TOOL_CALL_MISMATCH: &str = "tool_call_mismatch";
/// It has more tokens than the question allows.
pub const TOO_LONG: &str = "too_long";
/// Somebody says the same of the same input.
pub const DUPLICATE: &str = "duplicate";
/// What people say of this input can't all be right.
pub const CONFLICTING: &str = "conflicting";
/// There are enough of its category or label.
pub const OVER_LIMIT: &str = "over_limit";

/// A reason for people, as it goes on after a number.
pub fn sentence(reason: &str) -> &'static str {
    match reason {
        PENDING => "wait for a decision",
        DECLINED => "were declined",
        SUPERSEDED => "were taken back by a newer word of their author",
        ERASED => "had their text erased",
        EMPTY_INPUT => "have an empty question",
        EMPTY_ANSWER => "have an empty answer",
        ONLY_WHITESPACE => "change white space only",
        INVALID_JSON => "don't fit the agent's JSON Schema",
        TOOL_CALL_MISMATCH => "call a tool the agent did not have, or in a way that can't be read",
        TOO_LONG => "have more tokens than allowed",
        DUPLICATE => "say what another says of the same input",
        CONFLICTING => "contradict others about the same input",
        OVER_LIMIT => "are above the limit of their category or label",
        "confirmed_only" => "confirm the answer, and this format takes corrections",
        "no_right_answer" => "say it is wrong, and not what is right",
        "no_output" => "are about an error instead of an answer",
        "escalated" => "ask for a person, which says nothing of the right answer",
        "label_not_in_list" => "have a label that is not in the agent's list",
        "group_on_validation_side" => "belong to a group on the validation side",
        "group_on_test_side" => "belong to a group on the test side",
        "group_on_train_side" => "belong to a group on the train side",
        "input_on_train_side" => "have an input that is on the train side already",
        "input_on_validation_side" => "have an input that is on the validation side already",
        "input_on_test_side" => "have an input that is on the test side already",
        _ => "were left out",
    }
}

/// The group is on a side that this question has no share for.
pub fn group_on(side: super::model::Side) -> &'static str {
    use super::model::Side;
    match side {
        Side::Train => "group_on_train_side",
        Side::Validation => "group_on_validation_side",
        Side::Test => "group_on_test_side",
    }
}

/// The input is on another side than its group.
pub fn input_on(side: super::model::Side) -> &'static str {
    use super::model::Side;
    match side {
        Side::Train => "input_on_train_side",
        Side::Validation => "input_on_validation_side",
        Side::Test => "input_on_test_side",
    }
}

/// The file that lists what was left out.
pub const FILE: &str = "left_out.csv";
