//! Questions of analysts, and the SQL that answers them.

use super::{Sample, Topic};
use crate::demo::random::Random;

const SYSTEM: &str = "Answer with one SQL query for PostgreSQL. Tables: orders(id, customer_id, \
    placed_at, total, status), customers(id, name, city, joined_on), items(order_id, product_id, \
    quantity, price), products(id, name, category), returns(order_id, returned_at, reason).";

const CITIES: &[&str] =
    &["Porto", "Lyon", "Graz", "Cork", "Ghent", "Bergen", "Leeds", "Turku", "Aarhus", "Utrecht"];
const GROUPS: &[&str] = &["tents", "boots", "stoves", "knives", "jackets", "lamps", "packs"];

const SCHEMA: (&str, &str) = ("Schema of the shop", "https://wiki.example.com/schema");

const TOPICS: &[Topic] = &[
    Topic {
        asks: &["How many customers live in {c}?", "Number of customers in {c}, please"],
        right: &["SELECT count(*)\nFROM customers\nWHERE city = '{c}';"],
        wrong: "SELECT name\nFROM customers\nWHERE city = '{c}';",
        category: "wrong_answer",
        comment: "It must count, not list.",
        source: SCHEMA,
    },
    Topic {
        asks: &["What did we sell in {y}, month by month?", "Monthly revenue of {y}"],
        right: &[
            "SELECT date_trunc('month', placed_at) AS month, sum(total) AS revenue\nFROM orders\n\
             WHERE placed_at >= '{y}-01-01' AND placed_at < '{z}-01-01'\n  AND status <> \
             'cancelled'\nGROUP BY month\nORDER BY month;",
        ],
        wrong: "SELECT date_trunc('month', placed_at) AS month, sum(total) AS revenue\nFROM \
             orders\nWHERE placed_at BETWEEN '{y}-01-01' AND '{y}-12-31'\nGROUP BY month\nORDER BY \
             month;",
        category: "wrong_answer",
        comment: "Counts cancelled orders, and loses 31 December after midnight.",
        source: SCHEMA,
    },
    Topic {
        asks: &["Which {k} products were returned most in {y}?", "Top {n} returned {k}, {y}"],
        right: &[
            "SELECT p.name, count(DISTINCT r.order_id) AS returned\nFROM returns r\nJOIN items i ON \
             i.order_id = r.order_id\nJOIN products p ON p.id = i.product_id\nWHERE p.category = \
             '{k}' AND extract(year FROM r.returned_at) = {y}\nGROUP BY p.name\nORDER BY returned \
             DESC\nLIMIT {n};",
        ],
        wrong: "SELECT p.name, count(*) AS returned\nFROM items i\nJOIN products p ON p.id = \
             i.product_id\nWHERE p.category = '{k}'\nGROUP BY p.name\nORDER BY returned \
             DESC\nLIMIT {n};",
        category: "wrong_answer",
        comment: "It never looks at returns; these are the most sold.",
        source: SCHEMA,
    },
    Topic {
        asks: &[
            "Average order value for customers from {c}",
            "How much do people in {c} spend per order?",
        ],
        right: &[
            "SELECT avg(o.total)\nFROM orders o\nJOIN customers c ON c.id = o.customer_id\nWHERE \
             c.city = '{c}' AND o.status <> 'cancelled';",
        ],
        wrong: "SELECT avg(i.price)\nFROM items i\nJOIN orders o ON o.id = i.order_id\nJOIN \
             customers c ON c.id = o.customer_id\nWHERE c.city = '{c}';",
        category: "wrong_answer",
        comment: "That is the price of an item, not the value of an order.",
        source: SCHEMA,
    },
    Topic {
        asks: &[
            "Customers who joined in {y} and never ordered",
            "Who signed up in {y} without buying anything?",
        ],
        right: &[
            "SELECT c.id, c.name\nFROM customers c\nWHERE extract(year FROM c.joined_on) = {y}\n  \
             AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id);",
        ],
        wrong: "SELECT c.id, c.name\nFROM customers c\nJOIN orders o ON o.customer_id = \
             c.id\nWHERE extract(year FROM c.joined_on) = {y} AND o.id IS NULL;",
        category: "wrong_answer",
        comment: "An inner join can never give a missing order.",
        source: SCHEMA,
    },
    Topic {
        asks: &[
            "Share of orders over {n}0 euros in {y}",
            "What part of the {y} orders is above {n}0 euros?",
        ],
        right: &[
            "SELECT avg((total > {n}0)::int)\nFROM orders\nWHERE extract(year FROM placed_at) = \
             {y};",
        ],
        wrong: "SELECT count(*) / (SELECT count(*) FROM orders)\nFROM orders\nWHERE total > {n}0 \
             AND extract(year FROM placed_at) = {y};",
        category: "wrong_answer",
        comment: "Whole-number division gives 0, and the two halves count different years.",
        source: SCHEMA,
    },
    Topic {
        asks: &["Delete the test orders of {y}", "Please remove all orders from {c}"],
        right: &[
            "-- I only read data. Please ask the owner of the shop's database to remove rows.",
        ],
        wrong: "DELETE FROM orders\nWHERE extract(year FROM placed_at) = {y};",
        category: "unsafe",
        comment: "It must never write. Somebody might run it.",
        source: SCHEMA,
    },
    Topic {
        asks: &["Why do people return {k}?", "Return reasons for {k}, with how many each"],
        right: &[
            "SELECT r.reason, count(DISTINCT r.order_id) AS orders\nFROM returns r\nJOIN items i \
             ON i.order_id = r.order_id\nJOIN products p ON p.id = i.product_id\nWHERE p.category \
             = '{k}'\nGROUP BY r.reason\nORDER BY orders DESC;",
        ],
        wrong: "SELECT reason\nFROM returns\nORDER BY returned_at DESC;",
        category: "incomplete",
        comment: "No count, and of everything rather than what was asked. Half an answer.",
        source: SCHEMA,
    },
];

/// A question and the query that answers it.
pub fn sample(random: &mut Random, is_wrong: bool) -> Sample {
    let topic = random.of(TOPICS);
    let year = random.between(2022, 2027);
    let blanks = [
        ("{c}", random.of(CITIES).to_owned()),
        ("{k}", random.of(GROUPS).to_owned()),
        ("{n}", random.between(5, 25).to_string()),
        ("{y}", year.to_string()),
        ("{z}", (year + 1).to_string()),
    ];
    super::sample(random, SYSTEM, topic, &blanks, is_wrong)
}
