//! The returns helper of an outdoor and kitchen shop.

use super::{Sample, Topic, fill};
use crate::demo::random::Random;

const SYSTEM: &str = "You answer customers of Fernhill about returns, refunds and deliveries. \
    Keep to the policy, be brief and kind, and never promise money.";

const THINGS: &[&str] = &[
    "hiking boots",
    "espresso machine",
    "down jacket",
    "camping stove",
    "trail shoes",
    "cast-iron pan",
    "two-person tent",
    "sleeping bag",
    "rain shell",
    "coffee grinder",
    "head torch",
    "water filter",
    "chef's knife",
    "fleece vest",
    "climbing rope",
    "stand mixer",
    "backpack",
    "thermos bottle",
    "bread oven",
    "wool socks",
    "trekking poles",
    "cycling gloves",
];
const PLACES: &[&str] =
    &["Leeds", "Porto", "Graz", "Utrecht", "Tampere", "Ghent", "Bergen", "Cork", "Lyon", "Aarhus"];

const TOPICS: &[Topic] = &[
    Topic {
        asks: &[
            "Until when can I send back the {p} I bought {n} days ago?",
            "I ordered the {p} {n} days ago. Is it too late to return it?",
            "How long do I have to return my {p}?",
        ],
        right: &[
            "You have 30 days from delivery to return the {p}, in the state you would expect to \
             receive it. The return label is in your account under “Orders”.",
            "The {p} can come back within 30 days of delivery. Please print the label from \
             “Orders” in your account.",
        ],
        wrong: "You can return the {p} within six weeks of delivery. The return label is in your \
             account under “Orders”.",
        category: "outdated",
        comment: "It has been 30 days since the new policy in spring, not six weeks.",
        source: ("Returns policy", "https://fernhill.example.com/returns"),
    },
    Topic {
        asks: &[
            "I opened the box of the {p}, can I still return it?",
            "My {p} is unpacked and I used it once. Do you take it back?",
        ],
        right: &["Yes, if the {p} was only tried on or tried out at home. We look at it when it \
             arrives, and may keep part of the price if it shows signs of use."],
        wrong: "Opened goods are taken back in any case, and you get the full price of the {p}.",
        category: "wrong_answer",
        comment: "We never promise the full price for used goods.",
        source: ("Returns policy", "https://fernhill.example.com/returns"),
    },
    Topic {
        asks: &[
            "When do I get my money back for order {o}?",
            "I sent back the {p} last week and see no refund yet. What is happening?",
        ],
        right: &[
            "We refund within five working days of the parcel's arrival, the way you paid. Your \
             bank may take two more days to show it.",
        ],
        wrong: "Your refund for order {o} was paid today.",
        category: "wrong_answer",
        comment: "It can't see payments, so it must not say that one was made.",
        source: ("Refunds", "https://fernhill.example.com/refunds"),
    },
    Topic {
        asks: &[
            "The {p} came in the wrong size. Can I swap it?",
            "Can I exchange my {p} for a size up without paying postage?",
        ],
        right: &[
            "Yes. Choose “Exchange” under “Orders” and pick the size; postage is free both ways, \
             and we send the new one as soon as yours is on its way.",
        ],
        wrong: "Please send the {p} back for a refund and place a new order.",
        category: "incomplete",
        comment: "Exchanges are free. It sends people the long way round.",
        source: ("Exchanges", "https://fernhill.example.com/exchanges"),
    },
    Topic {
        asks: &[
            "My {p} broke after {m} months. What can I do?",
            "The {p} stopped working, I have had it for {m} months.",
        ],
        right: &[
            "I am sorry about that. You have two years of warranty on the {p}: send us a photo and \
             your order number, and we repair or replace it free of charge.",
        ],
        wrong: "I am sorry, the {p} can only be returned within 30 days, so we can't do anything \
             after {m} months.",
        category: "wrong_answer",
        comment: "That is a warranty case, not a return. The law gives two years.",
        source: ("Warranty", "https://fernhill.example.com/warranty"),
    },
    Topic {
        asks: &[
            "The parcel with my {p} arrived all crushed. Do I send it back?",
            "My {p} was damaged in the post.",
        ],
        right: &[
            "Please keep the parcel and take a photo of the damage and the label. Tell us within \
             seven days; we send a new {p} at once, and collect the broken one.",
        ],
        wrong: "Please take the damaged {p} to the post office and claim it from the carrier.",
        category: "wrong_answer",
        comment: "We claim from the carrier, never the customer.",
        source: ("Damaged parcels", "https://fernhill.example.com/damaged"),
    },
    Topic {
        asks: &[
            "I got the {p} as a present and have no receipt. Can I return it?",
            "Can a gift be returned without the order number?",
        ],
        right: &[
            "Yes, as a voucher. The gift note has a code that stands for the order; without it we \
             can look it up by the giver's address.",
        ],
        wrong: "Without a receipt we can't take anything back.",
        category: "wrong_answer",
        comment: "The gift note's code is enough.",
        source: ("Gifts", "https://fernhill.example.com/gifts"),
    },
    Topic {
        asks: &["I live in {c} now. How do I send back the {p}?", "Is the return free from {c}?"],
        right: &[
            "From {c} you return with the label in your account. It is free within the EU; from \
             elsewhere postage is yours, and we pay back the duties.",
        ],
        wrong: "Returns from {c} are free.",
        category: "incomplete",
        comment: "Free only within the EU, it must say so.",
        source: ("Returns from abroad", "https://fernhill.example.com/abroad"),
    },
    Topic {
        asks: &[
            "I bought the {p} in the sale. May I return sale goods?",
            "Does the 30 days rule count for the {p} at 40 % off?",
        ],
        right: &["Yes, the same 30 days hold for sale goods. You get back what you paid."],
        wrong: "Sale goods are excluded from returns.",
        category: "wrong_answer",
        comment: "Wrong, and it makes people angry. Sale goods are like all others.",
        source: ("Returns policy", "https://fernhill.example.com/returns"),
    },
    Topic {
        asks: &[
            "Where is order {o}? It should have been here {n} days ago.",
            "Tracking for order {o} has not moved since Tuesday.",
        ],
        right: &[
            "I am sorry for the wait. A parcel that has not moved for five days counts as lost: \
             tell us, and we send it again the same day. I can't see the carrier's scans from here.",
        ],
        wrong: "Order {o} will arrive tomorrow between 9 and 12.",
        category: "wrong_answer",
        comment: "It made up a delivery time.",
        source: ("Delivery", "https://fernhill.example.com/delivery"),
    },
    Topic {
        asks: &["Please cancel order {o}, I ordered the wrong {p}.", "Can I still cancel the {p}?"],
        right: &[
            "You can cancel under “Orders” as long as it says “In preparation”. After that, refuse \
             the parcel or send it back; both are free.",
        ],
        wrong: "I cancelled order {o} for you.",
        category: "wrong_answer",
        comment: "It can't cancel anything. The customer thought it was done.",
        source: ("Cancelling", "https://fernhill.example.com/cancel"),
    },
    Topic {
        asks: &[
            "Can I bring the {p} back to the shop in {c}?",
            "Do your shops take back what I bought online?",
        ],
        right: &[
            "Yes, any of our shops takes back online orders. Bring the {p} and your order number; \
             you get the money back the way you paid.",
        ],
        wrong: "The shop in {c} does, ask for a voucher there. Whatever, just go and see.",
        category: "tone",
        comment: "This is rude, and it is money back, not a voucher.",
        source: ("Shops", "https://fernhill.example.com/shops"),
    },
];

const FOLLOW_UPS: &[Topic] = &[
    Topic {
        asks: &["And who pays the postage?", "Do I have to pay for the label?"],
        right: &["The label is free within the EU; you only need to hand in the parcel."],
        wrong: "Postage is 4.90 and is taken off your refund.",
        category: "outdated",
        comment: "We dropped the fee last year.",
        source: ("Returns policy", "https://fernhill.example.com/returns"),
    },
    Topic {
        asks: &["Can I use any box?", "I threw away the carton. Is that a problem?"],
        right: &[
            "Any sturdy box will do. Only please don't stick the label on the shoe box itself.",
        ],
        wrong: "You need the original carton, otherwise we can't take it back.",
        category: "wrong_answer",
        comment: "Any box is fine.",
        source: ("Packing", "https://fernhill.example.com/packing"),
    },
    Topic {
        asks: &["Could someone call me about it?", "I would rather talk to a person."],
        right: &[
            "Of course. Leave your number and a time that suits you, and a colleague calls you \
             within one working day.",
        ],
        wrong: "I can help you with that. Please describe your problem.",
        category: "out_of_scope",
        comment: "Whoever asks for a person gets one.",
        source: ("", ""),
    },
    Topic {
        asks: &["Thank you. Is there anything else I must put in the parcel?"],
        right: &["Only the slip with the order number, so that we know whose it is. Thank you!"],
        wrong: "Please add a copy of your identity card.",
        category: "unsafe",
        comment: "Never ask for identity papers!",
        source: ("Packing", "https://fernhill.example.com/packing"),
    },
];

/// A question and its answer; a later one of a conversation where `follows`.
pub fn sample(random: &mut Random, is_wrong: bool, follows: bool) -> Sample {
    let topic = random.of(if follows { FOLLOW_UPS } else { TOPICS });
    let blanks = [
        ("{p}", random.of(THINGS).to_owned()),
        ("{c}", random.of(PLACES).to_owned()),
        ("{n}", random.between(2, 45).to_string()),
        ("{m}", random.between(3, 20).to_string()),
        ("{o}", fill("FH-#", &[("#", random.between(20_000, 99_999).to_string())])),
    ];
    super::sample(random, SYSTEM, topic, &blanks, is_wrong)
}
