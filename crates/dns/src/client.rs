//! One question to the servers, in their order, until one answers.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use trust_dns_resolver::net::NetError;
use trust_dns_resolver::net::tcp::TcpClientStream;
use trust_dns_resolver::net::udp::UdpClientStream;
use trust_dns_resolver::net::xfer::{DnsExchange, DnsHandle, FirstAnswer};
use trust_dns_resolver::proto::op::{DnsRequestOptions, DnsResponse, Query, ResponseCode};
use trust_dns_resolver::proto::rr::{DNSClass, Name, Record, RecordType};

use crate::options::Options;
use crate::udp::Provider;

/// The most that one attempt at one server waits. Hickory adds it to the time of day
/// without looking for overflow.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What a server says about a name and a type.
pub(crate) struct Answer {
    pub(crate) records: Vec<Record>,
    /// The name does not exist, with this type or any other.
    pub(crate) no_such_name: bool,
}

/// Why no server gave an answer.
pub(crate) enum Failure {
    ServFail,
    Refused,
    Timeout,
    Protocol(String),
    Io(io::Error),
}

impl Failure {
    /// How much it tells: a server's word more than the network's, and that more
    /// than silence.
    fn rank(&self) -> u8 {
        match self {
            Self::Timeout => 0,
            Self::Io(_) => 1,
            Self::ServFail | Self::Refused | Self::Protocol(_) => 2,
        }
    }

    /// The one that tells more; of two that tell as much, the earlier.
    fn or(self, later: Self) -> Self {
        if later.rank() > self.rank() {
            later
        } else {
            self
        }
    }
}

/// The servers of one look-up.
///
/// Hickory's connections are used without its `Resolver`, which follows chains itself
/// (eight hops), caches, answers some names without asking, chooses among servers by
/// measured time, and loses the error of a server that cannot be reached.
pub(crate) struct Client {
    servers: Vec<Server>,
    attempts: usize,
    patience: Duration,
}

impl Client {
    /// Must be called on the runtime that the questions are asked on.
    pub(crate) fn new(nameservers: &[SocketAddr], options: &Options) -> Self {
        let attempts = options.attempts.max(1);
        let tries = attempts.saturating_mul(nameservers.len().max(1));
        let share = options.timeout / u32::try_from(tries).unwrap_or(u32::MAX);
        let patience = share.min(LONGEST);
        let servers = nameservers.iter();
        Self {
            servers: servers.map(|at| Server::new(*at, patience)).collect(),
            attempts,
            patience,
        }
    }

    /// Asks for the records of `name` with type `kind`.
    ///
    /// A failure sends the question on to the next server, and from the last to the
    /// first for the next attempt; an answer, also a negative one, ends it.
    pub(crate) async fn ask(&self, name: &Name, kind: RecordType) -> Result<Answer, Failure> {
        let mut failure = Failure::Timeout;
        for _ in 0..self.attempts {
            for server in &self.servers {
                let answer = tokio::time::timeout(self.patience, server.ask(name, kind));
                match answer.await.unwrap_or(Err(Failure::Timeout)) {
                    Ok(answer) => return Ok(answer),
                    Err(later) => failure = failure.or(later),
                }
            }
        }
        Err(failure)
    }
}

struct Server {
    address: SocketAddr,
    udp: DnsExchange<Provider>,
    /// The background tasks of all connections stop when the last clone of this goes.
    provider: Provider,
    patience: Duration,
}

impl Server {
    fn new(address: SocketAddr, patience: Duration) -> Self {
        let provider = Provider::default();
        let udp = UdpClientStream::builder(address, provider.clone())
            .with_timeout(Some(patience))
            // A forked child has its parent's random state and would draw the same
            // ports; the kernel's choice differs.
            .with_os_port_selection(true)
            .exchange();
        Self {
            address,
            udp,
            provider,
            patience,
        }
    }

    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Answer, Failure> {
        match self.send(Query::query(name.clone(), kind)).await {
            Ok(response) => answer(response),
            Err(error) => Err(self.failure(error)),
        }
    }

    /// Sends over UDP, and over TCP what UDP has truncated.
    async fn send(&self, query: Query) -> Result<DnsResponse, NetError> {
        let options = DnsRequestOptions::default();
        let response = self.udp.lookup(query.clone(), options).first_answer();
        let response = response.await?;
        if !response.truncation {
            return Ok(response);
        }
        let provider = self.provider.clone();
        let tcp = TcpClientStream::exchange(self.address, None, self.patience, None, provider);
        let response = tcp.await?.lookup(query, options).first_answer().await?;
        if response.truncation {
            return Err(NetError::Truncated);
        }
        Ok(response)
    }

    fn failure(&self, error: NetError) -> Failure {
        let server = self.address;
        match error {
            NetError::Timeout => Failure::Timeout,
            NetError::Io(e) => Failure::Io(io::Error::new(e.kind(), format!("{server}: {e}"))),
            other => Failure::Protocol(format!("{server}: {other}")),
        }
    }
}

fn answer(response: DnsResponse) -> Result<Answer, Failure> {
    match response.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => {}
        ResponseCode::ServFail => return Err(Failure::ServFail),
        ResponseCode::Refused => return Err(Failure::Refused),
        code => {
            let detail = format!("response code {}: {code}", u16::from(code));
            return Err(Failure::Protocol(detail));
        }
    }
    let no_such_name = response.response_code == ResponseCode::NXDomain;
    let mut records = response.into_message().answers;
    records.retain(|record| record.dns_class == DNSClass::IN);
    Ok(Answer {
        records,
        no_such_name,
    })
}
