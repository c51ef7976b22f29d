//! The fast path: many questions in flight on few sockets.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use trust_dns_resolver::proto::op::Message;

use super::ports::Ports;
use super::tasks::Tasks;
use super::{Done, Until};
use crate::error::{Error, ErrorKind};
use crate::exchange::Rubbish;
use crate::health::Health;
use crate::message::{self, Question};
use crate::pace::Pace;
use crate::plan::Plan;
use crate::random::Random;
use crate::resolver::{more_telling, unreachable};
use crate::walk::{Failure, Walk};

/// More than any server sends that respects the payload size it is told.
const DATAGRAM_BYTES: usize = 4096;
/// So many datagrams are received from a socket before the next has its turn.
const TURN: usize = 256;
/// A question without an answer is sent again after this time, and then after twice, four
/// times, eight times as long, as part of the same attempt.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// So many questions a server gets at once before it has answered any: what its receive
/// buffer has room for at the least.
const FIRST_WINDOW: usize = 100;

/// A look-up in flight. Its number in the list of slots is used again afterwards, with
/// another serial number.
struct Slot {
    /// Changes with every question, so that timers of an earlier one do nothing.
    serial: u64,
    lookup: Option<Lookup>,
}

struct Lookup {
    number: u64,
    name: Box<[u8]>,
    walk: Walk,
    /// The end of the look-up; set when its first question is sent.
    deadline: Option<Instant>,
    /// How many attempts at the present question have failed, the last at which server, and
    /// when the present one ends.
    failures: usize,
    last: Option<usize>,
    attempt_end: Option<Instant>,
    /// How often the message was sent in this attempt.
    sends: u32,
    worst: Option<Box<Failure>>,
    rubbish: Rubbish,
    edns: bool,
    /// Where the present question was sent from and to, and when.
    sent: Option<Sent>,
}

#[derive(Clone, Copy)]
struct Sent {
    server: usize,
    place: usize,
    id: u16,
    at: Instant,
}

/// A slot as it was: with another serial number it has moved on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ticket {
    slot: usize,
    serial: u64,
}

/// What a server can take.
struct Load {
    in_flight: usize,
    window: usize,
    /// Whether it ever was too much.
    was_full: bool,
    /// Of the last questions, how many were answered, and how many were not.
    answered: usize,
    lost: usize,
    /// The smoothed time to an answer.
    round_trip: Duration,
}

/// The engine. Its clock stands while nobody calls.
pub(super) struct Fast {
    plan: Arc<Plan>,
    servers: Vec<Ports>,
    loads: Vec<Load>,
    health: Health,
    random: Arc<Random>,
    pace: Pace,
    concurrency: usize,
    slots: Vec<Slot>,
    free: Vec<usize>,
    serial: u64,
    /// Slots whose message is to be sent again.
    again: VecDeque<Ticket>,
    /// Slots whose question is to be sent when the server has room for it.
    ready: VecDeque<Ticket>,
    /// When to look after a question.
    timers: BinaryHeap<Reverse<(Instant, Ticket)>>,
    /// The ends of whole look-ups, in order of time: slot, and the look-up's number.
    deadlines: VecDeque<(Instant, usize, u64)>,
    /// How long the rate does not allow to send.
    paused: Option<Duration>,
    /// Look-ups with answers that do not fit into a datagram.
    large: Tasks,
    idle: Duration,
    /// The time when the clock was last looked at, which is not done for each message.
    now: Instant,
    /// For a message that is received, and for one that is sent.
    buffer: Vec<u8>,
    message: Vec<u8>,
}

impl Fast {
    pub(super) fn new(
        plan: &Arc<Plan>,
        random: Arc<Random>,
        rate: Option<f64>,
        concurrency: usize,
        large: Tasks,
    ) -> Self {
        let ports = |server: &_| Ports::new(*server, concurrency);
        let load = |_: &_| Load {
            in_flight: 0,
            window: concurrency.min(FIRST_WINDOW),
            was_full: false,
            answered: 0,
            lost: 0,
            round_trip: Duration::ZERO,
        };
        Self {
            plan: plan.clone(),
            servers: plan.servers.iter().map(ports).collect(),
            loads: plan.servers.iter().map(load).collect(),
            health: Health::new(&plan.servers),
            random,
            pace: Pace::new(rate, Instant::now()),
            concurrency,
            slots: Vec::new(),
            free: Vec::new(),
            serial: 0,
            again: VecDeque::new(),
            ready: VecDeque::new(),
            timers: BinaryHeap::new(),
            deadlines: VecDeque::new(),
            paused: None,
            large,
            idle: Duration::ZERO,
            now: Instant::now(),
            buffer: vec![0; DATAGRAM_BYTES],
            message: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, number: u64, name: &[u8], walk: Walk) {
        let lookup = Lookup {
            number,
            name: name.into(),
            walk,
            deadline: None,
            failures: 0,
            last: None,
            attempt_end: None,
            sends: 0,
            worst: None,
            rubbish: None,
            edns: true,
            sent: None,
        };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                serial: 0,
                lookup: None,
            });
            self.slots.len() - 1
        });
        if let Some(place) = self.slots.get_mut(slot) {
            place.lookup = Some(lookup);
        }
        let ticket = self.renew(slot);
        self.ready.push_back(ticket);
    }

    pub(super) fn step(
        &mut self,
        idle: Duration,
        until: &mut Until,
        done: &mut Done,
    ) -> Result<(), Error> {
        self.idle = idle;
        loop {
            let awaited = self.awaits_answers();
            self.look_at_clock();
            self.send_ready(done);
            self.flush(done);
            // What was only just asked has no answer yet. Where nothing is asked, what comes
            // late is received all the same: nobody could wait beside it.
            let just_asked = !awaited && self.awaits_answers();
            let received = !just_asked && self.receive(done);
            self.expire(done);
            if !self.large.is_empty() {
                self.large.step(idle, &mut until.soon(), done)?;
            }
            if self.is_idle() || until.is_over(done.len(), Instant::now()) {
                break;
            }
            if !received {
                self.wait(until.end)?;
            }
        }
        self.servers.iter_mut().for_each(Ports::close_idle);
        Ok(())
    }

    fn awaits_answers(&self) -> bool {
        self.loads.iter().any(|load| load.in_flight > 0)
    }

    fn is_idle(&self) -> bool {
        self.free.len() == self.slots.len() && self.large.is_empty()
    }

    fn look_at_clock(&mut self) {
        let now = Instant::now();
        self.now = now.checked_sub(self.idle).unwrap_or(now);
    }

    fn lookup(&mut self, slot: usize) -> Option<&mut Lookup> {
        lookup_in(&mut self.slots, slot)
    }

    /// Gives a slot a new serial number: what was planned for it before is void.
    fn renew(&mut self, slot: usize) -> Ticket {
        self.serial += 1;
        if let Some(place) = self.slots.get_mut(slot) {
            place.serial = self.serial;
        }
        Ticket {
            slot,
            serial: self.serial,
        }
    }

    fn is_current(&self, ticket: Ticket) -> bool {
        let slot = self.slots.get(ticket.slot);
        slot.is_some_and(|slot| slot.serial == ticket.serial && slot.lookup.is_some())
    }

    // Sending

    /// Sends what the rate and the servers' windows allow.
    fn send_ready(&mut self, done: &mut Done) {
        self.paused = None;
        let now = Instant::now();
        while let Some((ticket, server)) = self.next_to_send() {
            if let Err(wait) = self.pace.take(now) {
                self.paused = Some(wait);
                return;
            }
            if self.again.pop_front().is_none() {
                self.ready.pop_front();
            }
            if let Err(error) = self.send(ticket.slot, server) {
                if let Some(lookup) = self.lookup(ticket.slot) {
                    lookup.last = Some(server);
                }
                let kind = ErrorKind::Io(error);
                let server = self.address(server);
                self.attempt_failed(ticket.slot, Failure { kind, server }, done);
            }
        }
    }

    /// The first that can be sent now, and where to. What was sent before has its room.
    fn next_to_send(&mut self) -> Option<(Ticket, usize)> {
        while let Some(ticket) = self.again.front().copied() {
            if self.is_current(ticket) {
                return Some((ticket, self.server_for(ticket.slot)));
            }
            self.again.pop_front();
        }
        while let Some(ticket) = self.ready.front().copied() {
            if self.is_current(ticket) {
                let server = self.server_for(ticket.slot);
                let load = self.loads.get(server)?;
                return (load.in_flight < load.window).then_some((ticket, server));
            }
            self.ready.pop_front();
        }
        None
    }

    fn address(&self, server: usize) -> Option<std::net::SocketAddr> {
        self.servers.get(server).map(|ports| ports.server)
    }

    /// The first server that does well; the same while an attempt lasts, and after that the
    /// one that follows.
    fn server_for(&mut self, slot: usize) -> usize {
        let servers = self.servers.len();
        let lookup = self.lookup(slot);
        let lasts = lookup.as_ref().is_some_and(|l| l.attempt_end.is_some());
        match lookup.and_then(|lookup| lookup.last) {
            Some(last) if lasts => last,
            Some(last) => (last + 1) % servers,
            None if servers == 1 => 0,
            None => self.health.order().first().map_or(0, |(index, _)| *index),
        }
    }

    fn send(&mut self, slot: usize, server: usize) -> io::Result<()> {
        let now = self.now;
        let sent = self.lookup(slot).and_then(|lookup| lookup.sent);
        // The same message again: an answer to the first one is welcome, too.
        let (place, id) = match sent {
            Some(sent) if sent.server == server => (sent.place, sent.id),
            _ => {
                self.release(slot);
                self.assign(slot, server)?
            }
        };
        let ticket = self.renew(slot);
        let (timeout, share) = (self.plan.timeout, self.share(slot));
        let wait = self.loads.get(server).map_or(FIRST_WAIT, Load::wait);
        let Some(lookup) = lookup_in(&mut self.slots, slot) else {
            return Ok(());
        };
        lookup.last = Some(server);
        lookup.sent = Some(Sent {
            server,
            place,
            id,
            at: now,
        });
        let (name, kind) = lookup.walk.question();
        let question = Question {
            name,
            kind,
            dnssec: false,
            edns: lookup.edns,
        };
        if let Some(port) = self.servers.get_mut(server).and_then(|p| p.port(place)) {
            self.message.clear();
            question.write(id, &mut self.message);
            port.queue(&self.message);
        }
        let attempt_end = *lookup.attempt_end.get_or_insert(now + share);
        let due = now + spread(wait.saturating_mul(1 << lookup.sends.min(16)), id);
        lookup.sends += 1;
        self.timers.push(Reverse((due.min(attempt_end), ticket)));
        if lookup.deadline.is_none() {
            lookup.deadline = Some(now + timeout);
            let number = lookup.number;
            self.deadlines.push_back((now + timeout, slot, number));
        }
        Ok(())
    }

    /// How long the present attempt at a slot's question may take.
    fn share(&mut self, slot: usize) -> Duration {
        let failures = self.lookup(slot).map_or(0, |lookup| lookup.failures);
        let round = failures / self.servers.len().max(1);
        self.plan.wait(u32::try_from(round).unwrap_or(u32::MAX))
    }

    fn assign(&mut self, slot: usize, server: usize) -> io::Result<(usize, u16)> {
        let Some(ports) = self.servers.get_mut(server) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let assigned = ports.assign(slot, &self.random)?;
        if let Some(load) = self.loads.get_mut(server) {
            load.in_flight += 1;
        }
        Ok(assigned)
    }

    fn flush(&mut self, done: &mut Done) {
        for server in 0..self.servers.len() {
            for place in 0..self.places(server) {
                let port = self.servers.get_mut(server).and_then(|p| p.port(place));
                if let Some(Err(error)) = port.map(super::ports::Port::flush) {
                    self.port_failed(server, place, &error, done);
                }
            }
        }
    }

    fn places(&self, server: usize) -> usize {
        self.servers.get(server).map_or(0, |p| p.places.len())
    }

    // Receiving

    /// Takes what has come; says whether there was anything.
    fn receive(&mut self, done: &mut Done) -> bool {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut received = false;
        self.look_at_clock();
        for server in 0..self.servers.len() {
            for place in 0..self.places(server) {
                received |= self.receive_from(server, place, &mut buffer, done);
            }
        }
        self.buffer = buffer;
        received
    }

    fn receive_from(
        &mut self,
        server: usize,
        place: usize,
        buffer: &mut [u8],
        done: &mut Done,
    ) -> bool {
        for turn in 0..TURN {
            let Some(port) = self.servers.get_mut(server).and_then(|p| p.port(place)) else {
                return turn > 0;
            };
            if turn > 0 && port.is_idle() {
                return true;
            }
            match port.socket.recv(buffer) {
                Ok(len) => {
                    let bytes = buffer.get(..len).unwrap_or_default();
                    self.take(server, place, bytes, done);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return turn > 0,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.port_failed(server, place, &error, done);
                    return true;
                }
            }
        }
        true
    }

    /// Takes a datagram, which may be anything.
    fn take(&mut self, server: usize, place: usize, bytes: &[u8], done: &mut Done) {
        let [high, low, ..] = bytes else { return };
        let id = u16::from_be_bytes([*high, *low]);
        let port = self.servers.get_mut(server).and_then(|p| p.port(place));
        let Some(slot) = port.and_then(|port| port.slot(id)) else {
            return;
        };
        let Some(lookup) = self.lookup(slot) else {
            return;
        };
        let (name, kind) = lookup.walk.question();
        let question = Question {
            name,
            kind,
            dnssec: false,
            edns: lookup.edns,
        };
        match question.read(id, bytes) {
            Ok(message) => self.answered(slot, server, message, done),
            Err(what) => lookup.rubbish = Some(what),
        }
    }

    fn answered(&mut self, slot: usize, server: usize, message: Message, done: &mut Done) {
        let now = self.now;
        self.health.answered(server);
        let Some(lookup) = lookup_in(&mut self.slots, slot) else {
            return;
        };
        if let (Some(load), Some(sent)) = (self.loads.get_mut(server), lookup.sent) {
            load.answered += 1;
            if lookup.failures == 0 && lookup.sends == 1 {
                let sample = now.saturating_duration_since(sent.at);
                load.round_trip = (load.round_trip * 7 + sample) / 8;
            }
            load.adjust(self.concurrency);
        }
        let edns = std::mem::replace(&mut lookup.edns, true);
        self.release(slot);
        if edns && message::refuses_edns(&message) {
            if let Some(lookup) = self.lookup(slot) {
                lookup.edns = false;
                lookup.sends = 0;
            }
            let ticket = self.renew(slot);
            self.ready.push_front(ticket);
        } else if message.truncation {
            self.hand_over(slot);
        } else if let Some(kind) = message::failure(&message) {
            let server = self.address(server);
            self.attempt_failed(slot, Failure { kind, server }, done);
        } else if let Some(address) = self.address(server) {
            self.advance(slot, Ok(message::answer(message, address, false)), done);
        }
    }

    /// Leaves a look-up whose answer needs TCP to the resolver.
    fn hand_over(&mut self, slot: usize) {
        let now = self.now;
        if let Some(lookup) = self.end(slot) {
            let deadline = lookup.deadline.unwrap_or(now);
            let rest = deadline.saturating_duration_since(now);
            self.large
                .push_within(lookup.number, &lookup.name, lookup.walk, rest);
        }
    }

    // What becomes of a question

    /// The question of a slot was answered, or will not be: the next one, or the end.
    fn advance(
        &mut self,
        slot: usize,
        reply: Result<crate::walk::Answer, Failure>,
        done: &mut Done,
    ) {
        self.release(slot);
        let Some(lookup) = lookup_in(&mut self.slots, slot) else {
            return;
        };
        match lookup.walk.take(reply, &self.plan) {
            Some(outcome) => {
                done.push((lookup.number, outcome));
                self.end(slot);
            }
            None => {
                lookup.failures = 0;
                lookup.last = None;
                lookup.attempt_end = None;
                lookup.sends = 0;
                lookup.worst = None;
                let ticket = self.renew(slot);
                self.ready.push_front(ticket);
            }
        }
    }

    /// One attempt at a question has failed: the next one, or the end.
    fn attempt_failed(&mut self, slot: usize, failure: Failure, done: &mut Done) {
        let attempts = self.servers.len() * self.plan.attempts as usize;
        let Some(lookup) = lookup_in(&mut self.slots, slot) else {
            return;
        };
        if let Some(server) = lookup.last {
            self.health.failed(server);
        }
        lookup.failures += 1;
        lookup.attempt_end = None;
        lookup.sends = 0;
        let worst = more_telling(lookup.worst.take().map(|worst| *worst), failure);
        if lookup.failures >= attempts {
            self.advance(slot, Err(worst), done);
        } else {
            lookup.worst = Some(Box::new(worst));
            let is_sent = lookup.sent.is_some();
            let ticket = self.renew(slot);
            if is_sent && self.servers.len() == 1 {
                self.again.push_back(ticket);
            } else {
                self.release(slot);
                self.ready.push_front(ticket);
            }
        }
    }

    /// The system says that a server cannot be reached.
    fn port_failed(&mut self, server: usize, place: usize, error: &io::Error, done: &mut Done) {
        let Some(address) = self.address(server) else {
            return;
        };
        let port = self.servers.get_mut(server).and_then(|p| p.port(place));
        let waiting = port.map(|port| port.fail()).unwrap_or_default();
        for slot in waiting {
            self.release(slot);
            let error = match error.raw_os_error() {
                Some(code) => io::Error::from_raw_os_error(code),
                None => error.kind().into(),
            };
            self.attempt_failed(slot, unreachable(address, error), done);
        }
    }

    /// Waits no longer for an answer to what a slot has sent.
    fn release(&mut self, slot: usize) {
        let Some(sent) = self.lookup(slot).and_then(|lookup| lookup.sent.take()) else {
            return;
        };
        if let Some(load) = self.loads.get_mut(sent.server) {
            load.in_flight -= 1;
        }
        let ports = self.servers.get_mut(sent.server);
        if let Some(port) = ports.and_then(|ports| ports.port(sent.place)) {
            port.release(sent.id);
        }
    }

    /// Frees a slot.
    fn end(&mut self, slot: usize) -> Option<Lookup> {
        self.release(slot);
        self.renew(slot);
        let lookup = self.slots.get_mut(slot)?.lookup.take();
        if lookup.is_some() {
            self.free.push(slot);
        }
        lookup
    }

    // Time

    /// Looks after what was not answered in time.
    fn expire(&mut self, done: &mut Done) {
        self.look_at_clock();
        let now = self.now;
        while let Some(Reverse((due, ticket))) = self.timers.peek().copied() {
            let current = self.is_current(ticket);
            if current && due > now {
                break;
            }
            self.timers.pop();
            if current {
                self.not_answered(ticket.slot, now, done);
            }
        }
        while let Some((due, slot, number)) = self.deadlines.front().copied() {
            let current = self.lookup(slot).is_some_and(|l| l.number == number);
            if current && due > now {
                break;
            }
            self.deadlines.pop_front();
            if current {
                self.out_of_time(slot, done);
            }
        }
    }

    fn timeout_failure(&mut self, slot: usize) -> Failure {
        let limit = self.plan.timeout;
        let (last, rubbish) = match self.lookup(slot) {
            Some(lookup) => (lookup.last, lookup.rubbish),
            None => (None, None),
        };
        Failure {
            server: last.and_then(|server| self.address(server)),
            kind: ErrorKind::Timeout {
                limit,
                rubbish: rubbish.map(Into::into),
            },
        }
    }

    /// A message was not answered in time: it is sent again, until the attempt ends.
    fn not_answered(&mut self, slot: usize, now: Instant, done: &mut Done) {
        let Some(lookup) = self.lookup(slot) else {
            return;
        };
        let attempt_is_over = lookup.attempt_end.is_none_or(|end| end <= now);
        let sent = lookup.sent;
        if let Some(load) = sent.and_then(|sent| self.loads.get_mut(sent.server)) {
            load.lost += 1;
            load.adjust(self.concurrency);
        }
        if attempt_is_over {
            let failure = self.timeout_failure(slot);
            self.attempt_failed(slot, failure, done);
        } else {
            let ticket = self.renew(slot);
            self.again.push_back(ticket);
        }
    }

    /// A look-up has come to its deadline.
    fn out_of_time(&mut self, slot: usize, done: &mut Done) {
        let failure = self.timeout_failure(slot);
        if let Some(mut lookup) = self.end(slot) {
            let worst = more_telling(lookup.worst.take().map(|worst| *worst), failure);
            done.push((lookup.number, Err(lookup.walk.error(worst))));
        }
    }

    /// Waits until something can be received, or sent, or is due.
    fn wait(&mut self, end: Instant) -> Result<(), Error> {
        self.look_at_clock();
        let now = self.now;
        let due = self
            .timers
            .peek()
            .map(|Reverse((due, _))| *due)
            .into_iter()
            .chain(self.deadlines.front().map(|(due, ..)| *due))
            .map(|due| due.saturating_duration_since(now));
        let limit = due
            .chain([end.saturating_duration_since(Instant::now())])
            .chain(self.paused)
            .chain((!self.large.is_empty()).then_some(Duration::from_millis(1)))
            .min()
            .unwrap_or_default();
        let ports = self.servers.iter().flat_map(|ports| &ports.places);
        let mut waited: Vec<_> = ports
            .flatten()
            .map(|port| {
                let stuck = port.is_stuck().then_some(PollFlags::OUT);
                PollFd::new(
                    &port.socket,
                    PollFlags::IN | stuck.unwrap_or(PollFlags::empty()),
                )
            })
            .collect();
        let limit = Timespec {
            tv_sec: limit.as_secs() as i64,
            tv_nsec: limit.subsec_nanos().into(),
        };
        match poll(&mut waited, Some(&limit)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(ErrorKind::Io(error.into()).into()),
        }
    }
}

/// Half as long again at the most, as a message's random id has it: what a full buffer has lost
/// at once does not come back at once.
fn spread(wait: Duration, id: u16) -> Duration {
    wait + (wait / 2).mul_f64(f64::from(id) / 65_536.0)
}

/// The look-up of a slot; what else the engine has can be used beside it.
fn lookup_in(slots: &mut [Slot], slot: usize) -> Option<&mut Lookup> {
    slots.get_mut(slot)?.lookup.as_mut()
}

impl Load {
    /// How long to wait before a message is sent again: a server that is merely busy is not
    /// to be asked twice.
    fn wait(&self) -> Duration {
        FIRST_WAIT.max(self.round_trip * 4)
    }

    /// Asks a server that leaves more than some questions unanswered less at a time, and
    /// one that answers more, up to `most`.
    ///
    /// A network loses some packets all the time; a server whose receive buffer is full
    /// loses many at once.
    fn adjust(&mut self, most: usize) {
        let total = self.answered + self.lost;
        if total < FIRST_WINDOW {
            return;
        }
        if self.lost * 8 > total {
            self.window = (self.window * 2 / 3).max(FIRST_WINDOW / 4);
            self.was_full = true;
        } else if self.was_full {
            self.window += 2;
        } else {
            self.window += self.window / 4;
        }
        self.window = self.window.min(most);
        self.answered = 0;
        self.lost = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_at_once_is_sent_again_over_half_the_time() {
        assert_eq!(spread(FIRST_WAIT, 0), FIRST_WAIT);
        assert_eq!(spread(FIRST_WAIT, 1 << 15), FIRST_WAIT * 5 / 4);
        assert!(spread(FIRST_WAIT, u16::MAX) < FIRST_WAIT * 3 / 2);
    }
}
