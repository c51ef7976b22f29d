//! Results as lines of text in one buffer.

use std::io::Write;
use std::net::SocketAddr;

use checksig_dns::{CanonicalName, Error};

use super::status_of;
use crate::abi::checksig_status;

/// Lines of results, one after the other.
#[derive(Default)]
pub(super) struct Lines {
    pub(super) text: Vec<u8>,
    /// The server of the last line, and its text: the next line has mostly the same.
    server: Option<(SocketAddr, String)>,
}

impl Lines {
    /// Appends a line: the name's number, the status, whether it is authentic, the server, the
    /// chain, and the message, with tabs between them.
    pub(super) fn push(&mut self, number: u64, outcome: &Result<CanonicalName, Error>) {
        match outcome {
            Ok(found) => {
                self.push_head(number, checksig_status::Ok, found.authenticated);
                self.push_server(found.server);
                self.push_chain(&found.chain);
            }
            Err(error) => {
                self.push_head(number, status_of(error), false);
                self.push_server(error.server);
                self.push_chain(&error.chain);
                // A message may name a path.
                let message = error.to_string().replace(['\t', '\n'], " ");
                self.text.extend_from_slice(message.as_bytes());
            }
        }
        self.text.push(b'\n');
    }

    fn push_head(&mut self, number: u64, status: checksig_status, authentic: bool) {
        let (status, authentic) = (status as i32, u8::from(authentic));
        // Writing to a vector cannot fail.
        drop(write!(self.text, "{number}\t{status}\t{authentic}\t"));
    }

    fn push_server(&mut self, server: Option<SocketAddr>) {
        if let Some(server) = server {
            let known = self.server.take().filter(|(last, _)| *last == server);
            let (_, text) = self
                .server
                .insert(known.unwrap_or_else(|| (server, server.to_string())));
            self.text.extend_from_slice(text.as_bytes());
        }
        self.text.push(b'\t');
    }

    fn push_chain(&mut self, chain: &[String]) {
        for (place, name) in chain.iter().enumerate() {
            if place > 0 {
                self.text.push(b' ');
            }
            self.text.extend_from_slice(name.as_bytes());
        }
        self.text.push(b'\t');
    }
}
