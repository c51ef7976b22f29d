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
//! println!("{} by way of {:?}", found.name(), found.chain);
//! # Ok::<(), checksig_dns::Error>(())
//! ```
//!
//! A look-up is one synchronous call and leaves nothing behind but what the system's files
//! say: no thread, no answer, no open socket. A child made by `fork` can therefore call it like its parent.
//!
//! [`Bulk`] looks many names up at once, on the caller's thread.
#![forbid(unsafe_code)]

mod bulk;
mod chain;
mod error;
mod exchange;
mod health;
mod hosts;
mod kept;
mod lookup;
mod message;
mod name;
mod nameservers;
mod options;
mod pace;
mod plan;
mod random;
mod resolver;
mod validate;
mod walk;

pub use bulk::Bulk;
pub use chain::ChainFault;
pub use error::{Error, ErrorKind};
pub use lookup::{CanonicalName, lookup_cname};
pub use nameservers::parse_nameservers;
pub use options::{Engine, Options};
