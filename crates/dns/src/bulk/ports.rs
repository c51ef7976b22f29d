//! The sockets of the fast path: few at a time, and none for long.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::net::{SocketAddr, UdpSocket};

use socket2::{Domain, Socket, Type};

use crate::random::Random;

/// So many look-ups in flight share a socket, whose receive buffer has room for their
/// answers.
const SHARE: usize = 250;
/// A socket, and so its source port, is replaced after so many questions, where many names are
/// looked up at once.
const MOST_QUESTIONS: usize = 500;
const RECEIVE_BUFFER: usize = 1 << 20;

/// A socket that is connected to a server, and the questions sent from it.
pub(super) struct Port {
    pub(super) socket: UdpSocket,
    /// The slot of each question that has no answer yet, by its message id.
    slots: HashMap<u16, usize>,
    asked: usize,
    /// Messages to be sent, one after the other, and where each of them ends.
    out: Vec<u8>,
    ends: Vec<usize>,
}

impl Port {
    /// A socket for one question `alone`, or for many.
    fn open(server: SocketAddr, alone: bool) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(server), Type::DGRAM, None)?;
        socket.set_nonblocking(true)?;
        // The system draws a source port at random.
        socket.connect(&server.into())?;
        if !alone {
            // The system may have a limit below that: a wish, not a need.
            let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
        }
        Ok(Self {
            socket: socket.into(),
            slots: HashMap::new(),
            asked: 0,
            out: Vec::new(),
            ends: Vec::new(),
        })
    }

    pub(super) fn slot(&self, id: u16) -> Option<usize> {
        self.slots.get(&id).copied()
    }

    /// The slots of all questions without an answer. What was to be sent is not.
    pub(super) fn fail(&mut self) -> Vec<usize> {
        self.out.clear();
        self.ends.clear();
        self.slots.values().copied().collect()
    }

    /// Whether no question waits for an answer.
    pub(super) fn is_idle(&self) -> bool {
        self.slots.is_empty()
    }

    pub(super) fn release(&mut self, id: u16) {
        self.slots.remove(&id);
    }

    /// An id for a slot's question that no other from this socket has.
    fn id(&mut self, slot: usize, random: &Random) -> u16 {
        loop {
            let id = random.id();
            if let std::collections::hash_map::Entry::Vacant(place) = self.slots.entry(id) {
                place.insert(slot);
                return id;
            }
        }
    }

    /// Leaves a message to the next [`Port::flush`]; `write` appends it.
    pub(super) fn queue(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.out);
        self.ends.push(self.out.len());
    }

    /// Whether messages wait that the system did not take yet.
    pub(super) fn is_stuck(&self) -> bool {
        !self.ends.is_empty()
    }

    /// Sends what the system takes now.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.ends.is_empty() {
            return Ok(());
        }
        let mut start = 0;
        let mut messages = Vec::with_capacity(self.ends.len());
        for end in &self.ends {
            messages.push(IoSlice::new(self.out.get(start..*end).unwrap_or_default()));
            start = *end;
        }
        let (sent, result) = send_all(&self.socket, &messages);
        if sent == self.ends.len() {
            self.out.clear();
            self.ends.clear();
        } else if let Some(first) = sent.checked_sub(1).and_then(|last| self.ends.get(last)) {
            let first = *first;
            self.out.drain(..first);
            self.ends.drain(..sent);
            self.ends.iter_mut().for_each(|end| *end -= first);
        }
        result
    }
}

/// Sends datagrams until the system takes no more; how many it took.
#[cfg(target_os = "linux")]
fn send_all(socket: &UdpSocket, messages: &[IoSlice<'_>]) -> (usize, io::Result<()>) {
    use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, sendmmsg};

    let mut controls: Vec<_> = messages
        .iter()
        .map(|_| SendAncillaryBuffer::default())
        .collect();
    let mut headers: Vec<_> = messages
        .chunks(1)
        .zip(&mut controls)
        .map(|(message, control)| MMsgHdr::new(message, control))
        .collect();
    let mut sent = 0;
    while let Some(rest) = headers.get_mut(sent..).filter(|rest| !rest.is_empty()) {
        match sendmmsg(socket, rest, SendFlags::empty()) {
            Ok(count) => sent += count.max(1),
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::NOBUFS) => break,
            Err(error) => return (sent, Err(error.into())),
        }
    }
    (sent.min(messages.len()), Ok(()))
}

/// Sends datagrams until the system takes no more; how many it took.
#[cfg(not(target_os = "linux"))]
fn send_all(socket: &UdpSocket, messages: &[IoSlice<'_>]) -> (usize, io::Result<()>) {
    for (sent, message) in messages.iter().enumerate() {
        match socket.send(message) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return (sent, Ok(())),
            Err(error) => return (sent, Err(error)),
        }
    }
    (messages.len(), Ok(()))
}

/// The sockets to one server.
pub(super) struct Ports {
    pub(super) server: SocketAddr,
    /// The places of the sockets; those that were replaced stay until their answers have
    /// come, or are not waited for any more.
    pub(super) places: Vec<Option<Port>>,
    /// The places of those from which questions are sent.
    active: Vec<usize>,
    wanted: usize,
    /// Whether one name is looked up at a time: then nothing is lost by a port for each
    /// question.
    alone: bool,
}

impl Ports {
    pub(super) fn new(server: SocketAddr, concurrency: usize) -> Self {
        Self {
            server,
            places: Vec::new(),
            active: Vec::new(),
            wanted: concurrency.div_ceil(SHARE).max(1),
            alone: concurrency == 1,
        }
    }

    pub(super) fn port(&mut self, place: usize) -> Option<&mut Port> {
        self.places.get_mut(place)?.as_mut()
    }

    /// Finds a socket, chosen at random, and an id for a slot's question.
    pub(super) fn assign(&mut self, slot: usize, random: &Random) -> io::Result<(usize, u16)> {
        while self.active.len() < self.wanted {
            let port = Port::open(self.server, self.alone)?;
            let place = self.vacant();
            if let Some(vacant) = self.places.get_mut(place) {
                *vacant = Some(port);
            }
            self.active.push(place);
        }
        let most_questions = if self.alone { 1 } else { MOST_QUESTIONS };
        let choice = random.below(self.active.len());
        let place = self.active.get(choice).copied().unwrap_or_default();
        let Some(port) = self.port(place) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let id = port.id(slot, random);
        port.asked += 1;
        if port.asked >= most_questions {
            self.active.swap_remove(choice);
        }
        Ok((place, id))
    }

    /// Closes the sockets that are not needed any more.
    pub(super) fn close_idle(&mut self) {
        let active = &self.active;
        for (place, port) in self.places.iter_mut().enumerate() {
            let idle = |port: &Port| port.is_idle() && !port.is_stuck();
            if port.as_ref().is_some_and(idle) && !active.contains(&place) {
                *port = None;
            }
        }
    }

    fn vacant(&mut self) -> usize {
        let vacant = self.places.iter().position(Option::is_none);
        vacant.unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        })
    }
}
