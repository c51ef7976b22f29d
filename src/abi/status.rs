//! How a function says that it failed.

/// What a function that can fail returns. Numbers are never reused.
///
/// The message of the failure is `checksig_last_error_message`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum checksig_status {
    /// All went well; the out-parameters are written.
    Ok = 0,
    /// A NULL, misaligned or overlapping pointer, a negative or overlong length, text
    /// that is not UTF-8 where UTF-8 is wanted, or the name of nothing that is known.
    InvalidArgument = 1,
    /// The caller's buffer is too small for the result.
    BufferTooSmall = 2,
    /// The caller's allocator gave no memory.
    NoMemory = 3,
    /// A bug in this library: it caught itself in a state it ruled out. The call
    /// had no result; the library can still be used.
    Panic = 4,
    /// A directory, a checksum manifest or a file cannot be opened, read or written.
    Io = 5,
    /// A checksum manifest is not text that a checksum tool writes, can't state an entry
    /// in its format, or is one of several of which none was named.
    Manifest = 6,
    /// Not a host name that can be looked up; nothing was sent.
    DnsBadName = 7,
    /// A name server's address is malformed, or there is none to ask.
    DnsBadNameserver = 8,
    /// The domain name does not exist.
    DnsNxdomain = 9,
    /// The domain name exists, but has no address.
    DnsNoAnswer = 10,
    /// The name server failed (SERVFAIL).
    DnsServfail = 11,
    /// The name server refused to answer (REFUSED).
    DnsRefused = 12,
    /// No answer came before the deadline.
    DnsTimeout = 13,
    /// The aliases lead in a circle, or there are too many in a row.
    DnsCnameLoop = 14,
    /// Any other failure to look a name up: the network, or a rubbish answer.
    DnsFailed = 15,
    /// What the servers say is not signed as the trust anchors demand.
    DnsBogus = 16,
    /// The call was ended early, since its flag was raised.
    Cancelled = 17,
}

/// A failed call: what it returns, and what it leaves as the last error.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: checksig_status,
    /// Bytes, since it may name a path.
    pub(crate) message: Vec<u8>,
    /// The line of a manifest that the failure is about, from 1; 0 for none.
    pub(crate) line: u64,
}

impl Failure {
    pub(crate) fn new(status: checksig_status, message: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            message: message.into(),
            line: 0,
        }
    }

    pub(crate) fn invalid(message: impl Into<Vec<u8>>) -> Self {
        Self::new(checksig_status::InvalidArgument, message)
    }

    /// The caller's buffer `name` of `length` bytes can't take a text.
    pub(crate) fn too_small(name: &str, length: i64) -> Self {
        Self::new(
            checksig_status::BufferTooSmall,
            format!("{name} has {length} bytes, too few for the text and its NUL"),
        )
    }
}
