//! The hosts file: names that need no server.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::kept::Kept;

/// Every name in a hosts file and its canonical name, sorted by name.
#[derive(Debug, Default)]
pub(crate) struct Hosts(Vec<(String, String)>);

impl Hosts {
    /// Reads a file in the form of hosts(5), unless it is as it was. One that does not exist
    /// has no names.
    pub(crate) fn read(path: &Path) -> io::Result<Arc<Self>> {
        static HOSTS: Kept<Hosts> = Kept::new();
        match HOSTS.read(path, |bytes| Self::parse(&String::from_utf8_lossy(bytes))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Arc::default()),
            read => read,
        }
    }

    /// A line is an address, the canonical name, and any number of aliases. The first
    /// line that has a name counts.
    fn parse(text: &str) -> Self {
        let mut names = Vec::new();
        for line in text.lines() {
            let line = line.split_once('#').map_or(line, |(line, _comment)| line);
            let mut words = line.split_ascii_whitespace();
            if !words.next().is_some_and(is_address) {
                continue;
            }
            let mut words = words.map(normal);
            let Some(canonical) = words.next() else {
                continue;
            };
            names.push((canonical.clone(), canonical.clone()));
            names.extend(words.map(|alias| (alias, canonical.clone())));
        }
        // Stable, so that of the same names the first stays.
        names.sort_by(|(a, _), (b, _)| a.cmp(b));
        names.dedup_by(|(later, _), (first, _)| later == first);
        Self(names)
    }

    /// The canonical name of a name in lower case, both without a trailing dot.
    ///
    /// `localhost` and all below it are their own, whatever the file has (RFC 6761, 6.3).
    pub(crate) fn canonical<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let local = || name == "localhost" || name.ends_with(".localhost");
        let place = self
            .0
            .binary_search_by(|(known, _)| known.as_str().cmp(name));
        let listed = place.ok().map(|place| self.0[place].1.as_str());
        listed.or_else(|| local().then_some(name))
    }
}

fn is_address(word: &str) -> bool {
    let address = word
        .split_once('%')
        .map_or(word, |(address, _zone)| address);
    address.parse::<std::net::IpAddr>().is_ok()
}

fn normal(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::Hosts;

    #[test]
    fn the_first_name_of_the_first_line_is_canonical() {
        let hosts = Hosts::parse(
            "# comment\n127.0.0.1 localhost\n\
             192.0.2.1\tWWW.Example.com. www # alias\r\n\
             192.0.2.2 other www\n::1 ip6-localhost localhost\n\
             fe80::1%lo scoped\nno-address name\n192.0.2.3\n# 192.0.2.4 hidden\n",
        );
        for (name, canonical) in [
            ("localhost", Some("localhost")),
            ("a.localhost", Some("a.localhost")),
            ("ip6-localhost", Some("ip6-localhost")),
            ("www", Some("www.example.com")),
            ("www.example.com", Some("www.example.com")),
            ("other", Some("other")),
            ("scoped", Some("scoped")),
            ("name", None),
            ("alias", None),
            ("hidden", None),
            ("notlocalhost", None),
        ] {
            assert_eq!(hosts.canonical(name), canonical, "{name}");
        }
    }
}
