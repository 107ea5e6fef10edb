//! What a store said when it did not do as it was asked, in a sentence for people: no signature,
//! no key and no address with a query is in it.

use super::StoreError;
use object_store::Error;

/// The most of a store's own words that is shown.
const MOST: usize = 200;

/// The sentence; another try may do.
pub(super) fn trouble(error: &Error) -> StoreError {
    let (text, why) = (error.to_string(), cause(error));
    // Its status is in the text of every kind of error, and in the kind only of some.
    let is = |status: &str| text.contains(status);
    StoreError::Passing(if is("//169.254.") {
        "There is no key for the store: set `store.access_key_id` and `store.secret_access_key`, \
         or AWS's own variables."
            .to_owned()
    } else if is(": 403 Forbidden") || is(": 401 Unauthorized") {
        format!("The store refuses: {why}.")
    } else if is(": 404 Not Found") {
        format!("The store says that it is not there: {why}.")
    } else {
        format!("The store gives no good answer: {why}.")
    })
}

/// The code and the message of its answer; where there was none, the first cause.
fn cause(error: &Error) -> String {
    let text = error.to_string();
    let told = |tag: &str| {
        let (_, rest) = text.split_once(&format!("<{tag}>"))?;
        Some(rest.split_once(&format!("</{tag}>"))?.0.to_owned())
    };
    let words = match (told("Code"), told("Message")) {
        (Some(code), Some(message)) => format!("{code}, {message}"),
        (Some(code), None) => code,
        _ => innermost(error),
    };
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    words.trim_end_matches([':', '.', ' ']).chars().take(MOST).collect()
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &'static str) -> String {
        trouble(&Error::Generic { store: "S3", source: text.into() }).to_string()
    }

    #[test]
    fn code_and_message_are_told_and_nothing_else_of_an_answer() {
        let answer = "status code: 403 Forbidden: <Error><Code>InvalidAccessKeyId</Code><Message>No such\nkey.</Message>\
                      <AWSAccessKeyId>AKHIDDEN</AWSAccessKeyId></Error>";
        let said = of(answer);
        assert_eq!(said, "The store refuses: InvalidAccessKeyId, No such key.");
        assert!(of("http://169.254.169.254/latest: timed out").contains("`store.access_key_id`"));
    }
}
