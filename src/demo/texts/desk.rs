//! The travel and leave desk: it answers colleagues and calls tools for them.

use super::{Sample, fill};
use crate::demo::random::Random;
use serde_json::{Value, json};

const SYSTEM: &str = "You help colleagues with leave, travel and expenses. Call a tool where one \
    fits; otherwise answer briefly. Questions about health or pay go to a person.";

const PLACES: &[&str] =
    &["Lisbon", "Oslo", "Vienna", "Ghent", "Dublin", "Turin", "Helsinki", "Gdańsk", "Malmö"];
const MONTHS: &[(&str, &str)] =
    &[("January", "01"), ("March", "03"), ("May", "05"), ("June", "06"), ("September", "09")];

/// A request, and what the agent does: a tool with arguments, or words.
#[derive(Clone, Copy)]
struct Request {
    asks: &'static [&'static str],
    right: Act,
    wrong: Act,
    category: &'static str,
    comment: &'static str,
}

#[derive(Clone, Copy)]
enum Act {
    Call(&'static str, &'static str),
    Say(&'static str),
}

const REQUESTS: &[Request] = &[
    Request {
        asks: &[
            "I'd like to take leave from {a} to {b} {M}.",
            "Please book me off {a} {M} until {b} {M}.",
        ],
        right: Act::Call("request_leave", r#"{"from": "2027-{m}-{a}", "to": "2027-{m}-{b}"}"#),
        wrong: Act::Call("request_leave", r#"{"from": "2027-{m}-{a}", "to": "2027-{m}-{a}"}"#),
        category: "wrong_answer",
        comment: "It asked for one day only.",
    },
    Request {
        asks: &["How many days of leave do I have left?", "What is my leave balance before {M}?"],
        right: Act::Call("leave_balance", r#"{"year": 2027}"#),
        wrong: Act::Say("You have 30 days of leave a year."),
        category: "wrong_answer",
        comment: "It should look it up. I joined in summer and work part time.",
    },
    Request {
        asks: &[
            "I need a train to {c} on {a} {M}, back two days later.",
            "Book me to {c} for the {a}th of {M}, please. By rail.",
        ],
        right: Act::Call("find_trip", r#"{"to": "{c}", "on": "2027-{m}-{a}", "by": "train"}"#),
        wrong: Act::Call("find_trip", r#"{"to": "{c}", "on": "2027-{m}-{a}", "by": "plane"}"#),
        category: "wrong_answer",
        comment: "I said train, and we don't fly that distance.",
    },
    Request {
        asks: &[
            "Can I claim a taxi in {c} of {n} euros?",
            "Taxi from the station in {c}, {n} euros. Does the company pay?",
        ],
        right: Act::Say(
            "Yes, if there was no public transport after 22:00 or you carried material. Add the \
             receipt and one line about why.",
        ),
        wrong: Act::Say("Yes, taxis are always paid."),
        category: "outdated",
        comment: "Not since the new travel rules.",
    },
    Request {
        asks: &[
            "My expenses for {c} are still open, {n} euros. Where do they stand?",
            "Has anybody looked at my claim for {c}?",
        ],
        right: Act::Call("claim_status", r#"{"trip": "{c}"}"#),
        wrong: Act::Call("request_leave", r#"{"from": "2027-{m}-{a}", "to": "2027-{m}-{b}"}"#),
        category: "wrong_answer",
        comment: "It tried to book leave! I asked about expenses.",
    },
    Request {
        asks: &[
            "I have to see a doctor every {M}. Do I take leave for that?",
            "I may be ill for longer. What do I get paid?",
        ],
        right: Act::Say(
            "That is for a person to answer, in confidence. May I ask People operations to call \
             you today?",
        ),
        wrong: Act::Say("Illness is deducted from your leave after three days."),
        category: "unsafe",
        comment: "Wrong in law, and never its job. A person must answer this.",
    },
    Request {
        asks: &["What may a hotel in {c} cost?", "Is {n}0 euros a night too much for {c}?"],
        right: Act::Call("hotel_limit", r#"{"city": "{c}"}"#),
        wrong: Act::Say("There is no limit for hotels."),
        category: "wrong_answer",
        comment: "There is one for each city; it has a tool for it.",
    },
];

fn tools() -> Value {
    let tool = |name: &str, what: &str, fields: &[&str]| {
        let fields: serde_json::Map<String, Value> =
            fields.iter().map(|f| ((*f).to_owned(), json!({"type": "string"}))).collect();
        json!({"type": "function", "function": {"name": name, "description": what,
            "parameters": {"type": "object", "properties": fields}}})
    };
    json!([
        tool("request_leave", "Asks the manager for leave", &["from", "to"]),
        tool("leave_balance", "Days of leave that are left", &["year"]),
        tool("find_trip", "Finds a connection", &["to", "on", "by"]),
        tool("claim_status", "Where an expense claim stands", &["trip"]),
        tool("hotel_limit", "The highest price of a night", &["city"]),
    ])
}

fn message(random: &mut Random, act: &Act, blanks: &[(&str, String)]) -> Value {
    match act {
        Act::Say(text) => json!({"role": "assistant", "content": fill(text, blanks)}),
        Act::Call(name, arguments) => json!({
            "role": "assistant", "content": null,
            "tool_calls": [{
                "id": format!("call_{}", random.between(100_000, 999_999)), "type": "function",
                "function": {"name": name, "arguments": fill(arguments, blanks)},
            }],
        }),
    }
}

/// A request and what was done about it.
pub fn sample(random: &mut Random, is_wrong: bool) -> Sample {
    let request = random.of(REQUESTS);
    let (month, number) = random.of(MONTHS);
    let from = random.between(10, 18);
    let blanks = [
        ("{c}", random.of(PLACES).to_owned()),
        ("{n}", random.between(9, 48).to_string()),
        ("{a}", from.to_string()),
        ("{b}", (from + random.between(1, 9)).to_string()),
        ("{M}", (*month).to_owned()),
        ("{m}", (*number).to_owned()),
    ];
    let right = message(random, &request.right, &blanks);
    let output = if is_wrong { message(random, &request.wrong, &blanks) } else { right.clone() };
    Sample {
        system: SYSTEM,
        question: fill(random.of(request.asks), &blanks),
        output,
        right: is_wrong.then_some(right),
        category: request.category,
        comment: request.comment,
        sources: vec![],
        tools: Some(tools()),
    }
}
