//! What a browser shows: its text, its links, its forms.

use super::form::{Control, Controls};
use super::{Answer, Browser};
use scraper::{ElementRef, Html, Node, Selector};

/// A page, with what was typed into it so far.
pub struct Page {
    browser: Browser,
    /// Path and query.
    pub path: String,
    pub answer: Answer,
    text: String,
    controls: Controls,
}

impl Page {
    pub(super) fn new(browser: Browser, path: String, answer: Answer) -> Self {
        let html = Html::parse_document(&answer.text);
        let mut text = String::new();
        for body in all(&html, "body") {
            visible(body, &mut text);
        }
        let controls = Controls::of(&html);
        Self { browser, path, text: one_line(&text), answer, controls }
    }

    /// It has this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.answer.status, status, "{} {}", self.path, self.text);
        self
    }

    /// It is at this path.
    #[track_caller]
    #[allow(clippy::wrong_self_convention)] // It says what must be, as `sees` does.
    pub fn is_at(self, path: &str) -> Self {
        assert_eq!(self.path, path, "{}", self.text);
        self
    }

    /// What a person reads, in one line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A person reads this.
    #[track_caller]
    pub fn sees(self, text: &str) -> Self {
        assert!(self.text.contains(text), "{text:?} is not on {}: {}", self.path, self.text);
        self
    }

    /// A person doesn't read this.
    #[track_caller]
    pub fn does_not_see(self, text: &str) -> Self {
        assert!(!self.text.contains(text), "{text:?} is on {}: {}", self.path, self.text);
        self
    }

    /// The text of the first element that this selector finds.
    #[track_caller]
    pub fn element(&self, css: &str) -> String {
        let html = Html::parse_document(&self.answer.text);
        let found = all(&html, css);
        assert!(!found.is_empty(), "no {css} on {}: {}", self.path, self.text);
        text_of(found[0])
    }

    /// The texts of all elements that this selector finds.
    pub fn elements(&self, css: &str) -> Vec<String> {
        let html = Html::parse_document(&self.answer.text);
        all(&html, css).into_iter().map(text_of).collect()
    }

    /// Text and address of every link.
    pub fn links(&self) -> Vec<(String, String)> {
        let html = Html::parse_document(&self.answer.text);
        let links = all(&html, "a[href]").into_iter();
        links.map(|a| (text_of(a), a.attr("href").unwrap_or_default().to_owned())).collect()
    }

    /// The address of the link with this text.
    #[track_caller]
    pub fn link(&self, text: &str) -> String {
        let links = self.links();
        let found = links.iter().find(|(label, _)| label == text);
        found.unwrap_or_else(|| panic!("no link {text:?} among {links:?}")).1.clone()
    }

    /// Follows the link with this text.
    #[track_caller]
    pub fn click(&self, text: &str) -> Page {
        self.browser.click(&self.path, &self.link(text))
    }

    /// Types into the field with this label, in place of what is there.
    #[track_caller]
    pub fn fill(mut self, label: &str, text: &str) -> Self {
        self.controls.labelled(label, Control::takes_text).value = text.to_owned();
        self
    }

    /// Chooses what bears this label: a radio button or a box to tick.
    #[track_caller]
    pub fn choose(mut self, label: &str) -> Self {
        self.controls.tick(label);
        self
    }

    /// Takes the tick away.
    #[track_caller]
    #[allow(dead_code)] // Not every page with a box lets it be emptied.
    pub fn untick(mut self, label: &str) -> Self {
        self.controls.labelled(label, |control| control.kind == "checkbox").is_on = false;
        self
    }

    /// Picks from the list with this label, by what the entry says.
    #[track_caller]
    pub fn pick(mut self, label: &str, entry: &str) -> Self {
        let control = self.controls.labelled(label, |control| control.kind == "select");
        let found = control.options.iter().find(|(_, text)| text == entry);
        let found = found.unwrap_or_else(|| panic!("no {entry:?} in {:?}", control.options));
        control.value = found.0.clone();
        self
    }

    /// What stands in the field with this label.
    #[track_caller]
    pub fn value(&self, label: &str) -> String {
        self.controls.find(label, |_| true).value.clone()
    }

    /// What the list, or the suggestions, under this label offer: values and texts.
    #[track_caller]
    pub fn options(&self, label: &str) -> Vec<(String, String)> {
        self.controls.find(label, |_| true).options.clone()
    }

    /// Whether what bears this label is chosen.
    #[track_caller]
    pub fn is_chosen(&self, label: &str) -> bool {
        self.controls.find(label, Control::can_be_on).is_on
    }

    /// The value of a hidden field.
    #[track_caller]
    pub fn hidden(&self, name: &str) -> String {
        self.controls.hidden(name).value.clone()
    }

    /// Presses the button with this text, which sends its form.
    #[track_caller]
    pub fn press(&self, button: &str) -> Page {
        self.send(self.controls.button(button))
    }

    /// Presses the only button of the page's main part.
    #[track_caller]
    pub fn press_only(&self) -> Page {
        let html = Html::parse_document(&self.answer.text);
        let buttons = all(&html, "main button");
        assert_eq!(buttons.len(), 1, "one button expected on {}: {}", self.path, self.text);
        self.press(&text_of(buttons[0]))
    }

    #[track_caller]
    fn send(&self, button: &Control) -> Page {
        let form = self.controls.form_of(button);
        let body = self.controls.body(button);
        let action = form.action.clone().unwrap_or_else(|| self.path.clone());
        match form.method.as_str() {
            "post" => self.browser.send_form(&self.path, &action, body),
            _ => {
                let path = action.split('?').next().unwrap_or_default();
                self.browser.click(&self.path, &format!("{path}?{body}"))
            }
        }
    }

    /// The same form sent once more, as by a second click.
    #[track_caller]
    pub fn press_twice(&self, button: &str) -> (Page, Page) {
        (self.press(button), self.press(button))
    }
}

/// Every element that this selector finds.
pub(super) fn all<'h>(html: &'h Html, css: &str) -> Vec<ElementRef<'h>> {
    under(html.root_element(), css)
}

/// Every element inside `element` that this selector finds.
pub(super) fn under<'h>(element: ElementRef<'h>, css: &str) -> Vec<ElementRef<'h>> {
    let selector = Selector::parse(css).unwrap_or_else(|e| panic!("{css}: {e}"));
    element.select(&selector).collect()
}

/// The text inside an element, on one line.
pub(super) fn text_of(element: ElementRef<'_>) -> String {
    one_line(&element.text().collect::<String>())
}

/// Text on one line, with single spaces.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text that is shown: not of scripts, hidden parts or suggestions. What stands inline stays
/// together, blocks are set apart.
fn visible(element: ElementRef<'_>, out: &mut String) {
    const INLINE: [&str; 9] = ["a", "span", "b", "strong", "em", "ins", "del", "time", "code"];
    if element.attr("hidden").is_some()
        || matches!(element.value().name(), "script" | "style" | "datalist" | "template")
    {
        return;
    }
    let apart = !INLINE.contains(&element.value().name());
    if apart {
        out.push(' ');
    }
    for child in element.children() {
        match child.value() {
            Node::Text(text) => out.push_str(text),
            Node::Element(_) => {
                if let Some(child) = ElementRef::wrap(child) {
                    visible(child, out);
                }
            }
            _ => {}
        }
    }
    if apart {
        out.push(' ');
    }
}
