//! The demo as each kind of person: axe-core finds nothing on any page, light and dark, on a desk
//! and on a phone; no page is heavy, asks often, or loads from another host.

use crate::support::{Command, Look, Process, Window, has_browser};

const AXE: &str = include_str!("../../vendor/axe-core/axe.min.js");

/// Pages by the kind of person who walks them; `path > start` is the first link on `path` whose
/// own path begins with `start`.
const WALKS: &[(&str, &[&str])] = &[
    ("nobody", &["/", "/sign-in", "/sign-in/sent", "/docs", "/nothing-here", "/demo/styleguide"]),
    ("end user", &[""]),
    (
        "member",
        &[
            "/",
            "/interactions",
            "/interactions?agent=ticket-router > /interactions/",
            "/interactions?environment=staging",
            "/report",
            "/feedback",
            "/feedback > /feedback/",
            "/questions",
            "/questions/new",
            "/questions > /questions/0",
            "/agents",
            "/agents/returns-helper",
            "/demo/mail",
            "/profile",
        ],
    ),
    (
        "champion",
        &[
            "/",
            "/triage",
            "/triage/bulk",
            "/triage > /triage/0",
            "/interactions > /interactions/",
            "/escalations",
            "/escalations > /escalations/0",
            "/questions?state=settled > /questions/0",
            "/agents/returns-helper",
            "/escalations/hours",
            "/escalations/hours > /escalations/hours/",
            "/teams",
            "/error-rates",
            "/feedback",
            "/feedback > /feedback/",
        ],
    ),
    ("manager", &["/", "/interactions?agent=invoice-reader > /interactions/"]),
    (
        "engineer",
        &[
            "/",
            "/interactions?agent=travel-desk > /interactions/",
            "/datasets",
            "/datasets/new",
            "/datasets/router-labels",
            "/datasets/router-labels/edit",
            "/datasets/router-labels/releases/1",
            "/datasets/router-labels/releases/1/left-out",
            "/datasets/router-labels/releases/1/retired",
            "/datasets/router-labels/lineage?of=1/train/0",
            "/webhooks",
        ],
    ),
    (
        "admin",
        &[
            "/",
            "/admin/agents",
            "/admin/agents/new",
            "/admin/agents > /admin/agents/",
            "/admin/agents/ticket-router > /admin/agents/ticket-router/deployments/",
            "/admin/agents/ticket-router/categories",
            "/admin/agents/ticket-router/categories/wrong_label",
            "/admin/agents/ticket-router/categories/wrong_label?act=merge&into=other",
            "/admin/people",
            "/admin/people/new",
            "/admin/people/import",
            "/admin/people > /admin/people/0",
            "/admin/teams",
            "/admin/keys",
            "/admin/keys/new",
            "/admin/audit",
        ],
    ),
];

struct Demo {
    _process: Process,
    url: String,
    said: String,
}

impl Demo {
    fn start() -> Self {
        let folder = std::env::temp_dir();
        let mut process = Command::in_folder(&folder).args(["demo"]).start();
        let url = process.listening();
        // Two streams: what is said to people may arrive after what programs read.
        let said = crate::support::eventually("the demo's links", || {
            let said = process.said();
            said.contains("/demo/mail").then_some(said)
        });
        Self { _process: process, url, said }
    }

    /// The link that the demo prints for a kind of person.
    fn link(&self, kind: &str) -> String {
        let line = self.said.lines().find(|line| line.trim_start().starts_with(kind));
        let line = line.unwrap_or_else(|| panic!("no link for {kind}: {}", self.said));
        line.split_whitespace().find(|word| word.starts_with("http")).unwrap().to_owned()
    }
}

fn enter(window: &Window, demo: &Demo, kind: &str) {
    window.go("/sign-in");
    window.forget();
    if !matches!(kind, "nobody" | "end user") {
        window.go(&demo.link(kind));
        window.click("main form button");
        let home = || (window.path() == "/").then_some(());
        crate::support::eventually("the home page", home);
    }
}

fn visit(window: &Window, demo: &Demo, place: &str) {
    let (path, link) = place.split_once(" > ").unwrap_or((place, ""));
    if path.is_empty() {
        window.go(&demo.link("end user"));
        return;
    }
    window.go(path);
    if !link.is_empty() {
        let found = window.script(&format!(
            "return [...document.querySelectorAll('main a')].map(a => a.pathname)\
             .find(p => p.startsWith('{link}') && p.length > {}) || ''",
            link.len()
        ));
        let found = found.as_str().unwrap_or_default().to_owned();
        assert!(!found.is_empty(), "no link to {link} on {path}");
        window.go(&found);
    }
}

/// What axe-core objects to, a line each.
fn objections(window: &Window) -> Vec<String> {
    window.script(AXE);
    let found = window.script_later(
        "const done = arguments[arguments.length - 1]; \
         axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', \
         'best-practice']}).then(r => done(r.violations.flatMap(v => v.nodes.map(n => \
         v.id + ': ' + n.target.join(' ') + ': ' + n.failureSummary))), e => done([String(e)]))",
    );
    serde_json::from_value(found).unwrap()
}

fn walk(look: Look) {
    let demo = Demo::start();
    let window = Window::open(&demo.url, look);
    let mut wrong = Vec::new();
    for (kind, places) in WALKS {
        enter(&window, &demo, kind);
        for place in *places {
            visit(&window, &demo, place);
            // Colours of the scheme have settled when nothing moves any more.
            crate::support::eventually("the page to settle", || {
                let moving = window.script("return document.getAnimations().length");
                (moving == 0).then_some(())
            });
            for objection in objections(&window) {
                wrong.push(format!("{kind} at {place}: {objection}"));
            }
            let wide = window.script("return document.documentElement.scrollWidth");
            if wide.as_u64().unwrap() > u64::from(look.width) {
                wrong.push(format!("{kind} at {place}: {wide} wide"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} objections:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn axe_finds_nothing_on_a_desk() {
    if has_browser() {
        walk(Look::DESK);
    }
}

#[test]
fn axe_finds_nothing_on_a_phone_in_the_dark() {
    if has_browser() {
        walk(Look { is_dark: true, ..Look::PHONE });
    }
}

#[test]
fn pages_are_light_and_load_from_one_host() {
    if !has_browser() {
        return;
    }
    let demo = Demo::start();
    let mut wrong = Vec::new();
    for (kind, places) in WALKS {
        for place in *places {
            // A window of its own, so that nothing was kept from an earlier page.
            let window = Window::open(&demo.url, Look::DESK);
            enter(&window, &demo, kind);
            window.script("performance.clearResourceTimings()");
            visit(&window, &demo, place);
            let loaded = window.script(
                "const all = [...performance.getEntriesByType('navigation'), \
                 ...performance.getEntriesByType('resource')]; \
                 return [all.length, all.reduce((sum, e) => sum + e.encodedBodySize, 0), \
                 all.map(e => e.name).filter(n => !n.startsWith(location.origin))]",
            );
            let (requests, bytes) = (loaded[0].as_u64().unwrap(), loaded[1].as_u64().unwrap());
            if requests > 6 || bytes > 60_000 || loaded[2] != serde_json::json!([]) {
                wrong.push(format!(
                    "{kind} at {place}: {requests} requests, {bytes} bytes, {loaded}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
