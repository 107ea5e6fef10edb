//! A browser without scripts: it keeps cookies, follows redirects, and says where a form was on.

use super::{Answer, Page};
use reqwest::blocking::{Client, RequestBuilder};
use reqwest::cookie::{CookieStore, Jar};
use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION, ORIGIN, REFERER};
use std::rc::Rc;
use std::sync::Arc;

/// One person's browser.
#[derive(Clone)]
pub struct Browser {
    window: Rc<Window>,
}

struct Window {
    client: Client,
    base: String,
    cookies: Arc<Jar>,
}

impl Browser {
    /// A browser that looks at the installation at `base`.
    pub fn new(base: &str) -> Self {
        let cookies = Arc::new(Jar::default());
        let client = Client::builder()
            .cookie_provider(cookies.clone())
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(std::time::Duration::from_secs(300))
            .build()
            .unwrap();
        Self { window: Rc::new(Window { client, base: base.to_owned(), cookies }) }
    }

    /// Opens an address as if it was typed in, or came by mail.
    #[track_caller]
    pub fn open(&self, path: &str) -> Page {
        let request = self.request("GET", path).header("sec-fetch-site", "none");
        self.follow(path, request)
    }

    /// Follows a link of the page at `from`.
    #[track_caller]
    pub(super) fn click(&self, from: &str, path: &str) -> Page {
        let request = self.request("GET", path).header("sec-fetch-site", "same-origin");
        self.follow(path, request.header(REFERER, self.absolute(from)))
    }

    /// Sends a form of the page at `from`.
    #[track_caller]
    pub(super) fn send_form(&self, from: &str, action: &str, body: String) -> Page {
        let request = self
            .request("POST", action)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header(ORIGIN, &self.window.base)
            .header(REFERER, self.absolute(from))
            .body(body);
        self.follow(action, request)
    }

    /// The cookies it would send, as `name=value`.
    pub fn cookies(&self) -> String {
        let url = self.window.base.parse().unwrap();
        let cookies = self.window.cookies.cookies(&url);
        cookies.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    /// Puts a cookie into it, as somebody does who found one.
    pub fn set_cookie(&self, cookie: &str) {
        self.window.cookies.add_cookie_str(cookie, &self.window.base.parse().unwrap());
    }

    /// A request with this browser's cookies, to be completed and given to `send`.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.window
            .client
            .request(method.parse().unwrap(), self.absolute(path))
            .header(ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")
    }

    /// Sends a request and follows nothing.
    #[track_caller]
    pub fn send(&self, request: RequestBuilder) -> Answer {
        Answer::of(request.send().unwrap())
    }

    #[track_caller]
    fn follow(&self, path: &str, request: RequestBuilder) -> Page {
        let mut path = self.path_of(path);
        let mut answer = self.send(request);
        let mut redirects = 0;
        while matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
            redirects += 1;
            assert!(redirects < 10, "redirects without end, at {path}");
            path = self.path_of(answer.header(LOCATION.as_str()));
            answer = self.send(self.request("GET", &path));
        }
        Page::new(self.clone(), path, answer)
    }

    fn absolute(&self, path: &str) -> String {
        if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.window.base)
        }
    }

    /// The path of an address of this installation.
    #[track_caller]
    fn path_of(&self, address: &str) -> String {
        let path = address.strip_prefix(&self.window.base).unwrap_or(address);
        assert!(path.starts_with('/') && !path.starts_with("//"), "leads elsewhere: {address}");
        path.to_owned()
    }
}
