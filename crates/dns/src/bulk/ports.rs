//! The sockets of the fast path: few at a time, and none for long.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{SocketAddr, UdpSocket};

use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

use crate::random::Random;

/// So many look-ups in flight share a socket, whose receive buffer has room for their
/// answers.
const SHARE: usize = 250;
/// A socket, and so its source port, is replaced after so many questions, where many names are
/// looked up at once.
const MOST_QUESTIONS: usize = 500;
const RECEIVE_BUFFER: usize = 1 << 20;
/// So many messages are sent at once: Linux takes no more, and no more than 64 KiB.
const MOST_IN_BURST: usize = 64;

/// A socket that is connected to a server, and the questions sent from it.
pub(super) struct Port {
    pub(super) socket: UdpSocket,
    /// The slot of each question that has no answer yet, by its message id.
    slots: HashMap<u16, usize>,
    asked: usize,
    /// Messages to be sent, by their length; those of a length one after the other.
    out: BTreeMap<usize, Vec<u8>>,
    bursts: Bursts,
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
            out: BTreeMap::new(),
            bursts: if alone { Bursts::Never } else { Bursts::Of(0) },
        })
    }

    pub(super) fn slot(&self, id: u16) -> Option<usize> {
        self.slots.get(&id).copied()
    }

    /// The slots of all questions without an answer. What was to be sent is not.
    pub(super) fn fail(&mut self) -> Vec<usize> {
        self.out.clear();
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

    /// Leaves a message to the next [`Port::flush`].
    pub(super) fn queue(&mut self, message: &[u8]) {
        let others = self.out.entry(message.len()).or_default();
        others.extend_from_slice(message);
    }

    /// Whether messages wait that the system did not take yet.
    pub(super) fn is_stuck(&self) -> bool {
        self.out.values().any(|messages| !messages.is_empty())
    }

    /// Sends what the system takes now.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        for (len, messages) in &mut self.out {
            let (sent, result) = send_all(&self.socket, &mut self.bursts, *len, messages);
            messages.drain(..sent);
            result?;
        }
        Ok(())
    }
}

/// Sends messages of one length until the system takes no more; how many bytes it took.
fn send_all(
    socket: &UdpSocket,
    bursts: &mut Bursts,
    len: usize,
    messages: &[u8],
) -> (usize, io::Result<()>) {
    let mut sent = 0;
    while let Some(rest) = messages.get(sent..).filter(|rest| !rest.is_empty()) {
        let most = bursts.most(socket, len);
        match socket.send(rest.get(..most * len).unwrap_or(rest)) {
            Ok(bytes) => sent += bytes,
            Err(error) => match Errno::from_io_error(&error) {
                Some(Errno::INTR) => {}
                Some(Errno::AGAIN | Errno::NOBUFS) => break,
                Some(Errno::IO | Errno::INVAL | Errno::MSGSIZE) if most > 1 => bursts.end(socket),
                _ => return (sent, Err(error)),
            },
        }
    }
    (sent, Ok(()))
}

/// Messages of one length that the system takes as a whole, and sends one by one: for it that is
/// much less work than to take each of them.
enum Bursts {
    /// Of messages of this length; 0 before there are any.
    Of(usize),
    /// The system, or the network device, does not know how.
    Never,
}

impl Bursts {
    /// How many messages of a length can be sent at once.
    fn most(&mut self, socket: &UdpSocket, len: usize) -> usize {
        match *self {
            Self::Of(known) if known == len => MOST_IN_BURST,
            Self::Of(_) if divide(socket, len).is_ok() => {
                *self = Self::Of(len);
                MOST_IN_BURST
            }
            _ => {
                *self = Self::Never;
                1
            }
        }
    }

    /// From now on, each message is sent by itself.
    fn end(&mut self, socket: &UdpSocket) {
        // It could be set before, so that it can be taken back.
        let _ = divide(socket, 0);
        *self = Self::Never;
    }
}

/// Has the system divide what is sent into messages of this length; not at all for 0.
#[cfg(target_os = "linux")]
fn divide(socket: &UdpSocket, len: usize) -> io::Result<()> {
    use nix::sys::socket::{setsockopt, sockopt::UdpGsoSegment};

    let len = i32::try_from(len).unwrap_or(i32::MAX);
    Ok(setsockopt(socket, UdpGsoSegment, &len)?)
}

/// Has the system divide what is sent into messages of this length; not at all for 0.
#[cfg(not(target_os = "linux"))]
fn divide(_socket: &UdpSocket, _len: usize) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// Messages of three lengths, each different from the one before.
    fn messages() -> Vec<Vec<u8>> {
        let bytes = |number: u8| vec![number; 30 + usize::from(number % 3)];
        (0..200).map(bytes).collect()
    }

    /// What arrives of the messages, sorted.
    fn sent_with(bursts: Bursts) -> (Vec<Vec<u8>>, Bursts) {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        server.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut port = Port::open(server.local_addr().unwrap(), false).unwrap();
        port.bursts = bursts;
        messages().iter().for_each(|message| port.queue(message));
        assert!(port.is_stuck());
        port.flush().unwrap();
        assert!(!port.is_stuck());
        let receive = |_| {
            let mut buffer = [0; 512];
            let len = server.recv(&mut buffer).unwrap();
            buffer[..len].to_vec()
        };
        let mut received: Vec<_> = (0..messages().len()).map(receive).collect();
        received.sort();
        (received, port.bursts)
    }

    #[test]
    fn messages_arrive_one_by_one() {
        for bursts in [Bursts::Of(0), Bursts::Never] {
            let (received, _) = sent_with(bursts);
            assert_eq!(received, messages());
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_takes_them_in_bursts() {
        let (_, bursts) = sent_with(Bursts::Of(0));
        assert!(matches!(bursts, Bursts::Of(32)));
    }

    #[test]
    fn a_device_may_refuse_bursts() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        server.set_read_timeout(Some(PATIENCE)).unwrap();
        let socket = Port::open(server.local_addr().unwrap(), false)
            .unwrap()
            .socket;
        let mut bursts = Bursts::Of(0);
        bursts.most(&socket, 20);
        bursts.end(&socket);
        assert_eq!(bursts.most(&socket, 20), 1);
        assert_eq!(socket.send(&[7; 40]).unwrap(), 40);
        assert_eq!(
            server.recv(&mut [0; 64]).unwrap(),
            40,
            "not divided any more"
        );
    }
}
