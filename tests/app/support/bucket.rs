//! A bucket of a real S3-compatible store in a process of its own: PyPI's moto.

use super::settings::{consumers_python, root};
use overrule::config;
use reqwest::blocking::{Client, RequestBuilder};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the tests sign with; it must be in no word that anybody sees.
pub const SECRET: &str = "a-secret-that-nobody-may-see";

/// The store of this test process. It ends with it, for it reads a pipe that closes then.
struct Store {
    url: String,
    _child: Child,
}

fn store() -> &'static Store {
    static STORE: OnceLock<Store> = OnceLock::new();
    STORE.get_or_init(|| {
        let mut child = Command::new(consumers_python())
            .arg(root().join("tests/store/serve.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().expect("the store says where it listens").unwrap();
        let url = line.strip_prefix("listening on ").expect("its address").to_owned();
        Store { url, _child: child }
    })
}

/// A bucket of a test's own.
pub struct Bucket {
    name: String,
    client: Client,
}

impl Bucket {
    /// A new one, empty.
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("bucket-{}", COUNT.fetch_add(1, Ordering::SeqCst));
        let bucket = Self { name, client: Client::builder().no_proxy().build().unwrap() };
        assert!(bucket.send(bucket.client.put(bucket.at(""))).0);
        bucket
    }

    /// Where its store listens.
    pub fn endpoint(&self) -> &'static str {
        &store().url
    }

    /// What `store.url` says.
    pub fn url(&self) -> String {
        format!("s3://{}/overrule", self.name)
    }

    /// The settings that lead to it by `endpoint`.
    pub fn settings(&self, endpoint: &str) -> config::Store {
        config::Store {
            url: Some(self.url()),
            endpoint: Some(endpoint.to_owned()),
            region: None,
            access_key_id: Some("key".to_owned()),
            secret_access_key: Some(config::Secret(SECRET.to_owned())),
            timeout_seconds: 20,
        }
    }

    /// The same for a command.
    pub fn lead(&self, command: super::Command, endpoint: &str) -> super::Command {
        command
            .env("OVERRULE_STORE__URL", self.url())
            .env("OVERRULE_STORE__ENDPOINT", endpoint)
            .env("OVERRULE_STORE__ACCESS_KEY_ID", "key")
            .env("OVERRULE_STORE__SECRET_ACCESS_KEY", SECRET)
    }

    /// Every name in it, in order, each once.
    pub fn names(&self) -> Vec<String> {
        let mut names = self.listed("list-type=2", "Key");
        names.sort();
        names
    }

    /// Files that were begun in parts and are not whole.
    pub fn uploads(&self) -> Vec<String> {
        self.listed("uploads", "UploadId")
    }

    /// What is there under a name.
    #[track_caller]
    pub fn get(&self, name: &str) -> Vec<u8> {
        let (is_there, bytes) = self.send(self.client.get(self.at(name)));
        assert!(is_there, "{name} is not there");
        bytes
    }

    /// Puts something there, or over what is there.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        assert!(self.send(self.client.put(self.at(name)).body(bytes.to_vec())).0);
    }

    /// Removes what is there under a name.
    pub fn remove(&self, name: &str) {
        assert!(self.send(self.client.delete(self.at(name))).0);
    }

    fn at(&self, name: &str) -> String {
        format!("{}/{}/{name}", store().url, self.name)
    }

    fn listed(&self, query: &str, tag: &str) -> Vec<String> {
        let (_, bytes) = self.send(self.client.get(format!("{}?{query}", self.at(""))));
        let text = String::from_utf8(bytes).unwrap();
        let tag = format!("<{tag}>");
        let parts = text.split(tag.as_str()).skip(1);
        parts.map(|part| part.split("</").next().unwrap().to_owned()).collect()
    }

    fn send(&self, request: RequestBuilder) -> (bool, Vec<u8>) {
        // Whoever signs may do all; the signature isn't looked at.
        let signed = "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, \
                      SignedHeaders=host, Signature=0";
        let answer = request.header("authorization", signed).send().unwrap();
        (answer.status().is_success(), answer.bytes().unwrap().to_vec())
    }
}

/// A store that lets nobody in; serves until the test process ends. Gives its address.
pub fn refusing_store() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            std::thread::spawn(move || refuse(client.unwrap()));
        }
    });
    address
}

fn refuse(client: TcpStream) {
    let mut from = BufReader::new(client.try_clone().unwrap());
    let (mut line, mut length, mut is_head) = (String::new(), 0, None);
    while from.read_line(&mut line).is_ok_and(|read| read > 2) {
        is_head.get_or_insert(line.starts_with("HEAD"));
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let _ = std::io::copy(&mut from.take(length), &mut std::io::sink());
    let body = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    let shown = if is_head == Some(true) { "" } else { body };
    let length = body.len();
    let head = "HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\nconnection: close";
    let _ = write!(&client, "{head}\r\ncontent-length: {length}\r\n\r\n{shown}");
}
