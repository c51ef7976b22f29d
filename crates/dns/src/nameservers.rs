//! The servers to ask, as a caller or a file writes them.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

use crate::error::{Error, ErrorKind, shown};

/// The port of the DNS.
pub(crate) const PORT: u16 = 53;

/// Reads a list of server addresses, separated by commas, white space or both.
///
/// An item is an address with or without a port: `192.0.2.1`, `192.0.2.1:5353`,
/// `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:5353`. An IPv6 address may have the
/// zone it belongs to (RFC 4007), by an interface's name or number: `fe80::1%eth0`. The
/// port is 53 unless given. Order and repetitions are kept. A text without items gives an
/// empty list, which [`Options`](crate::Options) takes for the system's servers. Host
/// names, port 0 and zones that do not exist are errors that name the item.
pub fn parse_nameservers(text: &str) -> Result<Vec<SocketAddr>, Error> {
    text.split(|c: char| c == ',' || c.is_whitespace())
        .filter(|item| !item.is_empty())
        .map(|item| {
            let bad = |reason| ErrorKind::BadNameserver {
                item: shown(item),
                reason,
            };
            server(item).map_err(|reason| bad(reason).into())
        })
        .collect()
}

fn server(item: &str) -> Result<SocketAddr, &'static str> {
    let (host, port) = host_and_port(item)?;
    let (address, zone) = match host.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (host, None),
    };
    let address = address.parse().map_err(|_| NO_ADDRESS)?;
    match (address, zone) {
        (IpAddr::V6(address), Some(zone)) => scoped(address, port, zone),
        (IpAddr::V4(_), Some(_)) => Err("a zone of an IPv4 address"),
        (address, None) => Ok(SocketAddr::new(address, port)),
    }
}

const NO_ADDRESS: &str = "not an IP address with an optional port";

/// What stands before the port, without brackets, and the port.
fn host_and_port(item: &str) -> Result<(&str, u16), &'static str> {
    if let Some(rest) = item.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(NO_ADDRESS)?;
        if !host.contains(':') {
            return Err(NO_ADDRESS);
        }
        return match rest.strip_prefix(':') {
            Some(digits) => Ok((host, port(digits)?)),
            None if rest.is_empty() => Ok((host, PORT)),
            None => Err(NO_ADDRESS),
        };
    }
    match item.split_once(':') {
        Some((host, digits)) if !digits.contains(':') => Ok((host, port(digits)?)),
        _ => Ok((item, PORT)),
    }
}

fn port(digits: &str) -> Result<u16, &'static str> {
    // `parse` takes a sign.
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse() {
        Ok(0) => Err("port 0"),
        Ok(port) if plain => Ok(port),
        _ => Err(NO_ADDRESS),
    }
}

/// An address in a zone, which is an interface's number or name.
pub(crate) fn scoped(address: Ipv6Addr, port: u16, zone: &str) -> Result<SocketAddr, &'static str> {
    let index = match zone.parse() {
        Ok(0) | Err(_) => interface_index(zone).ok_or("no such network interface")?,
        Ok(index) => index,
    };
    Ok(SocketAddrV6::new(address, port, 0, index).into())
}

/// The number of a network interface.
#[cfg(target_os = "linux")]
fn interface_index(name: &str) -> Option<u32> {
    use rustix::net::{AddressFamily, SocketType, netdevice, socket};

    let socket = socket(AddressFamily::INET, SocketType::DGRAM, None).ok()?;
    netdevice::name_to_index(socket, name).ok()
}

/// Elsewhere than on Linux a zone is given by its number.
#[cfg(not(target_os = "linux"))]
fn interface_index(_name: &str) -> Option<u32> {
    None
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
            ("192.0.2.1:+53", Err("\"192.0.2.1:+53\"")),
            ("192.0.2.1%lo", Err("\"192.0.2.1%lo\": a zone")),
            (
                "fe80::1%no-such",
                Err("\"fe80::1%no-such\": no such network interface"),
            ),
            (
                "[fe80::1%]:53",
                Err("\"[fe80::1%]:53\": no such network interface"),
            ),
            ("fe80::1%3", Ok(&["[fe80::1%3]:53"])),
            ("[fe80::1%2]:5353", Ok(&["[fe80::1%2]:5353"])),
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
