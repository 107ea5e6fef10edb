//! A window of a real browser: Debian's Chromium, driven by chromedriver.

use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use thirtyfour::prelude::*;
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities};
use tokio::runtime::Runtime;

/// Two browsers at once would slow each other until they time out.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// How a window is opened.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub width: u32,
    pub height: u32,
    pub is_dark: bool,
    pub has_scripts: bool,
}

impl Look {
    /// A phone held upright.
    pub const PHONE: Self = Self { width: 390, height: 844, is_dark: false, has_scripts: true };
    /// A window on a desk.
    pub const DESK: Self = Self { width: 1280, height: 900, is_dark: false, has_scripts: true };

    /// The same without JavaScript.
    pub const fn without_scripts(self) -> Self {
        Self { has_scripts: false, ..self }
    }
}

/// One window with a profile of its own.
pub struct Window {
    runtime: Runtime,
    driver: Option<WebDriver>,
    chromedriver: Child,
    base: String,
    _profile: tempfile::TempDir,
    /// None of a window beside another, which holds it.
    _alone: Option<MutexGuard<'static, ()>>,
}

impl Window {
    /// Opens one that looks at the installation at `base`.
    pub fn open(base: &str, look: Look) -> Self {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        Self::start(base, look, Some(alone))
    }

    /// Opens another one beside this one, with a profile of its own.
    pub fn beside(&self, base: &str, look: Look) -> Self {
        Self::start(base, look, None)
    }

    fn start(base: &str, look: Look, alone: Option<MutexGuard<'static, ()>>) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let (chromedriver, port) = start_chromedriver();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let capabilities = capabilities(profile.path(), look);
        let address = format!("http://127.0.0.1:{port}");
        let driver = runtime.block_on(WebDriver::new(&address, capabilities)).unwrap();
        Self {
            runtime,
            driver: Some(driver),
            chromedriver,
            base: base.to_owned(),
            _profile: profile,
            _alone: alone,
        }
    }

    fn driver(&self) -> &WebDriver {
        self.driver.as_ref().unwrap()
    }

    fn find(&self, css: &str) -> WebElement {
        let query = self
            .driver()
            .query(By::Css(css))
            .wait(Duration::from_secs(30), Duration::from_millis(50));
        self.runtime
            .block_on(query.first())
            .unwrap_or_else(|error| panic!("{css} is not on {}: {error}", self.path()))
    }

    /// Opens a path of the installation, or an address of it.
    pub fn go(&self, path: &str) {
        let address =
            if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        self.runtime.block_on(self.driver().goto(address)).unwrap();
    }

    /// Where the window is.
    pub fn path(&self) -> String {
        let url = self.runtime.block_on(self.driver().current_url()).unwrap().to_string();
        url.strip_prefix(&self.base).unwrap_or(&url).to_owned()
    }

    /// Waits until the window is at a path that starts so.
    #[track_caller]
    pub fn arrives_at(&self, start: &str) {
        super::eventually(start, || self.path().starts_with(start).then_some(()));
    }

    /// Clicks.
    #[track_caller]
    pub fn click(&self, css: &str) {
        self.runtime.block_on(self.find(css).click()).unwrap();
    }

    /// Types, after what is there.
    #[track_caller]
    pub fn type_into(&self, css: &str, keys: impl Into<TypingData>) {
        self.runtime.block_on(self.find(css).send_keys(keys)).unwrap();
    }

    /// Presses keys wherever the focus is.
    pub fn press(&self, keys: impl Into<TypingData>) {
        let keys = keys.into();
        self.runtime.block_on(self.driver().action_chain().send_keys(keys).perform()).unwrap();
    }

    /// Presses one key, once, as a person does who wants to get on: chromedriver would press it
    /// again where the page changes meanwhile.
    pub fn key(&self, key: &str) {
        self.press_once(key, 0);
    }

    /// Presses Ctrl and Enter.
    pub fn ctrl_enter(&self) {
        self.press_once("Enter", 2);
    }

    fn press_once(&self, key: &str, modifiers: u8) {
        let cdp = self.driver().cdp();
        let event = |kind: &str| {
            let mut event = json!({"type": kind, "key": key, "modifiers": modifiers});
            if kind == "keyDown" && key.len() == 1 {
                event["text"] = json!(key);
            }
            event
        };
        let send = |kind| cdp.send_raw("Input.dispatchKeyEvent", event(kind));
        self.runtime.block_on(send("keyDown")).unwrap();
        // The page may be another one by now, which has not seen it go down.
        let _ = self.runtime.block_on(send("keyUp"));
    }

    /// What a person reads of an element.
    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        self.runtime.block_on(self.find(css).text()).unwrap()
    }

    /// Whether a person sees the element; false also where it is not there.
    pub fn shows(&self, css: &str) -> bool {
        let found = self.runtime.block_on(self.driver().find_all(By::Css(css))).unwrap();
        found
            .first()
            .is_some_and(|first| self.runtime.block_on(first.is_displayed()).unwrap_or(false))
    }

    /// Runs a script and gives what it returns.
    #[track_caller]
    pub fn script(&self, script: &str) -> serde_json::Value {
        self.runtime.block_on(self.driver().execute(script, vec![])).unwrap().json().clone()
    }

    /// Runs a script that calls its last argument with what it comes to.
    #[track_caller]
    pub fn script_later(&self, script: &str) -> serde_json::Value {
        self.runtime.block_on(self.driver().execute_async(script, vec![])).unwrap().json().clone()
    }

    /// Forgets who is signed in.
    pub fn forget(&self) {
        self.runtime.block_on(self.driver().delete_all_cookies()).unwrap();
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            let _ = self.runtime.block_on(driver.quit());
        }
        let _ = self.chromedriver.kill();
        let _ = self.chromedriver.wait();
    }
}

/// Starts chromedriver on a port of its own choice.
fn start_chromedriver() -> (Child, u16) {
    let mut child = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines.map_while(Result::ok).find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    (child, port.expect("chromedriver says its port"))
}

fn capabilities(profile: &std::path::Path, look: Look) -> ChromeCapabilities {
    let mut capabilities = DesiredCapabilities::chrome();
    for argument in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ] {
        capabilities.add_arg(argument).unwrap();
    }
    capabilities.add_arg(&format!("--user-data-dir={}", profile.display())).unwrap();
    let scheme = if look.is_dark { 0 } else { 1 };
    capabilities.add_arg(&format!("--blink-settings=preferredColorScheme={scheme}")).unwrap();
    capabilities.add_arg(&format!("--window-size={},{}", look.width, look.height)).unwrap();
    if look.width < 600 {
        // A window can't be as narrow as a phone; what it shows can.
        let metrics = serde_json::json!({"width": look.width, "height": look.height,
            "pixelRatio": 1.0, "mobile": true, "touch": true});
        let phone = serde_json::json!({ "deviceMetrics": metrics });
        capabilities.add_experimental_option("mobileEmulation", phone).unwrap();
    }
    if !look.has_scripts {
        // Waiting for a page to load is done by a script, which never runs.
        capabilities.set_page_load_strategy(thirtyfour::PageLoadStrategy::None).unwrap();
        let blocked = serde_json::json!({"profile.managed_default_content_settings.javascript": 2});
        capabilities.add_experimental_option("prefs", blocked).unwrap();
    }
    capabilities
}
