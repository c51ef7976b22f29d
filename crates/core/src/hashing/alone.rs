//! One file by itself: with any algorithms, and while another worker reads it if one can.

use std::io::{self, BufRead, ErrorKind};

use smallvec::SmallVec;

use super::Hashed;
use super::source::Source;
use crate::engine::ReadAhead;
use crate::hash::{Finished, Hasher, Hashers};

/// Up to so many bytes a file is hashed in about a millisecond.
pub(super) const SHORT: u64 = 1 << 20;

/// Reads and hashes a file to its end.
pub(super) fn hash(source: &mut Source<'_>, mut hashers: Hashers) -> io::Result<Hashed> {
    while !take_piece(source, &mut hashers)? {
        let is_long = source.status().size.saturating_sub(source.len()) > SHORT;
        let ahead = is_long.then(|| source.shared().read_ahead(source.file()));
        if let Some(ahead) = ahead.flatten() {
            while !take_read(source, &ahead, &mut hashers)? {}
            break;
        }
    }
    let finished: SmallVec<[Finished; 1]> =
        hashers.into_iter().map(Hasher::finish_detecting).collect();
    let digests = finished.iter().map(|finished| finished.digest).collect();
    let shows_collision = finished.iter().any(|finished| finished.shows_collision);
    Ok(source.hashed(digests, shows_collision))
}

/// Hashes what is read next; true at the end.
fn take_piece(source: &mut Source<'_>, hashers: &mut Hashers) -> io::Result<bool> {
    let piece = match source.fill_buf() {
        Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(false),
        piece => piece?,
    };
    let count = piece.len();
    hashers.iter_mut().for_each(|hasher| hasher.update(piece));
    source.consume(count);
    Ok(count == 0)
}

/// Hashes what another worker has read next; true at the end.
fn take_read(
    source: &mut Source<'_>,
    ahead: &ReadAhead,
    hashers: &mut Hashers,
) -> io::Result<bool> {
    let count = ahead.next(|piece| {
        hashers.iter_mut().for_each(|hasher| hasher.update(piece));
        piece.len()
    });
    // The reader goes where the run is to end early.
    let count = count.ok_or(ErrorKind::Other)??;
    source.count(count);
    Ok(count == 0)
}
