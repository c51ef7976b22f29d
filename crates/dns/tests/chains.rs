//! What a look-up makes of the chains that servers answer with.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use checksig_dns::{CanonicalName, ChainFault, Error, ErrorKind, Options, lookup_cname};
use support::{Links, Row, Server, lookup_every_way};

const EVERY: [Links; 3] = [Links::One, Links::All, Links::Reversed];

const ROWS: &[Row] = &[
    ("host.example.", "A", "192.0.2.1"),
    ("v6.example.", "AAAA", "2001:db8::1"),
    ("www.example.", "CNAME", "host.example."),
    ("WWW6.Example.", "CNAME", "V6.EXAMPLE."),
    ("two.example.", "CNAME", "www.example."),
    ("txt.example.", "TXT", "text"),
    ("to-txt.example.", "CNAME", "txt.example."),
    ("dangling.example.", "CNAME", "gone.example."),
    ("far.example.", "CNAME", "dangling.example."),
    ("self.example.", "CNAME", "Self.example."),
    ("a.loop.example.", "CNAME", "b.loop.example."),
    ("b.loop.example.", "CNAME", "a.loop.example."),
    ("into.loop.example.", "CNAME", "b.loop.example."),
    ("_dmarc.under_score.example.", "CNAME", "host.example."),
    ("to-odd.example.", "CNAME", "My\\032Printer.example."),
    ("My\\032Printer.example.", "A", "192.0.2.2"),
    ("foreign-only.example.", "FOREIGN", ""),
    ("to-servfail.example.", "CNAME", "servfail.example."),
    ("servfail.example.", "SERVFAIL", ""),
    ("xn--bcher-kva.example.", "A", "192.0.2.3"),
];

fn options(server: &Server) -> Options {
    Options {
        nameservers: vec![server.address],
        ..Options::default()
    }
}

fn lookup(server: &Server, name: &str) -> Result<CanonicalName, Error> {
    lookup_every_way(name, &options(server))
}

/// Asserts the chain of `name` with every kind of server; its last name is the result.
fn assert_chain(name: &str, chain: &[&str]) {
    for links in EVERY {
        let server = Server::start(links, ROWS);
        let found = lookup(&server, name).unwrap();
        assert_eq!(found.chain, chain, "{name}");
        assert_eq!(found.name(), *chain.last().unwrap(), "{name}");
        assert_eq!(found.server, Some(server.address), "{name}");
        assert!(!found.authenticated, "{name}");
    }
}

/// Asserts the message of the error for `name` with every kind of server.
fn assert_error(name: &str, message: &str) {
    for links in EVERY {
        let server = Server::start(links, ROWS);
        let expected = match message.contains("no such host") {
            true => message.to_owned(),
            false => format!("{message}, server {}", server.address),
        };
        assert_eq!(lookup(&server, name).unwrap_err().to_string(), expected);
    }
}

/// `n0.example. CNAME n1.example.` and so on; the last has an address.
fn long_chain(links: usize) -> Vec<Row> {
    let name = |i: usize| -> &'static str { format!("n{i}.example.").leak() };
    let mut rows: Vec<Row> = (0..links)
        .map(|i| (name(i), "CNAME", name(i + 1)))
        .collect();
    rows.push((name(links), "A", "192.0.2.1"));
    rows
}

#[test]
fn a_name_without_cname_is_its_own() {
    assert_chain("host.example", &["host.example."]);
    assert_chain("host.example.", &["host.example."]);
}

#[test]
fn aaaa_is_an_address_too() {
    assert_chain("v6.example", &["v6.example."]);
}

#[test]
fn one_link() {
    assert_chain("www.example", &["www.example.", "host.example."]);
}

#[test]
fn two_links() {
    assert_chain(
        "two.example",
        &["two.example.", "www.example.", "host.example."],
    );
}

#[test]
fn case_of_question_and_answer_does_not_matter() {
    assert_chain("HOST.Example", &["host.example."]);
    assert_chain("www6.EXAMPLE", &["www6.example.", "v6.example."]);
}

#[test]
fn odd_labels() {
    assert_chain(
        "_dmarc.under_score.example",
        &["_dmarc.under_score.example.", "host.example."],
    );
    assert_chain(
        "to-odd.example",
        &["to-odd.example.", "my\\032printer.example."],
    );
}

#[test]
fn unicode_names_are_converted() {
    assert_chain("Bücher.example", &["xn--bcher-kva.example."]);
}

#[test]
fn dangling_is_no_such_host_and_shows_the_target() {
    let nxdomain = "no such host (NXDOMAIN)";
    assert_error(
        "dangling.example",
        &format!("dangling.example.: {nxdomain} after dangling.example. -> gone.example."),
    );
    assert_error(
        "far.example",
        &format!(
            "far.example.: {nxdomain} after far.example. -> dangling.example. -> gone.example."
        ),
    );
    assert_error(
        "to-txt.example",
        "to-txt.example.: no such host (the name has no address) after \
         to-txt.example. -> txt.example.",
    );
}

#[test]
fn no_such_host() {
    assert_error("gone.example", "gone.example.: no such host (NXDOMAIN)");
}

#[test]
fn a_name_without_address() {
    assert_error(
        "txt.example",
        "txt.example.: no such host (the name has no address)",
    );
    // Exists because of the names below it.
    assert_error(
        "loop.example",
        "loop.example.: no such host (the name has no address)",
    );
}

#[test]
fn addresses_of_other_names_do_not_count() {
    assert_error(
        "foreign-only.example",
        "foreign-only.example.: no such host (the name has no address)",
    );
}

#[test]
fn loops() {
    assert_error(
        "self.example",
        "self.example.: CNAME chain is a loop after self.example. -> self.example.",
    );
    assert_error(
        "a.loop.example",
        "a.loop.example.: CNAME chain is a loop after \
         a.loop.example. -> b.loop.example. -> a.loop.example.",
    );
    assert_error(
        "into.loop.example",
        "into.loop.example.: CNAME chain is a loop after \
         into.loop.example. -> b.loop.example. -> a.loop.example. -> b.loop.example.",
    );
}

#[test]
fn an_error_after_a_link_shows_the_chain() {
    let server = Server::start(Links::One, ROWS);
    let error = lookup(&server, "to-servfail.example").unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "to-servfail.example.: the server failed (SERVFAIL) after \
             to-servfail.example. -> servfail.example., server {}",
            server.address
        )
    );
}

#[test]
fn sixteen_links_are_followed() {
    for links in EVERY {
        let server = Server::start(links, &long_chain(16));
        let found = lookup(&server, "n0.example").unwrap();
        assert_eq!(found.name(), "n16.example.");
        assert_eq!(found.chain.len(), 17);
    }
}

#[test]
fn seventeen_links_are_too_many() {
    for links in EVERY {
        let server = Server::start(links, &long_chain(17));
        let error = lookup(&server, "n0.example").unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("is too long (more than 16 records)"),
            "{message}"
        );
        let ErrorKind::CnameLoop(fault) = *error.kind else {
            panic!("{message}");
        };
        assert_eq!(fault, ChainFault::TooLong { max_hops: 16 });
        assert_eq!(error.chain.len(), 18);
    }
}

#[test]
fn the_limit_can_be_chosen() {
    let server = Server::start(Links::All, ROWS);
    let lookup_within = |max_hops, name: &str| {
        let options = Options {
            max_hops,
            ..options(&server)
        };
        lookup_cname(name.as_bytes(), &options)
    };
    assert!(lookup_within(0, "host.example").is_ok());
    assert!(lookup_within(0, "www.example").is_err());
    assert!(lookup_within(2, "two.example").is_ok());
    assert!(lookup_within(1, "two.example").is_err());
}

#[test]
fn two_cnames_give_the_same_result_in_any_order() {
    let mut rows = vec![
        ("host1.example.", "A", "192.0.2.1"),
        ("host2.example.", "A", "192.0.2.2"),
        ("www.example.", "CNAME", "host2.example."),
        ("www.example.", "CNAME", "host1.example."),
    ];
    for _ in 0..2 {
        rows.reverse();
        let server = Server::start(Links::All, &rows);
        assert_eq!(
            lookup(&server, "www.example").unwrap().name(),
            "host1.example."
        );
    }
}

#[test]
fn a_whole_chain_in_one_answer_takes_one_question() {
    let server = Server::start(Links::All, ROWS);
    lookup_cname(b"Two.example", &options(&server)).unwrap();
    assert_eq!(server.asked(), ["udp two.example. A"]);
}

#[test]
fn one_link_per_answer_takes_one_question_each() {
    let server = Server::start(Links::One, ROWS);
    lookup_cname(b"www6.example", &options(&server)).unwrap();
    assert_eq!(
        server.asked(),
        [
            "udp www6.example. A",
            "udp V6.EXAMPLE. A",
            "udp V6.EXAMPLE. AAAA"
        ]
    );
}
