//! One question to one server: over UDP, and over TCP what does not fit.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpStream, UdpSocket};
use trust_dns_resolver::proto::op::Message;

use crate::message::Question;

/// More than any server sends that respects the payload size it is told.
const DATAGRAM_BYTES: usize = 4096;

/// What came from a server and was passed over, for the message of a timeout.
pub(crate) type Rubbish = Option<&'static str>;

/// Asks over UDP, and waits for an answer to this very question.
///
/// The socket is new, so that the system draws a source port at random for each question,
/// in a forked child too. It is connected: nobody else can send to it, and the system
/// tells when the port at the other end is closed.
pub(crate) async fn udp(
    server: SocketAddr,
    question: Question<'_>,
    id: u16,
    rubbish: &mut Rubbish,
) -> io::Result<Message> {
    let socket = UdpSocket::bind(any_port(server)).await?;
    socket.connect(server).await?;
    let mut message = Vec::with_capacity(DATAGRAM_BYTES);
    question.write(id, &mut message);
    socket.send(&message).await?;
    message.resize(DATAGRAM_BYTES, 0);
    loop {
        let len = receive(&socket, &mut message).await?;
        match question.read(id, message.get(..len).unwrap_or_default()) {
            Ok(answer) => return Ok(answer),
            Err(what) => *rubbish = Some(what),
        }
    }
}

/// Asks over TCP.
pub(crate) async fn tcp(
    server: SocketAddr,
    question: Question<'_>,
    id: u16,
    rubbish: &mut Rubbish,
) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let mut message = vec![0; 2];
    question.write(id, &mut message);
    // A question has some hundred bytes.
    let len = (message.len() - 2) as u16;
    message[..2].copy_from_slice(&len.to_be_bytes());
    stream.write_all(&message).await?;
    loop {
        let len = stream.read_u16().await.map_err(cut)?;
        message.resize(len.into(), 0);
        stream.read_exact(&mut message).await.map_err(cut)?;
        match question.read(id, &message) {
            Ok(answer) => return Ok(answer),
            Err(what) => *rubbish = Some(what),
        }
    }
}

/// The address that leaves the source port to the system.
fn any_port(server: SocketAddr) -> SocketAddr {
    match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

/// Says what the end of a connection means here.
fn cut(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            let message = "the connection ended in the middle of an answer";
            io::Error::new(io::ErrorKind::UnexpectedEof, message)
        }
        _ => error,
    }
}

/// Receives a datagram, or the error that an ICMP message has left.
///
/// Tokio's own `recv` waits for data alone and sleeps through such an error.
async fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        socket.ready(Interest::READABLE | Interest::ERROR).await?;
        match socket.try_recv(buffer) {
            Ok(len) => return Ok(len),
            Err(e) if e.kind() != io::ErrorKind::WouldBlock => return Err(e),
            Err(_) => {}
        }
        match socket.try_io(Interest::ERROR, || pending_error(socket)) {
            Err(e) if e.kind() != io::ErrorKind::WouldBlock => return Err(e),
            _ => {}
        }
    }
}

fn pending_error(socket: &UdpSocket) -> io::Result<()> {
    let error = socket.take_error()?;
    Err(error.unwrap_or_else(|| io::ErrorKind::WouldBlock.into()))
}
