//! The forms of a page as a browser understands them: which fields belong to which form, what
//! labels them, what is sent when a button is pressed.

use super::page::{all, text_of, under};
use scraper::{ElementRef, Html};

/// A field or a button.
#[derive(Debug, Clone)]
pub(super) struct Control {
    /// The form it belongs to, by number.
    form: Option<usize>,
    name: String,
    /// `text`, `radio`, `checkbox`, `hidden`, `textarea`, `select`, `button`, …
    pub kind: String,
    pub value: String,
    /// Whether a radio button or a box is chosen.
    pub is_on: bool,
    is_disabled: bool,
    /// What is written on it or beside it.
    labels: Vec<String>,
    /// Of a list or of suggestions: value and text.
    pub options: Vec<(String, String)>,
}

impl Control {
    /// Whether something can be typed into it.
    pub fn takes_text(&self) -> bool {
        !matches!(
            self.kind.as_str(),
            "radio" | "checkbox" | "hidden" | "select" | "button" | "submit"
        )
    }

    /// Whether it can be chosen.
    pub fn can_be_on(&self) -> bool {
        matches!(self.kind.as_str(), "radio" | "checkbox")
    }
}

/// Where a form goes.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub method: String,
    /// None is the page itself.
    pub action: Option<String>,
}

/// All of a page.
pub(super) struct Controls {
    forms: Vec<Form>,
    all: Vec<Control>,
}

impl Controls {
    pub fn of(html: &Html) -> Self {
        let forms = all(html, "form");
        let all = all(html, "input, textarea, select, button").into_iter();
        let all = all.map(|element| control(html, &forms, element)).collect();
        let forms = forms.iter().map(|form| Form {
            method: form.attr("method").unwrap_or("get").to_lowercase(),
            action: form.attr("action").filter(|action| !action.is_empty()).map(str::to_owned),
        });
        Self { forms: forms.collect(), all }
    }

    #[track_caller]
    pub fn find(&self, label: &str, fits: impl Fn(&Control) -> bool) -> &Control {
        &self.all[self.place(label, fits)]
    }

    #[track_caller]
    pub fn labelled(&mut self, label: &str, fits: impl Fn(&Control) -> bool) -> &mut Control {
        let place = self.place(label, fits);
        assert!(!self.all[place].is_disabled, "{label:?} can't be changed");
        &mut self.all[place]
    }

    /// Chooses, and lets go of the other radio buttons of the same name.
    #[track_caller]
    pub fn tick(&mut self, label: &str) {
        let chosen = self.labelled(label, Control::can_be_on);
        let (form, name, kind) = (chosen.form, chosen.name.clone(), chosen.kind.clone());
        if kind == "radio" {
            let others = self.all.iter_mut().filter(|control| control.kind == "radio");
            for other in others.filter(|control| control.form == form && control.name == name) {
                other.is_on = false;
            }
        }
        self.labelled(label, Control::can_be_on).is_on = true;
    }

    #[track_caller]
    pub fn hidden(&self, name: &str) -> &Control {
        let mut hidden = self.all.iter().filter(|control| control.kind == "hidden");
        let found = hidden.find(|control| control.name == name);
        found.unwrap_or_else(|| panic!("no hidden field {name}"))
    }

    #[track_caller]
    pub fn button(&self, text: &str) -> &Control {
        self.find(text, |control| control.kind == "submit" && control.form.is_some())
    }

    #[track_caller]
    pub fn form_of(&self, button: &Control) -> &Form {
        &self.forms[button.form.expect("the button is in a form")]
    }

    /// What a browser sends when `button` is pressed, urlencoded.
    pub fn body(&self, button: &Control) -> String {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        let fields = self.all.iter().filter(|control| control.form == button.form);
        for field in fields.filter(|control| !control.is_disabled && !control.name.is_empty()) {
            match field.kind.as_str() {
                "submit" | "button" => continue,
                "radio" | "checkbox" if !field.is_on => continue,
                _ => {}
            }
            body.append_pair(&field.name, &line_ends(&field.value));
        }
        if !button.name.is_empty() {
            body.append_pair(&button.name, &button.value);
        }
        body.finish()
    }

    /// By the whole label, or else by its beginning where that is enough to tell.
    #[track_caller]
    fn place(&self, label: &str, fits: impl Fn(&Control) -> bool) -> usize {
        let having = |same: &dyn Fn(&str) -> bool| -> Vec<usize> {
            let found = self.all.iter().enumerate();
            let found = found.filter(|(_, c)| fits(c) && c.labels.iter().any(|l| same(l)));
            found.map(|(place, _)| place).collect()
        };
        let mut found = having(&|text| text == label);
        if found.is_empty() {
            found = having(&|text| text.starts_with(label));
        }
        let labels: Vec<_> = self.all.iter().filter(|c| fits(c)).flat_map(|c| &c.labels).collect();
        assert!(!found.is_empty(), "nothing is labelled {label:?}; there are {labels:?}");
        assert!(found.len() == 1, "{label:?} is on {} things of {labels:?}", found.len());
        found[0]
    }
}

fn control(html: &Html, forms: &[ElementRef<'_>], element: ElementRef<'_>) -> Control {
    let attr = |name| element.attr(name).unwrap_or_default().to_owned();
    let kind = match element.value().name() {
        "input" => element.attr("type").unwrap_or("text").to_lowercase(),
        "button" => element.attr("type").unwrap_or("submit").to_lowercase(),
        other => other.to_owned(),
    };
    let (value, options) = match kind.as_str() {
        "textarea" => (element.text().collect(), Vec::new()),
        "select" => selected(element),
        "radio" | "checkbox" => (element.attr("value").unwrap_or("on").to_owned(), Vec::new()),
        _ => (attr("value"), suggestions(html, &attr("list"))),
    };
    Control {
        form: form_of(forms, element),
        name: attr("name"),
        value,
        is_on: element.attr("checked").is_some(),
        is_disabled: is_disabled(element),
        labels: labels(html, element),
        options,
        kind,
    }
}

/// The form around the element, or the one that its attribute `form` names.
fn form_of(forms: &[ElementRef<'_>], element: ElementRef<'_>) -> Option<usize> {
    let named = element.attr("form");
    forms.iter().position(|form| match named {
        Some(id) => form.attr("id") == Some(id),
        None => element.ancestors().any(|around| around.id() == form.id()),
    })
}

/// By itself, or by the fieldset around it.
fn is_disabled(element: ElementRef<'_>) -> bool {
    let around = element.ancestors().filter_map(ElementRef::wrap);
    let mut fieldsets = around.filter(|around| around.value().name() == "fieldset");
    element.attr("disabled").is_some() || fieldsets.any(|set| set.attr("disabled").is_some())
}

fn labels(html: &Html, element: ElementRef<'_>) -> Vec<String> {
    let mut labels = Vec::new();
    if let Some(id) = element.attr("id") {
        let named = all(html, "label[for]").into_iter();
        labels.extend(named.filter(|label| label.attr("for") == Some(id)).map(text_of));
    }
    let around = element.ancestors().filter_map(ElementRef::wrap);
    labels.extend(around.filter(|around| around.value().name() == "label").map(text_of));
    labels.extend(element.attr("aria-label").map(str::to_owned));
    if element.value().name() == "button" {
        labels.push(text_of(element));
    }
    labels.dedup();
    labels
}

fn options_of(list: ElementRef<'_>) -> Vec<(String, String)> {
    let value = |option: ElementRef<'_>| {
        let text = text_of(option);
        (option.attr("value").map_or(text.clone(), str::to_owned), text)
    };
    under(list, "option").into_iter().map(value).collect()
}

fn selected(element: ElementRef<'_>) -> (String, Vec<(String, String)>) {
    let options = options_of(element);
    let chosen = under(element, "option").iter().position(|o| o.attr("selected").is_some());
    let value = options.get(chosen.unwrap_or(0)).map(|(value, _)| value.clone());
    (value.unwrap_or_default(), options)
}

fn suggestions(html: &Html, list: &str) -> Vec<(String, String)> {
    let mut lists = all(html, "datalist").into_iter();
    lists.find(|found| found.attr("id") == Some(list)).map(options_of).unwrap_or_default()
}

/// Browsers send every line's end as `\r\n`.
fn line_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}
