//! A plain TCP balancer: each connection goes to the next server that answers. It can also hold
//! everything back, as a network that hangs, and break off in the middle.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A balancer on a port of its own. It serves until the test process ends.
pub struct Balancer {
    address: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    servers: Mutex<Vec<String>>,
    next: AtomicUsize,
    hangs: AtomicBool,
    /// Bytes that still get through, and whether it hangs then; none: all get through.
    left: Mutex<Option<(usize, bool)>>,
}

impl Balancer {
    /// Balances between servers at these addresses (`127.0.0.1:80`, or such a URL's).
    pub fn start(servers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared: Arc<Shared> = Arc::default();
        let all = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, shared) = (client.unwrap(), all.clone());
                thread::spawn(move || connect(client, &shared));
            }
        });
        let balancer = Self { address, shared };
        balancer.balance(servers);
        balancer
    }

    /// Where it listens: `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// `http://` and where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on new connections go to these.
    pub fn balance(&self, servers: &[&str]) {
        let servers = servers.iter().map(|url| url.trim_start_matches("http://").to_owned());
        *self.shared.servers.lock().unwrap() = servers.collect();
    }

    /// Whether nothing gets through for now, on any connection, and nothing is refused.
    pub fn hang(&self, hangs: bool) {
        *self.shared.left.lock().unwrap() = None;
        self.shared.hangs.store(hangs, Ordering::SeqCst);
    }

    /// After so many more bytes, either way, nothing gets through any more.
    pub fn hang_after(&self, bytes: usize) {
        *self.shared.left.lock().unwrap() = Some((bytes, true));
    }

    /// After so many more bytes, either way, every connection breaks off, and new ones do at once;
    /// none: all gets through again.
    pub fn cut_after(&self, bytes: Option<usize>) {
        *self.shared.left.lock().unwrap() = bytes.map(|bytes| (bytes, false));
    }
}

impl Shared {
    /// Whether so many bytes may still pass, perhaps later.
    fn takes(&self, bytes: usize) -> bool {
        let mut left = self.left.lock().unwrap();
        let Some((left, hangs)) = &mut *left else { return true };
        let takes = *left >= bytes;
        *left = left.saturating_sub(bytes);
        if !takes && *hangs {
            self.hangs.store(true, Ordering::SeqCst);
        }
        takes || *hangs
    }
}

fn connect(client: TcpStream, shared: &Arc<Shared>) {
    let servers = shared.servers.lock().unwrap().clone();
    let first = shared.next.fetch_add(1, Ordering::SeqCst);
    let server = (0..servers.len())
        .find_map(|n| TcpStream::connect(&servers[(first + n) % servers.len()]).ok());
    let Some(server) = server else { return };
    let (other_client, other_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let other_shared = shared.clone();
    thread::spawn(move || pass(other_server, other_client, &other_shared));
    pass(client, server, shared);
}

/// Passes on what comes until either side is gone; then both are.
fn pass(mut from: TcpStream, mut to: TcpStream, shared: &Shared) {
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        let takes = shared.takes(read);
        while shared.hangs.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(5));
        }
        if read == 0 || !takes || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}
