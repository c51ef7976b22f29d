//! What a look-up makes of servers that fail, and of those beside them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use checksig_dns::{CanonicalName, Error, ErrorKind, Options, lookup_cname};
use support::{Links, Row, Server, lookup_every_way};

const ROWS: &[Row] = &[
    ("host.example.", "A", "192.0.2.1"),
    ("servfail.example.", "SERVFAIL", ""),
    ("refused.example.", "REFUSED", ""),
    ("notimp.example.", "NOTIMP", ""),
    ("garbage.example.", "GARBAGE", ""),
    ("silent.example.", "SILENT", ""),
    ("once.example.", "ONCE", ""),
    ("once.example.", "A", "192.0.2.1"),
    ("to-silent.example.", "CNAME", "silent.example."),
    ("large.example.", "TC", ""),
    ("large.example.", "CNAME", "host.example."),
];

fn lookup(nameservers: &[SocketAddr], name: &str) -> Result<CanonicalName, Error> {
    let options = Options {
        nameservers: nameservers.to_vec(),
        timeout: Duration::from_secs(2),
        ..Options::default()
    };
    lookup_every_way(name, &options)
}

/// Looks up once, where the questions count.
fn lookup_alone(nameserver: SocketAddr, name: &str) -> Result<CanonicalName, Error> {
    let options = Options {
        nameservers: vec![nameserver],
        ..Options::default()
    };
    lookup_cname(name.as_bytes(), &options)
}

/// An address where nothing listens.
fn dead_port() -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap()
}

#[test]
fn servfail() {
    let server = Server::start(Links::All, ROWS);
    let error = lookup(&[server.address], "servfail.example").unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::ServFail), "{error}");
    assert_eq!(
        error.to_string(),
        format!(
            "servfail.example.: the server failed (SERVFAIL), server {}",
            server.address
        )
    );
}

#[test]
fn refused() {
    let server = Server::start(Links::All, ROWS);
    let error = lookup(&[server.address], "refused.example").unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::Refused), "{error}");
    assert_eq!(
        error.to_string(),
        format!(
            "refused.example.: the server refused to answer (REFUSED), server {}",
            server.address
        )
    );
}

#[test]
fn another_response_code() {
    let server = Server::start(Links::All, ROWS);
    let error = lookup(&[server.address], "notimp.example").unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::Protocol { .. }), "{error}");
    assert!(error.to_string().contains("response code 4"), "{error}");
}

#[test]
fn what_is_no_message_is_passed_over() {
    let server = Server::start(Links::All, ROWS);
    let error = lookup(&[server.address], "garbage.example").unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::Timeout { .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains("only what is no DNS message"), "{message}");
    assert!(message.contains(&server.address.to_string()), "{message}");
}

#[test]
fn silence_ends_at_the_deadline() {
    let server = Server::start(Links::One, ROWS);
    for name in ["silent.example", "to-silent.example"] {
        let error = lookup(&[server.address], name).unwrap_err();
        let ErrorKind::Timeout { limit, .. } = *error.kind else {
            panic!("{error}");
        };
        assert_eq!(error.question, format!("{name}."));
        assert_eq!(error.chain.last().unwrap(), "silent.example.");
        assert_eq!(error.server, Some(server.address));
        assert_eq!(limit, Duration::from_secs(2));
    }
}

#[test]
fn no_time_at_all() {
    let server = Server::start(Links::One, ROWS);
    let options = Options {
        nameservers: vec![server.address],
        timeout: Duration::ZERO,
        ..Options::default()
    };
    let error = lookup_cname(b"silent.example", &options).unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::Timeout { .. }), "{error}");
}

#[test]
fn endless_time_and_no_attempts_still_ask_once() {
    let server = Server::start(Links::One, ROWS);
    let options = Options {
        nameservers: vec![server.address],
        timeout: Duration::MAX,
        attempts: Some(0),
        ..Options::default()
    };
    assert!(lookup_cname(b"host.example", &options).unwrap().name() != "");
}

#[test]
fn a_lost_packet_is_sent_again() {
    let server = Server::start(Links::One, ROWS);
    let found = lookup_alone(server.address, "once.example").unwrap();
    assert_eq!(found.name(), "once.example.");
    assert_eq!(
        server.asked(),
        ["udp once.example. A", "udp once.example. A"]
    );
}

#[test]
fn a_dead_port_is_told_from_silence() {
    let port = dead_port();
    let error = lookup(&[port], "host.example").unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::Io { .. }), "{error}");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}

#[test]
fn a_truncated_answer_is_fetched_over_tcp() {
    let server = Server::start(Links::All, ROWS);
    let found = lookup_alone(server.address, "large.example").unwrap();
    assert_eq!(found.name(), "host.example.");
    assert_eq!(
        server.asked(),
        ["udp large.example. A", "tcp large.example. A"]
    );
}

#[test]
fn the_next_server_is_asked_when_one_fails() {
    let good = Server::start(Links::All, &[("x.example.", "A", "192.0.2.1")]);
    for behaviour in ["SERVFAIL", "REFUSED", "NOTIMP", "GARBAGE", "SILENT"] {
        let bad = Server::start(Links::All, &[("x.example.", behaviour, "")]);
        let found = lookup(&[bad.address, good.address], "x.example");
        assert!(found.unwrap().name() != "", "{behaviour}");
    }
    let found = lookup(&[dead_port(), good.address], "x.example");
    assert!(found.unwrap().name() != "");
}

#[test]
fn the_first_server_that_answers_decides() {
    let first = Server::start(Links::All, &[("other.example.", "A", "192.0.2.1")]);
    let second = Server::start(Links::All, &[("x.example.", "A", "192.0.2.1")]);
    let servers = [first.address, second.address];
    let error = lookup(&servers, "x.example").unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::NxDomain), "{error}");
    assert!(second.asked().is_empty());
}

#[test]
fn an_answer_tells_more_than_silence() {
    let silent = Server::start(Links::All, &[("x.example.", "SILENT", "")]);
    let refusing = Server::start(Links::All, &[("x.example.", "REFUSED", "")]);
    for servers in [
        [silent.address, refusing.address],
        [refusing.address, silent.address],
    ] {
        let error = lookup(&servers, "x.example").unwrap_err();
        assert!(matches!(*error.kind, ErrorKind::Refused), "{error}");
    }
}

#[test]
fn a_bad_name_sends_nothing() {
    let server = Server::start(Links::All, ROWS);
    for name in [
        "",
        ".",
        "a..b",
        "a b",
        "192.0.2.1",
        "::1",
        "a*b",
        "a/b",
        "a:b",
        "a\0b",
    ] {
        let error = lookup(&[server.address], name).unwrap_err();
        assert!(matches!(*error.kind, ErrorKind::BadName { .. }), "{error}");
    }
    assert!(server.asked().is_empty());
}

#[test]
fn many_threads_at_once() {
    let server = Server::start(Links::All, ROWS);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..8 {
                    assert!(lookup(&[server.address], "host.example").unwrap().name() != "");
                }
            });
        }
    });
}

#[test]
fn a_thread_of_a_tokio_runtime_gets_an_error() {
    let server = Server::start(Links::All, ROWS);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let options = Options {
        nameservers: vec![server.address],
        ..Options::default()
    };
    let error = runtime.block_on(async { lookup_cname(b"host.example", &options) });
    let error = error.unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::Io { .. }), "{error}");
}
