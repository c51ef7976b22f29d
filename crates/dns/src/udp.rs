//! UDP sockets connected to their server.
//!
//! Hickory's own sockets are not connected, so the kernel has no one to tell that a
//! port is closed, and every look-up there takes until its deadline.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{Interest, ReadBuf};
use tokio::net::UdpSocket;
use trust_dns_resolver::net::runtime::{
    DnsUdpSocket, RuntimeProvider, TokioHandle, TokioRuntimeProvider, TokioTime,
};

type IoFuture<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

/// The tokio provider of hickory with connected UDP sockets.
#[derive(Clone, Default)]
pub(crate) struct Provider(TokioRuntimeProvider);

impl RuntimeProvider for Provider {
    type Handle = TokioHandle;
    type Timer = TokioTime;
    type Udp = ConnectedUdp;
    type Tcp = <TokioRuntimeProvider as RuntimeProvider>::Tcp;

    fn create_handle(&self) -> Self::Handle {
        self.0.create_handle()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        local: Option<SocketAddr>,
        timeout: Option<Duration>,
    ) -> IoFuture<Self::Tcp> {
        self.0.connect_tcp(server, local, timeout)
    }

    fn bind_udp(&self, local: SocketAddr, server: SocketAddr) -> IoFuture<Self::Udp> {
        Box::pin(async move {
            let socket = UdpSocket::bind(local).await?;
            socket.connect(server).await?;
            Ok(ConnectedUdp { socket, server })
        })
    }
}

/// A socket that sends to one server and receives from that server alone.
pub(crate) struct ConnectedUdp {
    socket: UdpSocket,
    server: SocketAddr,
}

impl ConnectedUdp {
    /// Receives a datagram, or the error that an ICMP message has left.
    ///
    /// Tokio's own `recv` waits for data alone and sleeps through such an error.
    async fn receive(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        loop {
            self.socket
                .ready(Interest::READABLE | Interest::ERROR)
                .await?;
            match self.socket.try_recv(buf) {
                Ok(len) => return Ok((len, self.server)),
                Err(e) if e.kind() != io::ErrorKind::WouldBlock => return Err(e),
                Err(_) => {}
            }
            match self.socket.try_io(Interest::ERROR, || self.pending_error()) {
                Err(e) if e.kind() != io::ErrorKind::WouldBlock => return Err(e),
                _ => {}
            }
        }
    }

    fn pending_error(&self) -> io::Result<()> {
        let error = self.socket.take_error()?;
        Err(error.unwrap_or_else(|| io::ErrorKind::WouldBlock.into()))
    }
}

impl DnsUdpSocket for ConnectedUdp {
    type Time = TokioTime;

    fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        let mut buf = ReadBuf::new(buf);
        ready!(self.socket.poll_recv(cx, &mut buf))?;
        Poll::Ready(Ok((buf.filled().len(), self.server)))
    }

    // An `async fn` of the trait, in the form that its macro gives it.
    fn recv_from<'socket, 'buf, 'future>(
        &'socket self,
        buf: &'buf mut [u8],
    ) -> Pin<Box<dyn Future<Output = io::Result<(usize, SocketAddr)>> + Send + 'future>>
    where
        'socket: 'future,
        'buf: 'future,
        Self: 'future,
    {
        Box::pin(self.receive(buf))
    }

    /// Sends to the server; some systems refuse a target on a connected socket.
    fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        _target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.socket.poll_send(cx, buf)
    }
}
