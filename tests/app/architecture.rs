//! The house rules that a compiler doesn't keep, read off the sources: arrows point one way, each
//! module says what it is for, nothing grows too long, both databases get the same migrations.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const MAX_FILE: usize = 400;
const MAX_FUNCTION: usize = 40;
const MAX_LINE: usize = 100;

/// Functions that are longer than they should be. Shorten one and take it out; add none.
const LONG: &[&str] = &[
    "src/accounts/actions.rs add_person",
    "src/agents/actions.rs check",
    "src/capture/intake.rs prepare",
    "src/capture/line.rs check",
    "src/capture/submit.rs with",
    "src/config.rs apply",
    "src/db/batch.rs answer",
    "src/demo/judge.rs judge",
    "src/demo/pages.rs style_guide",
    "src/demo/story.rs line",
    "src/demo/texts/invoices.rs sample",
    "src/exports/queries.rs examples",
    "src/exports/queries.rs records",
    "src/feedback/actions.rs record",
    "src/interactions/content.rs pretty",
    "src/journeys/receipt.rs receipt",
    "src/server.rs run_until",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file with this ending under a folder of the project, with its text.
pub fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no .{ending} in {folder}");
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    /// Knows no slice.
    Platform,
    /// Knows the platform and the slices before it.
    Slice(usize),
    /// Knows everything.
    Root,
}

/// The modules of `src/lib.rs`, whose paragraphs are: the platform's two, slices, root.
fn layers() -> Vec<(String, Layer)> {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let code = text.lines().filter(|line| !line.starts_with("//")).collect::<Vec<_>>().join("\n");
    let paragraphs: Vec<Vec<String>> = (code.split("\n\n"))
        .map(|paragraph| {
            let modules = paragraph.lines().filter_map(|line| line.strip_prefix("pub mod "));
            modules.map(|module| module.trim_end_matches(';').to_owned()).collect()
        })
        .filter(|modules: &Vec<String>| !modules.is_empty())
        .collect();
    assert_eq!(paragraphs.len(), 4, "src/lib.rs: two paragraphs of platform, slices, root");
    let mut layers = Vec::new();
    for (number, modules) in paragraphs.into_iter().enumerate() {
        for module in modules {
            let layer = match number {
                0 | 1 => Layer::Platform,
                2 => Layer::Slice(layers.len()),
                _ => Layer::Root,
            };
            layers.push((module, layer));
        }
    }
    layers
}

/// The modules that a text names after `crate::`, one by one or in braces.
fn used(text: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => {
                used.insert(first_word(rest));
            }
            Some(group) => used.extend(names_in(group)),
        }
    }
    used
}

/// `a, b::{c, d}, e}` names a, b and e.
fn names_in(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(first_word(group[start..at].trim()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(first_word(group[start..at].trim()));
                start = at + 1;
            }
            _ => {}
        }
    }
    names
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

#[test]
fn arrows_are_found_however_they_are_written() {
    let text = "use crate::{a, b::{c, d},\n    e};\ncrate::f::g(); $crate::h::I";
    let wanted = ["a", "b", "e", "f", "h"].map(str::to_owned);
    assert_eq!(used(text), BTreeSet::from(wanted));
}

#[test]
fn every_arrow_points_one_way() {
    let layers = layers();
    let layer_of = |name: &str| layers.iter().find(|(module, _)| module == name).map(|(_, l)| *l);
    let mut wrong = Vec::new();
    for (path, text) in files("src", "rs") {
        let inside = path.strip_prefix("src").unwrap().with_extension("");
        let module = inside.iter().next().unwrap().to_str().unwrap().to_owned();
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let from = layer_of(&module).unwrap_or_else(|| panic!("{module} is not in src/lib.rs"));
        for name in used(&text) {
            let Some(to) = layer_of(&name) else { continue };
            let is_right = match (from, to) {
                (Layer::Root, _) | (_, Layer::Platform) => true,
                (Layer::Slice(from), Layer::Slice(to)) => to <= from,
                (Layer::Platform | Layer::Slice(_), _) => false,
            };
            if !is_right {
                wrong.push(format!("{}: {module} → {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "these arrows turn back:\n{}", wrong.join("\n"));
}

#[test]
fn templates_of_a_slice_lie_under_its_name() {
    let layers = layers();
    let shared = ["macros", "mail", "docs"];
    for (path, _) in files("templates", "html") {
        let parts: Vec<_> = path.iter().map(|part| part.to_str().unwrap()).collect();
        let [_, folder, ..] = parts[..] else { panic!("{}", path.display()) };
        let is_known = parts.len() == 2
            || shared.contains(&folder)
            || layers.iter().any(|(module, _)| module == folder);
        assert!(is_known, "{} belongs to no module", path.display());
    }
}

#[test]
fn each_module_says_what_lives_in_it() {
    let sources = files("src", "rs").into_iter().chain(files("tests", "rs"));
    let silent: Vec<_> = (sources.filter(|(_, text)| !text.starts_with("//! ")))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "no //! at the beginning of {}", silent.join(", "));
}

#[test]
fn each_public_item_gets_a_sentence() {
    let mut silent = Vec::new();
    for (path, text) in files("src", "rs") {
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            if !is_public_item(line.trim_start()) {
                continue;
            }
            let before = lines[..number].iter().rev().map(|line| line.trim_start());
            // Attributes may stand between, on several lines.
            let mut before = before.skip_while(|line| {
                !line.starts_with("///") && !line.is_empty() && !line.ends_with(['{', '}', ';'])
            });
            if !before.next().is_some_and(|line| line.starts_with("///")) {
                silent.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(silent.is_empty(), "nothing is said of\n{}", silent.join("\n"));
}

fn is_public_item(line: &str) -> bool {
    ["fn", "async fn", "struct", "enum", "trait", "type", "const", "static"]
        .iter()
        .any(|kind| line.starts_with(&format!("pub {kind} ")) && !line.contains("$"))
}

#[test]
fn nothing_grows_too_long() {
    let mut long = Vec::new();
    for (path, text) in files("src", "rs").into_iter().chain(files("tests", "rs")) {
        let shown = path.display();
        if text.lines().count() > MAX_FILE {
            long.push(format!("{shown}: {} lines", text.lines().count()));
        }
        for (number, line) in text.lines().enumerate() {
            if line.chars().count() > MAX_LINE && !is_one_text(line) {
                long.push(format!("{shown}:{}: {} letters", number + 1, line.chars().count()));
            }
        }
    }
    assert!(long.is_empty(), "too long:\n{}", long.join("\n"));
}

#[test]
fn no_function_grows_too_long() {
    let mut long = BTreeSet::new();
    for (path, text) in files("src", "rs") {
        let found = functions(&text).into_iter().filter(|(_, lines)| *lines > MAX_FUNCTION);
        long.extend(found.map(|(name, _)| format!("{} {name}", path.display())));
    }
    let known = LONG.iter().map(|name| (*name).to_owned()).collect();
    let new: Vec<_> = long.difference(&known).collect();
    assert!(new.is_empty(), "more than {MAX_FUNCTION} lines: {new:#?}");
    let mended: Vec<_> = known.difference(&long).collect();
    assert!(mended.is_empty(), "not long any more, take them out of LONG: {mended:#?}");
}

/// Inside a text of several lines a break would change what is said; rustfmt leaves those alone,
/// and the attributes that describe an answer of the API.
fn is_one_text(line: &str) -> bool {
    let line = line.trim().trim_end_matches([',', ';', ')']);
    line.ends_with(['"', '#', '\\']) || line.starts_with("(status = ")
}

/// Name and length of each function, as rustfmt lays them out; test functions left out.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().take_while(|line| !line.starts_with("mod tests")).collect();
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let start = line.trim_start();
        let indent = line.len() - start.len();
        let Some((before, after)) = start.split_once("fn ") else { continue };
        let words = ["", "pub ", "pub(crate) ", "pub(super) ", "async ", "pub async "];
        let is_function = words.contains(&before) || before == "pub(super) async ";
        if !is_function || start.ends_with(';') {
            continue;
        }
        let end = format!("{}}}", " ".repeat(indent));
        let length = lines[number..].iter().position(|line| *line == end);
        let length = length.map_or(1, |lines| lines + 1);
        found.push((first_word(after), length));
    }
    found
}

#[test]
fn nothing_is_left_half_done() {
    // Spelled in two parts, or this file would be found too.
    let words = ["TO", "FIX", "XX", "HA"].into_iter().zip(["DO", "ME", "X", "CK"]);
    let words: Vec<String> = words.map(|(one, two)| format!("{one}{two}")).collect();
    let words =
        words.into_iter().chain(["unimpl".to_owned() + "emented!", "#[ig".to_owned() + "nore"]);
    let words: Vec<String> = words.collect();
    let sources = files("src", "rs").into_iter().chain(files("tests", "rs"));
    for (path, text) in sources.chain(files("templates", "html")).chain(files("migrations", "sql"))
    {
        for word in &words {
            assert!(!text.contains(word.as_str()), "{word} in {}", path.display());
        }
    }
}

#[test]
fn no_type_is_a_service_a_manager_or_a_repository() {
    for (path, text) in files("src", "rs") {
        for word in text.split(|letter: char| !letter.is_alphanumeric() && letter != '_') {
            let is_ours = text.contains(&format!("struct {word}"));
            let is_vague = ["Service", "Manager", "Repository", "Helper", "Util"]
                .iter()
                .any(|ending| word.ends_with(ending) && word.len() > ending.len());
            assert!(!(is_vague && is_ours), "{word} in {}", path.display());
        }
    }
}

#[test]
fn both_databases_get_the_same_migrations() {
    let names = |database: &str| -> Vec<String> {
        let folder = root().join("migrations").join(database);
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
    for (path, _) in files("migrations", "sql") {
        assert!(path.ends_with("up.sql"), "migrations only go forward: {}", path.display());
    }
}

#[test]
fn pages_load_nothing_from_elsewhere_and_run_nothing_inline() {
    for (path, text) in files("templates", "html") {
        if path.starts_with("templates/mail") {
            continue;
        }
        for bad in ["<script>", "style=\"", "onclick=", "onload=", "src=\"http", "href=\"http"] {
            assert!(!text.contains(bad), "{bad} in {}", path.display());
        }
    }
}
