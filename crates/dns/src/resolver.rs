//! The resolver: each question from a socket of its own, to one server after the other.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout, timeout_at};
use trust_dns_resolver::proto::op::Message;
use trust_dns_resolver::proto::rr::{Name, RecordType};

use crate::error::ErrorKind;
use crate::exchange::{self, Rubbish};
use crate::health::Health;
use crate::message::{self, Question};
use crate::pace::Pace;
use crate::plan::Plan;
use crate::random::Random;
use crate::validate::{Keys, Validator};
use crate::walk::{Answer, Failure, Outcome, Walk};

/// Asks the servers of a plan; clones are the same.
///
/// Hickory's own `Resolver` follows chains itself (eight hops), caches, answers some names
/// without asking, chooses among servers by measured time, waits for a message with the
/// question where a failing server sends one without, and loses the error of a server that
/// cannot be reached. Of hickory are the messages and the validation.
#[derive(Clone)]
pub(crate) struct Resolver(Arc<Shared>);

struct Shared {
    plan: Arc<Plan>,
    health: Health,
    random: Arc<Random>,
    pace: Mutex<Pace>,
    keys: Keys,
}

impl Resolver {
    /// Asks no more than `rate` questions a second.
    pub(crate) fn new(plan: Arc<Plan>, random: Arc<Random>, rate: Option<f64>) -> Self {
        Self(Arc::new(Shared {
            health: Health::new(&plan.servers),
            random,
            pace: Mutex::new(Pace::new(rate, Instant::now())),
            keys: Keys::default(),
            plan,
        }))
    }

    /// Goes the way to its end, within this time.
    pub(crate) async fn finish(&self, walk: &mut Walk, limit: Duration) -> Outcome {
        let plan = &self.0.plan;
        let deadline = Instant::now() + limit;
        let validator = plan
            .anchors
            .clone()
            .map(|anchors| Validator::new(self.clone(), anchors, deadline));
        loop {
            let (name, kind) = walk.question();
            let reply = match &validator {
                // A proof may take any number of questions.
                Some(validator) => timeout_at(deadline.into(), validator.ask(name, kind))
                    .await
                    .unwrap_or_else(|_elapsed| Err(validator.out_of_time(plan.timeout))),
                None => self.answer(name, kind, deadline).await,
            };
            if let Some(outcome) = walk.take(reply, plan) {
                return outcome;
            }
        }
    }

    /// The keys that its validators share.
    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    async fn answer(
        &self,
        name: &Name,
        kind: RecordType,
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        let (message, server) = self.ask(name, kind, deadline).await?;
        Ok(message::answer(message, server, false))
    }

    /// Asks until a server says something about the name.
    ///
    /// A failure sends the question on to the next server, and from the last to the first
    /// for the next attempt. If all fail, what tells most is the failure.
    pub(crate) async fn ask(
        &self,
        name: &Name,
        kind: RecordType,
        deadline: Instant,
    ) -> Result<(Message, SocketAddr), Failure> {
        let question = Question {
            name,
            kind,
            dnssec: self.0.plan.anchors.is_some(),
            edns: true,
        };
        let mut worst: Option<Failure> = None;
        let mut rubbish = None;
        for round in 0..self.0.plan.attempts {
            for (index, server) in self.0.health.order() {
                let wait = self.0.plan.wait(round);
                let wait = wait.min(deadline.saturating_duration_since(Instant::now()));
                let tried = timeout(wait, self.attempt(server, question, &mut rubbish));
                let failure = match tried.await {
                    Ok(Ok(message)) => {
                        self.0.health.answered(index);
                        return Ok((message, server));
                    }
                    Ok(Err(failure)) => failure,
                    Err(_elapsed) => self.timed_out(server, rubbish),
                };
                self.0.health.failed(index);
                worst = Some(more_telling(worst, failure));
                if Instant::now() >= deadline {
                    return Err(self.at_deadline(worst, rubbish));
                }
            }
        }
        Err(self.at_deadline(worst, rubbish))
    }

    fn at_deadline(&self, worst: Option<Failure>, rubbish: Rubbish) -> Failure {
        worst.unwrap_or_else(|| Failure {
            server: None,
            kind: self.timeout_kind(rubbish),
        })
    }

    fn timed_out(&self, server: SocketAddr, rubbish: Rubbish) -> Failure {
        Failure {
            server: Some(server),
            kind: self.timeout_kind(rubbish),
        }
    }

    fn timeout_kind(&self, rubbish: Rubbish) -> ErrorKind {
        ErrorKind::Timeout {
            limit: self.0.plan.timeout,
            rubbish: rubbish.map(Into::into),
        }
    }

    /// Asks one server; without EDNS if it refuses that, and over TCP what it truncates.
    async fn attempt(
        &self,
        server: SocketAddr,
        mut question: Question<'_>,
        rubbish: &mut Rubbish,
    ) -> Result<Message, Failure> {
        let failed = |error| unreachable(server, error);
        self.leave_to_send().await;
        let mut message = exchange::udp(server, question, self.0.random.id(), rubbish)
            .await
            .map_err(failed)?;
        if message::refuses_edns(&message) {
            question.edns = false;
            question.dnssec = false;
            message = exchange::udp(server, question, self.0.random.id(), rubbish)
                .await
                .map_err(failed)?;
        }
        if message.truncation {
            message = exchange::tcp(server, question, self.0.random.id(), rubbish)
                .await
                .map_err(failed)?;
        }
        // Another server may know more than one that fails.
        match message::failure(&message) {
            None => Ok(message),
            Some(kind) => Err(Failure {
                kind,
                server: Some(server),
            }),
        }
    }

    async fn leave_to_send(&self) {
        loop {
            let taken = {
                let mut pace = self.0.pace.lock().unwrap_or_else(PoisonError::into_inner);
                pace.take(Instant::now())
            };
            match taken {
                Ok(()) => return,
                Err(wait) => sleep(wait).await,
            }
        }
    }
}

/// A server that the system cannot reach, or that ends a connection.
pub(crate) fn unreachable(server: SocketAddr, error: io::Error) -> Failure {
    Failure {
        kind: ErrorKind::Io(error),
        server: Some(server),
    }
}

/// The failure that tells more: a server's word more than the network's, and that more
/// than silence; of two that tell as much, the earlier.
pub(crate) fn more_telling(earlier: Option<Failure>, later: Failure) -> Failure {
    let rank = |failure: &Failure| match failure.kind {
        ErrorKind::Timeout { .. } => 0,
        ErrorKind::Io(_) => 1,
        _ => 2,
    };
    match earlier {
        Some(earlier) if rank(&earlier) >= rank(&later) => earlier,
        _ => later,
    }
}
