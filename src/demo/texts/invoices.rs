//! The invoice reader: a supplier's invoice as text, and its fields as JSON.

use super::Sample;
use crate::demo::random::Random;
use serde_json::{Value, json};

const SYSTEM: &str = "Read the invoice and answer with its fields as JSON, after the schema.";

/// The JSON Schema of a right answer.
pub const SCHEMA: &str = r#"{
  "type": "object",
  "required": ["supplier", "number", "date", "due", "currency", "lines", "net", "vat", "total"],
  "additionalProperties": false,
  "properties": {
    "supplier": {"type": "string", "minLength": 1},
    "number": {"type": "string", "minLength": 1},
    "date": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    "due": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    "currency": {"enum": ["EUR", "GBP", "DKK", "NOK"]},
    "lines": {
      "type": "array",
      "minItems": 1,
      "items": {
        "type": "object",
        "required": ["text", "quantity", "amount"],
        "additionalProperties": false,
        "properties": {
          "text": {"type": "string"},
          "quantity": {"type": "integer", "minimum": 1},
          "amount": {"type": "string", "pattern": "^[0-9]+\\.[0-9]{2}$"}
        }
      }
    },
    "net": {"type": "string", "pattern": "^[0-9]+\\.[0-9]{2}$"},
    "vat": {"type": "string", "pattern": "^[0-9]+\\.[0-9]{2}$"},
    "total": {"type": "string", "pattern": "^[0-9]+\\.[0-9]{2}$"}
  }
}"#;

const SUPPLIERS: &[(&str, &str, i64)] = &[
    ("Brandt & Søn Papir ApS", "DKK", 25),
    ("Northgate Freight Ltd", "GBP", 20),
    ("Ateliers Roussel SARL", "EUR", 20),
    ("Fjordkraft Service AS", "NOK", 25),
    ("Holzner Lagertechnik GmbH", "EUR", 19),
    ("Cooperativa Textil do Ave", "EUR", 23),
    ("Kestrel Cleaning Ltd", "GBP", 20),
    ("De Vries Verpakkingen BV", "EUR", 21),
    ("Saimaa Ohjelmistot Oy", "EUR", 24),
];
const WARES: &[&str] = &[
    "Packing paper, 20 kg rolls",
    "Pallet transport",
    "Window cleaning",
    "Shelf, 2 m",
    "Cotton bags, 500 pieces",
    "Toner, black",
    "Licence, one year",
    "Hydraulic oil",
    "Labels, 100 x 150",
    "Repair of conveyor",
    "Translation, by the page",
    "Coffee beans, 1 kg",
];

/// An invoice and what was read from it.
pub fn sample(random: &mut Random, is_wrong: bool) -> Sample {
    let (supplier, currency, percent) = random.of(SUPPLIERS);
    let number = format!("{}-{}", random.between(2025, 2027), random.between(1_000, 9_999));
    let (month, day) = (random.between(1, 12), random.between(1, 13));
    let (date, due) =
        (format!("2026-{month:02}-{day:02}"), format!("2026-{:02}-{day:02}", month + 1));
    let mut lines = Vec::new();
    let mut net = 0;
    for _ in 0..random.between(1, 5) {
        let (quantity, price) = (random.between(1, 13), random.between(350, 48_000));
        net += quantity * price;
        lines.push(json!({
            "text": random.of(WARES), "quantity": quantity, "amount": money(quantity * price),
        }));
    }
    let vat = (net * percent + 50) / 100;
    let right = json!({
        "supplier": supplier, "number": number, "date": date, "due": due, "currency": currency,
        "lines": lines, "net": money(net), "vat": money(vat), "total": money(net + vat),
    });
    let mut printed = String::new();
    for line in &lines {
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        printed += &format!("{} x {}   {}\n", line["quantity"], text("text"), text("amount"));
    }
    let question = format!(
        "{supplier}\nInvoice {number}\nDate {day:02}/{month:02}/2026   Payable by \
         {day:02}/{:02}/2026\n\n{printed}\nNet {currency} {}\nVAT {percent} % {}\nTo pay {currency} {}",
        month + 1,
        money(net),
        money(vat),
        money(net + vat),
    );
    let (output, category, comment) =
        if is_wrong { spoil(random, &right) } else { (right.clone(), "other", "") };
    Sample {
        system: SYSTEM,
        question,
        output,
        right: is_wrong.then_some(right),
        category,
        comment,
        sources: vec![],
        tools: None,
    }
}

/// One of the ways in which it is read wrongly.
fn spoil(random: &mut Random, right: &Value) -> (Value, &'static str, &'static str) {
    let mut wrong = right.clone();
    match random.between(0, 4) {
        0 => {
            wrong["total"] = right["net"].clone();
            wrong["net"] = right["total"].clone();
            (wrong, "wrong_answer", "Net and total are swapped.")
        }
        1 => {
            let swap = |text: &Value| {
                let text = text.as_str().unwrap_or_default();
                let parts: Vec<&str> = text.split('-').collect();
                match parts.as_slice() {
                    [year, month, day] if month != day => format!("{year}-{day}-{month}"),
                    _ => "2025-01-01".to_owned(),
                }
            };
            wrong["date"] = Value::from(swap(&right["date"]));
            wrong["due"] = Value::from(swap(&right["due"]));
            (wrong, "format", "Day and month are the wrong way round: the day comes first here.")
        }
        2 if right["lines"].as_array().is_some_and(|lines| lines.len() > 1) => {
            if let Some(lines) = wrong["lines"].as_array_mut() {
                lines.pop();
            }
            (wrong, "incomplete", "The last line is missing.")
        }
        _ => {
            let other = if right["currency"] == "EUR" { "GBP" } else { "EUR" };
            wrong["currency"] = Value::from(other);
            (wrong, "wrong_answer", "Wrong currency. We nearly paid it.")
        }
    }
}

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
