//! The servers to ask: as a caller writes them, and as the system has them.

use std::io;
use std::net::{IpAddr, SocketAddr};

use trust_dns_resolver::net::NetError;
use trust_dns_resolver::system_conf::read_system_conf;

use crate::error::{Error, shown};

/// The port of the DNS.
const PORT: u16 = 53;

/// Reads a list of server addresses, separated by commas, white space or both.
///
/// An item is an address with or without a port: `192.0.2.1`, `192.0.2.1:5353`,
/// `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:5353`. The port is 53 unless given.
/// Order and repetitions are kept. A text without items gives an empty list, which
/// [`Options`](crate::Options) takes for the system's servers. Host names, port 0 and
/// scoped addresses (`fe80::1%eth0`) are errors that name the item.
pub fn parse_nameservers(text: &str) -> Result<Vec<SocketAddr>, Error> {
    text.split(|c: char| c == ',' || c.is_whitespace())
        .filter(|item| !item.is_empty())
        .map(|item| {
            server(item).map_err(|reason| Error::BadNameserver {
                item: shown(item),
                reason,
            })
        })
        .collect()
}

fn server(item: &str) -> Result<SocketAddr, &'static str> {
    if item.contains('%') {
        return Err("scoped addresses are not supported");
    }
    if let Ok(server) = item.parse::<SocketAddr>() {
        return match server.port() {
            0 => Err("port 0"),
            _ => Ok(server),
        };
    }
    if let Ok(ip) = item.parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, PORT));
    }
    // Brackets without a port.
    format!("{item}:{PORT}")
        .parse()
        .map_err(|_| "not an IP address with an optional port")
}

/// The servers of `/etc/resolv.conf`.
///
/// A missing file, and one without a usable `nameserver` line, is an error. The C
/// library falls back to 127.0.0.1 there; a look-up that times out because nothing
/// listens there would hide that the configuration is what is wrong.
pub(crate) fn system() -> io::Result<Vec<SocketAddr>> {
    let (config, _) = read_system_conf().map_err(io_error)?;
    let servers = config.name_servers().iter();
    Ok(servers.map(|s| SocketAddr::new(s.ip, PORT)).collect())
}

fn io_error(error: NetError) -> io::Error {
    match error {
        NetError::Io(inner) => io::Error::new(inner.kind(), inner.to_string()),
        other => io::Error::other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_nameservers;

    #[test]
    fn lists_accepted_and_rejected() {
        let table: &[(&str, Result<&[&str], &str>)] = &[
            ("", Ok(&[])),
            (" ,\t\n", Ok(&[])),
            ("192.0.2.1", Ok(&["192.0.2.1:53"])),
            ("192.0.2.1:5353", Ok(&["192.0.2.1:5353"])),
            ("2001:db8::1", Ok(&["[2001:db8::1]:53"])),
            ("[2001:db8::1]", Ok(&["[2001:db8::1]:53"])),
            ("[2001:db8::1]:53", Ok(&["[2001:db8::1]:53"])),
            ("192.0.2.1,192.0.2.2", Ok(&["192.0.2.1:53", "192.0.2.2:53"])),
            (
                " 192.0.2.2 , ::1\n192.0.2.2:1,",
                Ok(&["192.0.2.2:53", "[::1]:53", "192.0.2.2:1"]),
            ),
            ("dns.example", Err("\"dns.example\"")),
            ("192.0.2.1;192.0.2.2", Err("\"192.0.2.1;192.0.2.2\"")),
            ("192.0.2.1, 192.0.2.256", Err("\"192.0.2.256\"")),
            ("192.0.2.1:0", Err("\"192.0.2.1:0\": port 0")),
            ("192.0.2.1:65536", Err("\"192.0.2.1:65536\"")),
            ("192.0.2.1:", Err("\"192.0.2.1:\"")),
            ("[192.0.2.1]", Err("\"[192.0.2.1]\"")),
            ("192.0.2.1#53", Err("\"192.0.2.1#53\"")),
            (":53", Err("\":53\"")),
            ("[::1", Err("\"[::1\"")),
            ("fe80::1%eth0", Err("\"fe80::1%eth0\": scoped")),
            ("[fe80::1%2]:53", Err("\"[fe80::1%2]:53\": scoped")),
        ];
        for (given, expected) in table {
            let found = parse_nameservers(given);
            match expected {
                Ok(servers) => {
                    let found: Vec<_> = found.unwrap().iter().map(ToString::to_string).collect();
                    assert_eq!(found, *servers, "{given:?}");
                }
                Err(part) => {
                    let message = found.expect_err(given).to_string();
                    assert!(message.contains(part), "{given:?}: {message}");
                }
            }
        }
    }
}
