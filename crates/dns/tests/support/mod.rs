//! A name server on loopback that answers from a table, over UDP and TCP.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use checksig_dns::{Bulk, CanonicalName, Engine, Error, Options, lookup_cname};
use trust_dns_resolver::proto::op::{Message, ResponseCode};
use trust_dns_resolver::proto::rr::rdata::{A, AAAA, CNAME, TXT};
use trust_dns_resolver::proto::rr::{Name, RData, Record, RecordType};

/// One line of the table: owner, what it has, and its data.
///
/// Beside the types `A`, `AAAA`, `TXT` and `CNAME`, a name can have a behaviour:
/// `SERVFAIL`, `REFUSED` and `NOTIMP` are answered so; `SILENT` is not answered at all,
/// and `ONCE` only from the second question on; `TC` is truncated over UDP;
/// `GARBAGE` is answered with bytes that are no message;
/// `FOREIGN` adds the A record of another name to every answer.
/// `\032` in a name is a space.
pub type Row = (&'static str, &'static str, &'static str);

/// How much of a CNAME chain an answer has.
#[derive(Clone, Copy, PartialEq)]
pub enum Links {
    /// The first link alone, as from a server that has nothing else.
    One,
    /// All of them and the addresses, as from a recursive server.
    All,
    /// The same, last record first.
    Reversed,
}

pub struct Server {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    rows: Vec<Row>,
    links: Links,
    asked: Mutex<Vec<String>>,
    stop: AtomicBool,
}

impl Server {
    pub fn start(links: Links, rows: &[Row]) -> Self {
        let (udp, tcp) = sockets();
        let address = udp.local_addr().unwrap();
        let shared = Arc::new(Shared {
            rows: rows.to_vec(),
            links,
            asked: Mutex::default(),
            stop: AtomicBool::new(false),
        });
        let (for_udp, for_tcp) = (shared.clone(), shared.clone());
        let threads = vec![
            thread::spawn(move || serve_udp(&udp, &for_udp)),
            thread::spawn(move || serve_tcp(&tcp, &for_tcp)),
        ];
        Self {
            address,
            shared,
            threads,
        }
    }

    /// The questions so far, like `udp www.example. A`.
    pub fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // Each thread looks at `stop` when something arrives.
        let waker = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        waker.send_to(&[], self.address).unwrap();
        TcpStream::connect(self.address).unwrap();
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

/// A UDP and a TCP socket with the same port.
fn sockets() -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        match TcpListener::bind(udp.local_addr().unwrap()) {
            Ok(tcp) => return (udp, tcp),
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => {}
            Err(e) => panic!("{e}"),
        }
    }
}

fn serve_udp(socket: &UdpSocket, shared: &Shared) {
    let mut buf = [0; 4096];
    loop {
        let (len, client) = match socket.recv_from(&mut buf) {
            Ok(received) => received,
            // A client that has gone away.
            Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => continue,
            Err(e) => panic!("{e}"),
        };
        if shared.stop.load(Ordering::SeqCst) {
            return;
        }
        if let Some(answer) = shared.answer("udp", &buf[..len]) {
            // The client may be gone by now.
            let _ = socket.send_to(&answer, client);
        }
    }
}

fn serve_tcp(listener: &TcpListener, shared: &Shared) {
    for stream in listener.incoming() {
        if shared.stop.load(Ordering::SeqCst) {
            return;
        }
        // The end of a connection shows as an error too.
        let _ = serve_stream(&mut stream.unwrap(), shared);
    }
}

fn serve_stream(stream: &mut TcpStream, shared: &Shared) -> io::Result<()> {
    loop {
        let mut len = [0; 2];
        stream.read_exact(&mut len)?;
        let mut question = vec![0; usize::from(u16::from_be_bytes(len))];
        stream.read_exact(&mut question)?;
        if let Some(answer) = shared.answer("tcp", &question) {
            let len = u16::try_from(answer.len()).unwrap();
            stream.write_all(&[&len.to_be_bytes()[..], &answer].concat())?;
        }
    }
}

impl Shared {
    fn answer(&self, transport: &str, question: &[u8]) -> Option<Vec<u8>> {
        let mut message = Message::from_vec(question).unwrap().into_response();
        let query = message.queries[0].clone();
        let (owner, kind) = (query.name().clone(), query.query_type());
        let line = format!("{transport} {owner} {kind}");
        let first_time = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(line.clone());
            asked.iter().filter(|l| **l == line).count() == 1
        };
        if self.has(&owner, "SILENT") || first_time && self.has(&owner, "ONCE") {
            return None;
        }
        if self.has(&owner, "GARBAGE") {
            return Some([&question[..2], b"garbage"].concat());
        }
        message.metadata.response_code = self.code(&owner);
        if transport == "udp" && self.has(&owner, "TC") {
            message.metadata.truncation = true;
        } else if message.metadata.response_code == ResponseCode::NoError {
            message.answers = self.records(&owner, kind);
        }
        Some(message.to_vec().unwrap())
    }

    fn rows_of<'a>(&'a self, owner: &Name) -> impl Iterator<Item = &'a Row> {
        let owner = owner.clone();
        self.rows.iter().filter(move |row| name(row.0) == owner)
    }

    fn has(&self, owner: &Name, what: &str) -> bool {
        self.rows_of(owner).any(|row| row.1 == what)
    }

    fn code(&self, owner: &Name) -> ResponseCode {
        if self.has(owner, "SERVFAIL") {
            ResponseCode::ServFail
        } else if self.has(owner, "REFUSED") {
            ResponseCode::Refused
        } else if self.has(owner, "NOTIMP") {
            ResponseCode::NotImp
        } else if self.rows.iter().any(|row| owner.zone_of(&name(row.0))) {
            // The name has rows, or names below it.
            ResponseCode::NoError
        } else {
            ResponseCode::NXDomain
        }
    }

    fn records(&self, owner: &Name, kind: RecordType) -> Vec<Record> {
        let mut records = Vec::new();
        let mut owner = owner.clone();
        loop {
            let targets = self.rows_of(&owner).filter(|row| row.1 == "CNAME");
            let targets: Vec<_> = targets.map(|row| row.2).collect();
            let Some(first) = targets.first() else { break };
            records.extend(targets.iter().map(|t| record(&owner, "CNAME", t)));
            owner = name(first);
            if self.links == Links::One || records.len() > self.rows.len() {
                break;
            }
        }
        if self.links != Links::One || records.is_empty() {
            let of_kind = self.rows_of(&owner).filter(|r| r.1 == kind.to_string());
            records.extend(of_kind.map(|(_, kind, data)| record(&owner, kind, data)));
        }
        if self.links == Links::Reversed {
            records.reverse();
        }
        if self.has(&owner, "FOREIGN") {
            records.push(record(&name("foreign.example."), "A", "192.0.2.9"));
        }
        records
    }
}

fn name(text: &str) -> Name {
    let labels = text.trim_end_matches('.').split('.');
    let labels = labels.map(|label| label.replace("\\032", " ").into_bytes());
    let mut name = Name::from_labels(labels.collect::<Vec<_>>()).unwrap();
    name.set_fqdn(true);
    name
}

fn record(owner: &Name, kind: &str, data: &str) -> Record {
    let data = match kind {
        "A" => RData::A(A(data.parse::<Ipv4Addr>().unwrap())),
        "AAAA" => RData::AAAA(AAAA(data.parse::<Ipv6Addr>().unwrap())),
        "TXT" => RData::TXT(TXT::new(vec![data.to_owned()])),
        "CNAME" => RData::CNAME(CNAME(name(data))),
        other => panic!("no record type: {other}"),
    };
    Record::from_rdata(owner.clone(), 60, data)
}

/// Looks a name up in every way that there is, and asserts that all agree.
pub fn lookup_every_way(name: &str, options: &Options) -> Result<CanonicalName, Error> {
    let alone = lookup_cname(name.as_bytes(), options);
    for engine in [Engine::Resolver, Engine::Fast] {
        let among_many = bulk_one(name, engine, options);
        match (&alone, among_many) {
            (Ok(alone), Ok(among_many)) => assert_eq!(alone, &among_many, "{engine:?}"),
            (Err(alone), Err(among_many)) => {
                assert_eq!(alone.to_string(), among_many.to_string(), "{engine:?}");
            }
            (alone, among_many) => panic!("{engine:?}: {alone:?}, {among_many:?}"),
        }
    }
    alone
}

fn bulk_one(name: &str, engine: Engine, options: &Options) -> Result<CanonicalName, Error> {
    let mut bulk = Bulk::new(&Options {
        engine,
        ..options.clone()
    })?;
    bulk.push(7, name.as_bytes());
    while bulk.in_flight() > 0 {
        if let Some((number, outcome)) = bulk.step(Duration::from_secs(1))?.pop() {
            assert_eq!(number, 7);
            return outcome;
        }
    }
    panic!("no result");
}
