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

/// How many questions deep a proof may go: two for each zone on the way to the anchor. Without
/// a limit, a server that strips signatures could have very many of them asked.
const MOST_STEPS: usize = 12;

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
    ///
    /// A CNAME that a server has made of a DNAME has no signature of its own (RFC 6672,
    /// 5.3.1): the DNAME is validated in its place.
    pub(crate) async fn ask(&self, name: &Name, kind: RecordType) -> Result<Answer, Failure> {
        let validated = self.validated(name, kind).await;
        let Some((alias, maker)) = self.inner.notes().made.take() else {
            return validated;
        };
        let mut answer = self.validated(&maker.name, RecordType::DNAME).await?;
        answer.records.retain(|record| makes(record, &alias));
        match answer.records.is_empty() {
            true => Err(self.failure("no DNAME for an alias that is made of one".to_owned())),
            false => Ok(Answer {
                records: vec![alias],
                ..answer
            }),
        }
    }

    async fn validated(&self, name: &Name, kind: RecordType) -> Result<Answer, Failure> {
        *self.inner.notes() = Notes::default();
        let query = Query::query(name.clone(), kind);
        let mut options = DnsRequestOptions::default();
        options.max_request_depth = MOST_STEPS;
        let mut replies = self.handle.lookup(query, options);
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
        let answers = message.answers.iter().filter(relevant);
        let worst = answers.map(|record| record.proof).min_by_key(rank);
        // What an answer with links does not have is asked for at their end.
        match worst.or(proven.err()) {
            Some(Proof::Bogus) => Err(self.failure("no valid signature".to_owned())),
            worst => {
                let secure = worst.is_none_or(|proof| proof.is_secure());
                let server = self.inner.notes().server.unwrap_or(NO_SERVER);
                Ok(message::answer(message, server, secure))
            }
        }
    }

    /// That there was no time for all questions.
    pub(crate) fn out_of_time(&self, limit: Duration) -> Failure {
        let rubbish = Some(Cow::Borrowed("answers without a proof"));
        Failure {
            server: self.inner.notes().server,
            kind: ErrorKind::Timeout { limit, rubbish },
        }
    }

    /// That a question on the way failed, or else that the answer is bogus.
    fn failure(&self, reason: String) -> Failure {
        let server = self.inner.notes().server;
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

/// Whether a DNAME is what makes an alias.
fn makes(dname: &Record, alias: &Record) -> bool {
    let RData::CNAME(target) = &alias.data else {
        return false;
    };
    renamed(&alias.name, dname).is_some_and(|name| name == target.0)
}

/// The alias for a name in an answer that is made of a DNAME, and that.
fn made(name: &Name, answers: &[Record]) -> Option<(Record, Record)> {
    let alias = answers
        .iter()
        .find(|record| record.name == *name && record.record_type() == RecordType::CNAME)?;
    let maker = answers.iter().find(|record| makes(record, alias))?;
    Some((alias.clone(), maker.clone()))
}

/// The name that a DNAME makes of one below its owner.
fn renamed(name: &Name, dname: &Record) -> Option<Name> {
    let RData::Unknown { rdata, .. } = &dname.data else {
        return None;
    };
    let target = Name::read(&mut BinDecoder::new(&rdata.anything)).ok()?;
    if dname.record_type() != RecordType::DNAME || !dname.name.zone_of(name) || dname.name == *name
    {
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
    /// An alias, and the DNAME that it is made of.
    made: Option<(Record, Record)>,
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

    async fn ask(self, query: Query) -> Result<DnsResponse, NetError> {
        let (name, kind) = (query.name(), query.query_type());
        let keys = self.resolver.keys();
        if let Some(response) = keys.get(name, kind) {
            return Ok(response);
        }
        match self.resolver.ask(name, kind, self.deadline).await {
            Ok((message, server)) => {
                self.notes().server.get_or_insert(server);
                if let Some(found) = made(name, &message.answers) {
                    self.notes().made = Some(found);
                    return Err(NetError::from("an alias that is made of a DNAME"));
                }
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
