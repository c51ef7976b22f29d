//! Canonical-name look-ups in the DNS.
//!
//! [`lookup_cname`] follows the CNAME chain of one name, hop by hop, to the name
//! that has the addresses:
//!
//! ```no_run
//! use checksig_dns::{Options, lookup_cname, parse_nameservers};
//!
//! let options = Options {
//!     nameservers: parse_nameservers("192.0.2.1 [2001:db8::1]:5353")?,
//!     ..Options::default()
//! };
//! let found = lookup_cname(b"www.example.com", &options)?;
//! println!("{} by way of {:?}", found.name, found.chain);
//! # Ok::<(), checksig_dns::Error>(())
//! ```
//!
//! A look-up is one synchronous call and leaves nothing behind: no thread, no cache,
//! no open socket. A child made by `fork` can therefore call it like its parent.
//! The hosts file and the search list of the resolver configuration are not used:
//! every name is absolute, and the DNS alone answers.
#![forbid(unsafe_code)]

mod chain;
mod client;
mod error;
mod lookup;
mod name;
mod nameservers;
mod options;
mod udp;

pub use chain::ChainFault;
pub use error::Error;
pub use lookup::{CanonicalName, lookup_cname};
pub use nameservers::parse_nameservers;
pub use options::Options;
