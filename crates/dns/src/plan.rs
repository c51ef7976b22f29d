//! What a look-up needs to know, read once: options, and the system's files.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use resolv_conf::{Config, ScopedIp};
use trust_dns_resolver::proto::dnssec::TrustAnchors;

use crate::error::{Error, ErrorKind};
use crate::hosts::Hosts;
use crate::kept::Kept;
use crate::name::HostName;
use crate::nameservers::{PORT, scoped};
use crate::options::{Engine, Options};

/// The C library's limits for what a configuration says.
const MOST_NDOTS: u32 = 15;
const MOST_ATTEMPTS: u32 = 5;
const MOST_SECONDS: u32 = 30;

/// No look-up takes longer: far beyond it, times can no longer be added.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Options and files, as look-ups use them.
pub(crate) struct Plan {
    /// May be empty: names that need no server are found nevertheless.
    pub(crate) servers: Vec<SocketAddr>,
    pub(crate) hosts: Arc<Hosts>,
    pub(crate) timeout: Duration,
    pub(crate) attempts: u32,
    pub(crate) max_hops: usize,
    /// Where validation starts, if answers are to be validated.
    pub(crate) anchors: Option<Arc<TrustAnchors>>,
    search: Vec<String>,
    ndots: usize,
    /// The most that the first attempt at a server waits.
    first_wait: Duration,
    /// Why there are no servers.
    resolv_conf: String,
    config_error: Option<(io::ErrorKind, String)>,
}

impl Plan {
    /// Reads what the options name.
    pub(crate) fn read(options: &Options) -> Result<Self, Error> {
        let system_servers = options.nameservers.is_empty();
        let config = if system_servers || options.search.is_none() {
            read_config(options)
        } else {
            Ok(Arc::new(Config::new()))
        };
        let (config, config_error) = match config {
            Ok(config) => (config, None),
            Err(error) => {
                let reason = (error.kind(), error.to_string());
                (Arc::new(Config::new()), Some(reason))
            }
        };
        let attempts = match options.attempts {
            Some(attempts) => u32::try_from(attempts).unwrap_or(u32::MAX),
            None if system_servers => config.attempts.min(MOST_ATTEMPTS),
            None => 2,
        };
        Ok(Self {
            servers: match system_servers {
                true => config.nameservers.iter().filter_map(server).collect(),
                false => options.nameservers.clone(),
            },
            hosts: hosts(options)?,
            timeout: options.timeout.min(LONGEST),
            attempts: attempts.max(1),
            max_hops: options.max_hops,
            anchors: anchors(options)?,
            search: match &options.search {
                Some(domains) => search_list(domains)?,
                None if system_servers => {
                    let domains: Vec<_> = config.get_last_search_or_domain().cloned().collect();
                    // What the file has and cannot be a domain is left out, as by others.
                    domains.iter().filter_map(|d| domain(d).ok()).collect()
                }
                None => Vec::new(),
            },
            ndots: config.ndots.min(MOST_NDOTS) as usize,
            first_wait: match system_servers {
                true => Duration::from_secs(config.timeout.clamp(1, MOST_SECONDS).into()),
                false => LONGEST,
            },
            resolv_conf: options.resolv_conf.display().to_string(),
            config_error,
        })
    }

    /// The domains to try a name in, one after the other; the empty one is the name as
    /// it stands.
    pub(crate) fn suffixes(&self, name: &HostName) -> impl Iterator<Item = &str> {
        let search: &[_] = if name.absolute { &[] } else { &self.search };
        let (first, last) = match search.is_empty() || name.dots() >= self.ndots {
            true => (Some(""), None),
            false => (None, Some("")),
        };
        let search = search.iter().map(String::as_str);
        first.into_iter().chain(search).chain(last)
    }

    /// How long an attempt waits for an answer. Each round doubles it, and all rounds
    /// at all servers together take the whole time.
    pub(crate) fn wait(&self, round: u32) -> Duration {
        let servers = self.servers.len().max(1) as f64;
        let total = servers * (2_f64.powi(self.attempts.min(64) as i32) - 1.0);
        let doubled = 2_f64.powi(round.min(63) as i32);
        self.timeout
            .mul_f64((doubled / total).min(1.0))
            .min(self.first_wait.saturating_mul(1 << round.min(16)))
    }

    /// Why nobody can be asked.
    pub(crate) fn no_servers(&self) -> ErrorKind {
        let (kind, reason) = self
            .config_error
            .clone()
            .unwrap_or((io::ErrorKind::NotFound, "no usable nameserver".to_owned()));
        ErrorKind::Config {
            what: format!("no nameserver to ask: {}", self.resolv_conf),
            source: io::Error::new(kind, reason),
        }
    }

    /// Whether an engine's fast path may be taken.
    pub(crate) fn is_fast(&self, options: &Options) -> Result<bool, Error> {
        let on_loopback = |server: &SocketAddr| server.ip().is_loopback();
        let is_safe = || options.concurrency == Some(1) || self.servers.iter().all(on_loopback);
        match options.engine {
            Engine::Resolver => Ok(false),
            Engine::Auto => Ok(self.anchors.is_none() && is_safe()),
            Engine::Fast if self.anchors.is_none() => Ok(true),
            Engine::Fast => Err(Error::bad_option(
                "engine",
                "the fast path does not validate",
            )),
        }
    }
}

/// The configuration of the file that the options name, read unless it is as it was.
fn read_config(options: &Options) -> io::Result<Arc<Config>> {
    static CONFIG: Kept<Config> = Kept::new();
    CONFIG.read(&options.resolv_conf, |bytes| {
        // What cannot be read is passed over, as the C library does.
        let (mut config, _errors) = Config::parse_with_errors(bytes);
        config.glibc_normalize();
        config
    })
}

fn server(ip: &ScopedIp) -> Option<SocketAddr> {
    match ip {
        ScopedIp::V6(address, Some(zone)) => scoped(*address, PORT, zone).ok(),
        ip => Some(SocketAddr::new(ip.into(), PORT)),
    }
}

fn hosts(options: &Options) -> Result<Arc<Hosts>, Error> {
    let Some(path) = &options.hosts else {
        return Ok(Arc::default());
    };
    let failed = |source| ErrorKind::Config {
        what: path.display().to_string(),
        source,
    };
    Ok(Hosts::read(path).map_err(failed)?)
}

fn anchors(options: &Options) -> Result<Option<Arc<TrustAnchors>>, Error> {
    if !options.validate {
        return Ok(None);
    }
    let Some(text) = &options.trust_anchor else {
        return Ok(Some(Arc::default()));
    };
    // The parser takes a text without any key for an empty list.
    if !text.to_ascii_uppercase().contains("DNSKEY") {
        return Err(Error::bad_option("trust anchor", "no DNSKEY record"));
    }
    match text.parse::<TrustAnchors>() {
        Ok(anchors) => Ok(Some(Arc::new(anchors))),
        Err(error) => Err(Error::bad_option("trust anchor", error.to_string())),
    }
}

fn search_list(domains: &[String]) -> Result<Vec<String>, Error> {
    let domains = domains.iter().map(|given| domain(given));
    domains.collect::<Result<_, _>>().map_err(Error::from)
}

fn domain(text: &str) -> Result<String, ErrorKind> {
    match text {
        "." => Ok(String::new()),
        text => HostName::parse(text.as_bytes()).map(|name| name.ascii),
    }
}
