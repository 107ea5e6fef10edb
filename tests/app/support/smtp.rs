//! A mail server of the tests' own: it speaks SMTP and keeps what it was given.

use super::{Letter, eventually};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A server on a port of its own. It serves until the test process ends.
pub struct Sink {
    url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    refuses: AtomicBool,
    talks: Mutex<Vec<Talk>>,
    refused: Mutex<usize>,
}

/// One mail as it came: the envelope and the bytes.
#[derive(Debug, Clone, Default)]
pub struct Talk {
    pub from: String,
    pub to: Vec<String>,
    pub data: Vec<u8>,
}

impl Sink {
    /// Starts one.
    pub fn start() -> Self {
        Self::at("127.0.0.1:0")
    }

    /// Starts one at an address.
    pub fn at(address: &str) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let shared: Arc<Shared> = Arc::default();
        let all = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, shared) = (stream.unwrap(), all.clone());
                // A client may go away in the middle of a sentence.
                std::thread::spawn(move || drop(talk(&stream, &shared)));
            }
        });
        Self { url, shared }
    }

    /// What `mail.smtp_url` is to be.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it sends everybody away for now.
    pub fn refuse(&self, refuses: bool) {
        self.shared.refuses.store(refuses, Ordering::SeqCst);
    }

    /// How many it sent away.
    pub fn refused(&self) -> usize {
        *self.shared.refused.lock().unwrap()
    }

    /// What was delivered so far.
    pub fn talks(&self) -> Vec<Talk> {
        self.shared.talks.lock().unwrap().clone()
    }

    /// The mail number `number`, from 1; waits until it is there.
    pub fn nth(&self, number: usize) -> (Talk, Letter) {
        let talk = eventually("a mail", || self.talks().get(number - 1).cloned());
        let letter = Letter::read(&talk.data);
        (talk, letter)
    }
}

fn talk(stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut input = BufReader::new(stream);
    let mut output = stream;
    let mut mail = Talk::default();
    output.write_all(b"220 sink.example ready\r\n")?;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let answer = match word.to_ascii_uppercase().as_str() {
            "EHLO" => "250-sink.example\r\n250 8BITMIME".to_owned(),
            "HELO" | "RSET" | "NOOP" => "250 well".to_owned(),
            "MAIL" if shared.refuses.load(Ordering::SeqCst) => {
                *shared.refused.lock().unwrap() += 1;
                "451 4.3.0 come back later".to_owned()
            }
            "MAIL" => {
                mail = Talk { from: address(rest), ..Talk::default() };
                "250 well".to_owned()
            }
            "RCPT" => {
                mail.to.push(address(rest));
                "250 well".to_owned()
            }
            "DATA" => {
                output.write_all(b"354 go on\r\n")?;
                mail.data = data(&mut input)?;
                shared.talks.lock().unwrap().push(std::mem::take(&mut mail));
                "250 taken".to_owned()
            }
            "QUIT" => {
                output.write_all(b"221 bye\r\n")?;
                return Ok(());
            }
            _ => "502 what?".to_owned(),
        };
        output.write_all(format!("{answer}\r\n").as_bytes())?;
    }
}

/// `FROM:<a@example.com> SIZE=7` is `a@example.com`.
fn address(text: &str) -> String {
    let start = text.find('<').map_or(0, |at| at + 1);
    let end = text.find('>').unwrap_or(text.len());
    text[start..end].to_owned()
}

/// The lines up to a dot, with the dots that were doubled on the way made single.
fn data(input: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 || line == b".\r\n" {
            return Ok(bytes);
        }
        bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
