//! What the sample agents are asked and what they answer, right and wrong.

use super::rng::Rng;
use serde_json::{Value, json};

/// One question with its right answer and a wrong one.
pub struct Scene {
    pub input: Value,
    pub right: Value,
    pub wrong: Value,
    /// Why the wrong one is wrong, as a category.
    pub category: &'static str,
    /// What a person writes about it.
    pub comment: &'static str,
}

/// Questions, the right answer, a wrong answer, category, comment.
type Policy = (&'static [&'static str], &'static str, &'static str, &'static str, &'static str);

const POLICIES: &[Policy] = &[
    (
        &[
            "How long can I return the {item} I bought?",
            "I changed my mind about a {item}. Until when can I send it back?",
            "return period for a {item}?",
        ],
        "You can return the {item} within 30 days of delivery, unused and in its packaging. Use the label in your account under Orders.",
        "You can return the {item} within six weeks of delivery, and opened packages are taken back in any case. Use the label in your account under Orders.",
        "outdated",
        "It has been 30 days since spring.",
    ),
    (
        &[
            "Who pays for sending a {item} back?",
            "Is the return of my {item} free?",
            "do i have to pay postage to return a {item}",
        ],
        "Sending the {item} back is free with our label. Without the label you pay the postage yourself.",
        "Sending the {item} back costs 4.90, which we take off your refund.",
        "wrong_answer",
        "Returns with our label are free.",
    ),
    (
        &[
            "My {item} arrived broken. What now?",
            "the {item} is damaged, there is a crack in it",
            "I got a {item} with a fault, can I have a new one?",
        ],
        "I'm sorry about the {item}. Send us a photo within 14 days and we post a replacement the same day; you keep the broken one.",
        "I'm sorry about the {item}. Please contact the manufacturer, who decides about a repair.",
        "wrong_answer",
        "We replace it ourselves. Nobody should be sent to the manufacturer.",
    ),
    (
        &[
            "When do I get my money back for the {item}?",
            "I returned the {item} last week and still have no refund",
            "how long does the refund for a {item} take",
        ],
        "The refund for the {item} is on its way within three working days after it reached us, by the same way you paid.",
        "The refund for the {item} is on its way as a voucher.",
        "incomplete",
        "Customers want to know how long it takes, and it is never a voucher.",
    ),
    (
        &[
            "Can I collect my {item} in the {city} shop?",
            "is the {item} in stock in {city}?",
            "Reserve a {item} for me in {city}, please.",
        ],
        "Yes: choose “Collect in the shop” and {city} when you pay. The {item} is kept for five days.",
        "We have no shop in {city}.",
        "wrong_answer",
        "There is one, next to the station.",
    ),
    (
        &[
            "Does the {item} have a warranty?",
            "How long is the guarantee on a {item}?",
            "warranty {item}",
        ],
        "Every {item} has a warranty of two years from the day of delivery. Your invoice is the proof.",
        "Every {item} has a lifetime warranty.",
        "unsafe",
        "We must not promise that.",
    ),
    (
        &[
            "I want to talk to a person about my {item}",
            "Your answers about the {item} don't help, please call me",
        ],
        "Of course. Leave your number and someone calls you about the {item} today between 9 and 18 o'clock.",
        "I am sure I can help you with your {item}! What else would you like to know?",
        "tone",
        "She asked for a person three times.",
    ),
    (
        &["Can you recommend a {item} for my {pet}?", "which {item} suits a {pet} best"],
        "Most people with a {pet} like our smaller {item}. If it doesn't suit, you have 30 days to return it.",
        "As your vet I recommend the large {item}, twice a day.",
        "out_of_scope",
        "It is no vet.",
    ),
];

const ITEMS: &[&str] = &[
    "rucksack",
    "tent",
    "headlamp",
    "rain jacket",
    "sleeping bag",
    "cool box",
    "camping stove",
    "pair of boots",
    "bicycle bag",
    "water filter",
    "hammock",
    "travel cot",
];
const CITIES: &[&str] = &["Ghent", "Porto", "Leipzig", "Turin", "Malmö", "Graz", "Lyon", "Brno"];
const PETS: &[&str] = &["dog", "cat", "rabbit"];

fn fill(text: &str, item: &str, city: &str, pet: &str) -> String {
    text.replace("{item}", item).replace("{city}", city).replace("{pet}", pet)
}

/// A customer asks the returns helper.
pub fn returns(rng: &mut Rng) -> Scene {
    let (questions, right, wrong, category, comment) = rng.pick(POLICIES);
    let (item, city, pet) = (*rng.pick(ITEMS), *rng.pick(CITIES), *rng.pick(PETS));
    let question = fill(rng.pick::<&str>(questions), item, city, pet);
    let input = if rng.chance(30) {
        json!([
            {"role": "system", "content": "You answer customers of an outdoor shop. Be brief and kind."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hello! How can I help?"},
            {"role": "user", "content": question},
        ])
    } else {
        json!(question)
    };
    Scene {
        input,
        right: json!(fill(right, item, city, pet)),
        wrong: json!(fill(wrong, item, city, pet)),
        category,
        comment,
    }
}

/// The labels of the ticket router, in their order.
pub const LABELS: &[&str] = &[
    "delivery_late",
    "delivery_lost",
    "return_request",
    "refund_status",
    "damaged_item",
    "wrong_item",
    "invoice_copy",
    "payment_failed",
    "account_access",
    "address_change",
    "product_question",
    "complaint",
    "cancel_order",
    "out_of_scope",
];

/// A ticket, its label, and the label it is mistaken for.
const TICKETS: &[(&[&str], &str, &str)] = &[
    (
        &[
            "My parcel with the {item} was due on Monday and is still not here.",
            "where is my {item}??",
            "The {item} is three days late.",
        ],
        "delivery_late",
        "delivery_lost",
    ),
    (
        &[
            "Tracking says delivered, but nobody got the {item}.",
            "The {item} never arrived and tracking has not moved for two weeks.",
        ],
        "delivery_lost",
        "delivery_late",
    ),
    (
        &["I'd like to send the {item} back.", "Please send a return label for my {item}."],
        "return_request",
        "refund_status",
    ),
    (
        &["When will I see the money for the returned {item}?", "refund for {item} still missing"],
        "refund_status",
        "return_request",
    ),
    (
        &["The {item} has a tear on the left side.", "the zip of my new {item} is broken"],
        "damaged_item",
        "complaint",
    ),
    (
        &[
            "I ordered a {item} and got something else.",
            "Wrong colour: this {item} is green, I ordered blue.",
        ],
        "wrong_item",
        "damaged_item",
    ),
    (
        &["I need the invoice for my {item} again, with our tax number.", "please resend invoice"],
        "invoice_copy",
        "account_access",
    ),
    (
        &[
            "My card is declined although it works elsewhere.",
            "payment fails at the last step, three times now",
        ],
        "payment_failed",
        "account_access",
    ),
    (
        &[
            "I can't sign in, the code never comes.",
            "forgot my password and the mail does not arrive",
        ],
        "account_access",
        "payment_failed",
    ),
    (
        &[
            "I moved to {city}. Please change my address.",
            "new address for the order with the {item}",
        ],
        "address_change",
        "delivery_late",
    ),
    (
        &["Is the {item} waterproof?", "does the {item} fit into hand luggage"],
        "product_question",
        "return_request",
    ),
    (
        &[
            "Third time I write. This is no way to treat customers.",
            "Very disappointed with the service in {city}.",
        ],
        "complaint",
        "product_question",
    ),
    (
        &["Please cancel the {item}, I ordered it twice.", "cancel my order from this morning"],
        "cancel_order",
        "return_request",
    ),
    (
        &["Do you have a job for my nephew?", "Could you translate this letter for me?"],
        "out_of_scope",
        "product_question",
    ),
];

/// A ticket comes to the router.
pub fn ticket(rng: &mut Rng) -> Scene {
    let (texts, right, wrong) = rng.pick(TICKETS);
    let text = fill(rng.pick::<&str>(texts), rng.pick::<&str>(ITEMS), rng.pick::<&str>(CITIES), "");
    Scene {
        input: json!(text),
        right: json!(right),
        wrong: json!(wrong),
        category: "wrong_label",
        comment: "Read to the end: the second half says what it is about.",
    }
}

const SUPPLIERS: &[&str] =
    &["Nordlicht Papier", "Ferrovia Cargo", "Atelier Blanc", "Kanzlei Ost", "Green Mile Couriers"];

/// The schema of an invoice.
pub fn invoice_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": ["supplier", "number", "date", "net", "vat", "total", "currency"],
        "additionalProperties": false,
        "properties": {
            "supplier": {"type": "string", "minLength": 1},
            "number": {"type": "string"},
            "date": {"type": "string", "format": "date"},
            "net": {"type": "number", "minimum": 0},
            "vat": {"type": "number", "minimum": 0},
            "total": {"type": "number", "minimum": 0},
            "currency": {"enum": ["EUR", "SEK", "CZK", "GBP"]},
        },
    })
}

/// An invoice comes to the reader.
pub fn invoice(rng: &mut Rng) -> Scene {
    let supplier = *rng.pick(SUPPLIERS);
    let number = format!("R-{}", rng.between(10_000, 99_999));
    let (month, day) = (rng.between(1, 12), rng.between(1, 28));
    let currency = *rng.pick(&["EUR", "EUR", "EUR", "SEK", "CZK", "GBP"]);
    let net = rng.between(20, 4_000) as f64 + 0.5;
    let vat = (net * 21.0).round() / 100.0;
    let total = ((net + vat) * 100.0).round() / 100.0;
    let text = format!(
        "{supplier}\nInvoice {number}\n{day:02}/{month:02}/2026\nServices as agreed  {net:.2}\nVAT 21 %  {vat:.2}\nTo pay  {total:.2} {currency}"
    );
    let read = |date: String, vat: f64, currency: &str| {
        json!({
            "supplier": supplier, "number": number, "date": date,
            "net": net, "vat": vat, "total": total, "currency": currency,
        })
    };
    let right_date = format!("2026-{month:02}-{day:02}");
    let (wrong, comment) = match rng.below(3) {
        0 if day <= 12 && day != month => {
            (read(format!("2026-{day:02}-{month:02}"), vat, currency), "Day and month are swapped.")
        }
        1 if currency != "EUR" => (read(right_date.clone(), vat, "EUR"), "It is not in euro."),
        _ => (read(right_date.clone(), 0.0, currency), "The VAT is on the invoice."),
    };
    Scene {
        input: json!([
            {"role": "system", "content": "Read the invoice. Answer with JSON that fits the schema."},
            {"role": "user", "content": text},
        ]),
        right: read(right_date, vat, currency),
        wrong,
        category: "wrong_answer",
        comment,
    }
}

/// The tools of the travel desk.
pub fn travel_tools() -> Value {
    let city = json!({"type": "string"});
    let date = json!({"type": "string", "format": "date"});
    json!([
        {"type": "function", "function": {"name": "find_trains", "description": "Trains on a day",
            "parameters": {"type": "object", "required": ["from", "to", "date"],
                "properties": {"from": city, "to": city, "date": date}}}},
        {"type": "function", "function": {"name": "book_room", "description": "Books a hotel room",
            "parameters": {"type": "object", "required": ["city", "from", "nights"],
                "properties": {"city": city, "from": date, "nights": {"type": "integer"}}}}},
        {"type": "function", "function": {"name": "ask_manager", "description": "Asks for approval",
            "parameters": {"type": "object", "required": ["reason"],
                "properties": {"reason": {"type": "string"}}}}},
    ])
}

fn calls(name: &str, arguments: &Value) -> Value {
    json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "call_1", "type": "function",
         "function": {"name": name, "arguments": arguments.to_string()}}]})
}

/// A colleague asks the travel desk.
pub fn travel(rng: &mut Rng) -> Scene {
    let from = rng.below(CITIES.len());
    let to = (from + 1 + rng.below(CITIES.len() - 1)) % CITIES.len();
    let (from, to) = (CITIES[from], CITIES[to]);
    let (day, nights) = (rng.between(1, 27), rng.between(1, 4));
    let date = format!("2026-12-{day:02}");
    let system = json!({"role": "system", "content": "You book business trips. Trips over 500 euro need a manager's approval."});
    let ask = |text: String| json!([system, {"role": "user", "content": text}]);
    match rng.below(4) {
        0 => Scene {
            input: ask(format!("I need a train from {from} to {to} on {day} December.")),
            right: calls("find_trains", &json!({"from": from, "to": to, "date": date})),
            wrong: calls("find_trains", &json!({"from": to, "to": from, "date": date})),
            category: "wrong_answer",
            comment: "It swapped where from and where to.",
        },
        1 => Scene {
            input: ask(format!("A room in {to} from {day} December, {nights} nights please.")),
            right: calls("book_room", &json!({"city": to, "from": date, "nights": nights})),
            wrong: calls("book_room", &json!({"city": to, "from": date, "nights": nights + 1})),
            category: "wrong_answer",
            comment: "One night too many.",
        },
        2 => Scene {
            input: ask(format!("Flight to {to} for the fair, about 800 euro. Just book it.")),
            right: calls(
                "ask_manager",
                &json!({"reason": format!("Flight to {to}, about 800 euro")}),
            ),
            wrong: json!({"role": "assistant", "content": format!("Done! Your flight to {to} is booked.")}),
            category: "unsafe",
            comment: "It can't book flights, and this needed an approval.",
        },
        _ => Scene {
            input: ask(format!("What may I spend on a hotel in {to}?")),
            right: json!({"role": "assistant", "content": format!("In {to} up to 140 euro a night, breakfast included.")}),
            wrong: json!({"role": "assistant", "content": format!("In {to} up to 90 euro a night.")}),
            category: "outdated",
            comment: "The limits went up in January.",
        },
    }
}
