//! The ticket router: mail to support, and the queue it belongs in.

use super::{Sample, fill};
use crate::demo::random::Random;
use serde_json::Value;

const SYSTEM: &str = "Choose the queue for this mail. Answer with one label only.";

/// The label that means "none of these".
pub const OUT_OF_SCOPE: &str = "out_of_scope";

/// The label, the label it is mistaken for, and how such mails begin.
const QUEUES: &[(&str, &str, &[&str])] = &[
    (
        "billing",
        "refund",
        &[
            "I was charged twice for order {o}.",
            "The invoice for {o} shows a wrong address.",
            "Why is there a fee of {n} euros on my card?",
            "Could you send me the invoice of {o} again?",
        ],
    ),
    (
        "refund",
        "billing",
        &[
            "I sent back everything of {o} and my money is not here.",
            "You refunded {n} euros too little.",
            "When will the refund for {o} be paid?",
        ],
    ),
    (
        "delivery",
        "damaged_goods",
        &[
            "Order {o} says delivered, but there is nothing here.",
            "Can the parcel go to my neighbour on Friday?",
            "Tracking of {o} has been stuck for {n} days.",
        ],
    ),
    (
        "damaged_goods",
        "warranty",
        &[
            "The glass in {o} arrived in pieces.",
            "One of the cups has a crack right out of the box.",
            "The box was open and the stove is bent.",
        ],
    ),
    (
        "returns",
        "refund",
        &[
            "How do I send back two things from {o}?",
            "I need a new return label.",
            "Is {n} days after delivery too late for a return?",
        ],
    ),
    (
        "product_question",
        "out_of_scope",
        &[
            "Does the two-person tent fit a bike bag?",
            "Is the pan fine for induction?",
            "What is the lightest pack that takes {n} litres?",
        ],
    ),
    (
        "account",
        "password_reset",
        &[
            "Please change my mail address.",
            "I have two accounts, can you make them one?",
            "Delete my account and all data, please.",
        ],
    ),
    (
        "password_reset",
        "account",
        &[
            "The link to set a new password does not arrive.",
            "I am locked out after {n} wrong tries.",
            "It says my password has run out.",
        ],
    ),
    (
        "subscription",
        "cancellation",
        &[
            "Move my coffee box to every {n} weeks.",
            "Please pause the subscription until spring.",
            "I want decaf in my next box.",
        ],
    ),
    (
        "complaint",
        "out_of_scope",
        &[
            "Third mail in {n} days and nobody answers. This is poor.",
            "Your colleague in the shop was rude to my mother.",
            "I have bought from you for {n} years and never was so let down.",
        ],
    ),
    (
        "cancellation",
        "returns",
        &[
            "Please cancel {o}, I ordered twice.",
            "Stop order {o} before it is sent!",
            "I don't need {o} any more, is it on its way?",
        ],
    ),
    (
        "warranty",
        "damaged_goods",
        &[
            "After {n} months the zip of my jacket gave up.",
            "The grinder I got last year stopped.",
            "How long is the warranty on ropes?",
        ],
    ),
    (
        "gift_card",
        "billing",
        &[
            "My gift card over {n} euros is refused.",
            "How much is left on my gift card?",
            "Can I pay {o} half by gift card?",
        ],
    ),
    (
        OUT_OF_SCOPE,
        "product_question",
        &[
            "We offer you first-class links for your website.",
            "Are you hiring in the warehouse?",
            "Do you know a good campsite near {c}?",
            "Wrong address, sorry, this was for my landlord.",
        ],
    ),
];

const ENDS: &[&str] = &[
    "",
    "Thanks!",
    "Kind regards",
    "Please hurry.",
    "I look forward to your answer.",
    "Sent from my phone",
    "Thank you for your help.",
    "Best wishes, a patient customer",
];
const STARTS: &[&str] = &["", "Hello,", "Hi there,", "Good morning,", "Dear team,"];

/// All labels in their order.
pub fn labels() -> Vec<&'static str> {
    QUEUES.iter().map(|(label, _, _)| *label).collect()
}

/// A mail and the queue it was put in.
pub fn sample(random: &mut Random, is_wrong: bool) -> Sample {
    let (right, mistaken, begins) = random.of(QUEUES);
    let blanks = [
        ("{o}", format!("FH-{}", random.between(20_000, 99_999))),
        ("{n}", random.between(2, 30).to_string()),
        ("{c}", random.of(&["Graz", "Cork", "Turku", "Bergen"]).to_owned()),
    ];
    let body = fill(random.of(begins), &blanks);
    let parts = [random.of(STARTS), &body, random.of(ENDS)];
    let question: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    Sample {
        system: SYSTEM,
        question: question.join("\n"),
        output: Value::from(if is_wrong { mistaken } else { right }),
        right: is_wrong.then(|| Value::from(right)),
        category: "wrong_label",
        comment: random.of(&[
            "I had to move it by hand.",
            "The words look alike, but this is another team's job.",
            "Same mistake as last week.",
        ]),
        sources: vec![],
        tools: None,
    }
}
