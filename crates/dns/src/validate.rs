//! DNSSEC: answers validated by hickory, asked for by the resolver.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::stream::{self, Stream, StreamExt};
use trust_dns_resolver::net::runtime::TokioRuntimeProvider;
use trust_dns_resolver::net::xfer::DnsHandle;
use trust_dns_resolver::net::{DnsError, NetError, dnssec::DnssecDnsHandle};
use trust_dns_resolver::proto::dnssec::{Proof, TrustAnchors};
use trust_dns_resolver::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Query};
use trust_dns_resolver::proto::rr::{Name, RData, Record, RecordType};
use trust_dns_resolver::proto::serialize::binary::{BinDecodable, BinDecoder};

use crate::error::ErrorKind;
use crate::message;
use crate::resolver::Resolver;
use crate::walk::{Answer, Failure};

/// How many sets of keys are kept at the most.
const MOST_KEYS: usize = 10_000;

/// Asks for one look-up, and validates each answer.
pub(crate) struct Validator {
    handle: DnssecDnsHandle<Handle>,
    inner: Handle,
}

impl Validator {
    pub(crate) fn new(resolver: Resolver, anchors: Arc<TrustAnchors>, deadline: Instant) -> Self {
        let inner = Handle {
            resolver,
            deadline,
            notes: Arc::default(),
        };
        Self {
            handle: DnssecDnsHandle::with_trust_anchor(inner.clone(), anchors),
            inner,
        }
    }

    /// Asks, as the resolver does; what is bogus is a failure.
    pub(crate) async fn ask(&self, name: &Name, kind: RecordType) -> Result<Answer, Failure> {
        self.inner.note(Notes::default());
        let query = Query::query(name.clone(), kind);
        let mut replies = self.handle.lookup(query, DnsRequestOptions::default());
        let reply = replies.next().await.unwrap_or(Err(NetError::Timeout));
        let (response, proven) = match reply {
            Ok(response) => (response, Ok(())),
            Err(NetError::Dns(DnsError::Nsec {
                response, proof, ..
            })) => (*response, Err(proof)),
            Err(error) => return Err(self.failure(error.to_string())),
        };
        let message = response.into_message();
        let relevant =
            |r: &&Record| r.record_type() == kind || r.record_type() == RecordType::CNAME;
        let proofs: Vec<Proof> = message
            .answers
            .iter()
            .filter(relevant)
            .map(|record| proof(record, &message.answers))
            .collect();
        // What an answer with links does not have is asked for at their end.
        let absent = match proven {
            Err(proof) if proofs.is_empty() => Some(proof),
            _ => None,
        };
        let worst = proofs.into_iter().chain(absent).min_by_key(rank);
        match worst {
            Some(Proof::Bogus) => Err(self.failure("no valid signature".to_owned())),
            worst => {
                let secure = worst.is_none_or(|proof| proof.is_secure());
                let server = self.inner.server().unwrap_or(NO_SERVER);
                Ok(message::answer(message, server, secure))
            }
        }
    }

    /// That a question on the way failed, or else that the answer is bogus.
    fn failure(&self, reason: String) -> Failure {
        let server = self.inner.server();
        let failed = self.inner.notes().failure.take();
        failed.unwrap_or(Failure {
            kind: ErrorKind::DnssecBogus(Cow::Owned(reason)),
            server,
        })
    }
}

/// Stands where no server is known, which cannot be after an answer.
const NO_SERVER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

fn rank(proof: &Proof) -> u8 {
    match proof {
        Proof::Bogus => 0,
        Proof::Indeterminate => 1,
        Proof::Insecure => 2,
        Proof::Secure => 3,
    }
}

/// What is proven of a record. A CNAME that a server has made of a DNAME has no
/// signature of its own (RFC 6672, 5.3.1): it is as good as the DNAME.
fn proof(record: &Record, answers: &[Record]) -> Proof {
    let RData::CNAME(target) = &record.data else {
        return record.proof;
    };
    let maker = answers.iter().find(|dname| {
        dname.record_type() == RecordType::DNAME
            && renamed(&record.name, dname).is_some_and(|name| name == target.0)
    });
    match maker {
        Some(dname) if !record.proof.is_secure() => dname.proof,
        _ => record.proof,
    }
}

/// The name that a DNAME makes of one below its owner.
fn renamed(name: &Name, dname: &Record) -> Option<Name> {
    let RData::Unknown { rdata, .. } = &dname.data else {
        return None;
    };
    let target = Name::read(&mut BinDecoder::new(&rdata.anything)).ok()?;
    if !dname.name.zone_of(name) || dname.name == *name {
        return None;
    }
    let kept = usize::from(name.num_labels() - dname.name.num_labels());
    let labels: Vec<&[u8]> = name.iter().take(kept).collect();
    Name::from_labels(labels).ok()?.append_domain(&target).ok()
}

/// What the questions of one answer have met.
#[derive(Default)]
struct Notes {
    /// Who answered the first of them, which is the look-up's own.
    server: Option<SocketAddr>,
    failure: Option<Failure>,
}

/// The resolver as hickory's validator asks it.
#[derive(Clone)]
struct Handle {
    resolver: Resolver,
    deadline: Instant,
    notes: Arc<Mutex<Notes>>,
}

impl Handle {
    fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, notes: Notes) {
        *self.notes() = notes;
    }

    fn server(&self) -> Option<SocketAddr> {
        self.notes().server
    }

    async fn ask(self, query: Query) -> Result<DnsResponse, NetError> {
        let (name, kind) = (query.name(), query.query_type());
        let keys = self.resolver.keys();
        if let Some(response) = keys.get(name, kind) {
            return Ok(response);
        }
        match self.resolver.ask(name, kind, self.deadline).await {
            Ok((message, server)) => {
                self.notes().server.get_or_insert(server);
                let response = DnsResponse::from_message(message)?;
                keys.put(name, kind, &response);
                Ok(response)
            }
            Err(failure) => {
                let text = failure.kind.to_string();
                let mut notes = self.notes();
                notes.server = notes.server.or(failure.server);
                notes.failure.get_or_insert(failure);
                Err(NetError::from(text))
            }
        }
    }
}

impl DnsHandle for Handle {
    type Response = Pin<Box<dyn Stream<Item = Result<DnsResponse, NetError>> + Send>>;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        let handle = self.clone();
        let query = request.queries.first().cloned().unwrap_or_default();
        Box::pin(stream::once(handle.ask(query)))
    }
}

/// The keys of zones, which many look-ups need.
#[derive(Default)]
pub(crate) struct Keys(Mutex<HashMap<(Name, RecordType), (Instant, DnsResponse)>>);

impl Keys {
    fn get(&self, name: &Name, kind: RecordType) -> Option<DnsResponse> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, response) = keys.get(&(name.clone(), kind))?;
        (*until > Instant::now()).then(|| response.clone())
    }

    /// Keeps keys for as long as their records say.
    fn put(&self, name: &Name, kind: RecordType, response: &DnsResponse) {
        let seconds = response.answers.iter().map(|record| record.ttl).min();
        let Some(seconds) = seconds else { return };
        if !matches!(kind, RecordType::DNSKEY | RecordType::DS) {
            return;
        }
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MOST_KEYS {
            keys.clear();
        }
        // A day is the most that is believed.
        let until = Instant::now() + Duration::from_secs(seconds.min(86_400).into());
        keys.insert((name.clone(), kind), (until, response.clone()));
    }
}
