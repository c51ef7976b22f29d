//! Results as lines of text in one buffer.

use std::io::Write;

use checksig_dns::{CanonicalName, Error};

use super::status_of;
use crate::abi::checksig_status;

/// Appends a line: the name's number, the status, whether it is authentic, the server, the
/// chain, and the message, with tabs between them.
pub(super) fn push(buffer: &mut Vec<u8>, number: u64, outcome: &Result<CanonicalName, Error>) {
    let line = match outcome {
        Ok(found) => {
            let status = checksig_status::Ok as i32;
            let authentic = u8::from(found.authenticated);
            let server = found.server.map(|server| server.to_string());
            let server = server.unwrap_or_default();
            write!(buffer, "{number}\t{status}\t{authentic}\t{server}\t")
                .and_then(|()| push_chain(buffer, &found.chain))
                .and_then(|()| buffer.write_all(b"\t"))
        }
        Err(error) => {
            let status = status_of(error) as i32;
            let server = error.server.map(|server| server.to_string());
            let server = server.unwrap_or_default();
            // A message may name a path.
            let message = error.to_string().replace(['\t', '\n'], " ");
            write!(buffer, "{number}\t{status}\t0\t{server}\t")
                .and_then(|()| push_chain(buffer, &error.chain))
                .and_then(|()| write!(buffer, "\t{message}"))
        }
    };
    // Writing to a vector cannot fail.
    drop(line);
    buffer.push(b'\n');
}

fn push_chain(buffer: &mut Vec<u8>, chain: &[String]) -> std::io::Result<()> {
    for (place, name) in chain.iter().enumerate() {
        if place > 0 {
            buffer.write_all(b" ")?;
        }
        buffer.write_all(name.as_bytes())?;
    }
    Ok(())
}
