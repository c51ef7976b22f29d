//! Hashing one message, piece by piece, by the well-kept crates.

use sha1::Digest as _;
use smallvec::SmallVec;

use crate::algorithm::Algorithm;
use crate::digest::{Digest, Kind};

/// The state of hashing one message with one algorithm.
pub struct Hasher {
    algorithm: Algorithm,
    state: State,
}

/// The states of hashing one message with several algorithms, mostly one.
pub(crate) type Hashers = SmallVec<[Hasher; 1]>;

enum State {
    Crc32(crc32fast::Hasher),
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha1Detecting(Box<sha1_checked::Sha1>),
    Sha224(sha2::Sha224),
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
    Sha3_256(sha3::Sha3_256),
    Sha3_512(sha3::Sha3_512),
    Blake2b(Box<blake2b_simd::State>),
    Blake3(Box<blake3::Hasher>),
}

impl Hasher {
    /// Starts a message; its digest will have the algorithm's usual length.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        Self::with_len(algorithm, algorithm.digest_len())
    }

    /// Starts a message whose digest will be compared with this one, and so have
    /// its algorithm and length.
    #[must_use]
    pub fn like(digest: &Digest) -> Self {
        Self::of(digest.kind())
    }

    /// Starts a message whose digest will be of this kind.
    pub(crate) fn of(kind: Kind) -> Self {
        Self::with_len(kind.algorithm(), kind.len())
    }

    /// Starts a message whose SHA-1 digest will come with the answer whether the message
    /// [shows a collision](Finished::shows_collision).
    pub(crate) fn detecting() -> Self {
        // The digest is to be SHA-1's own, also where there is a collision.
        let state = sha1_checked::Sha1::builder().safe_hash(false).build();
        Self {
            algorithm: Algorithm::Sha1,
            state: State::Sha1Detecting(Box::new(state)),
        }
    }

    fn with_len(algorithm: Algorithm, len: usize) -> Self {
        let state = match algorithm {
            Algorithm::Crc32 => State::Crc32(crc32fast::Hasher::new()),
            Algorithm::Md5 => State::Md5(md5::Md5::new()),
            Algorithm::Sha1 => State::Sha1(sha1::Sha1::new()),
            Algorithm::Sha224 => State::Sha224(sha2::Sha224::new()),
            Algorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            Algorithm::Sha384 => State::Sha384(sha2::Sha384::new()),
            Algorithm::Sha512 => State::Sha512(sha2::Sha512::new()),
            Algorithm::Sha3_256 => State::Sha3_256(sha3::Sha3_256::new()),
            Algorithm::Sha3_512 => State::Sha3_512(sha3::Sha3_512::new()),
            Algorithm::Blake2b => State::Blake2b(Box::new(blake2b(len))),
            Algorithm::Blake3 => State::Blake3(Box::default()),
        };
        Self { algorithm, state }
    }

    /// Takes the next piece of the message.
    pub fn update(&mut self, piece: &[u8]) {
        match &mut self.state {
            State::Crc32(state) => state.update(piece),
            State::Md5(state) => state.update(piece),
            State::Sha1(state) => state.update(piece),
            State::Sha1Detecting(state) => state.update(piece),
            State::Sha224(state) => state.update(piece),
            State::Sha256(state) => state.update(piece),
            State::Sha384(state) => state.update(piece),
            State::Sha512(state) => state.update(piece),
            State::Sha3_256(state) => state.update(piece),
            State::Sha3_512(state) => state.update(piece),
            State::Blake2b(state) => {
                state.update(piece);
            }
            State::Blake3(state) => {
                state.update(piece);
            }
        }
    }

    /// Ends the message and gives its digest.
    #[must_use]
    pub fn finish(self) -> Digest {
        self.finish_detecting().digest
    }

    /// Ends the message and gives what is known of it.
    pub(crate) fn finish_detecting(self) -> Finished {
        let algorithm = self.algorithm;
        let of = |bytes: &[u8]| Digest::of(algorithm, bytes);
        let mut shows_collision = false;
        let digest = match self.state {
            State::Crc32(state) => of(&state.finalize().to_be_bytes()),
            State::Md5(state) => of(&state.finalize()),
            State::Sha1(state) => of(&state.finalize()),
            State::Sha1Detecting(state) => {
                let result = state.try_finalize();
                shows_collision = result.has_collision();
                of(result.hash())
            }
            State::Sha224(state) => of(&state.finalize()),
            State::Sha256(state) => of(&state.finalize()),
            State::Sha384(state) => of(&state.finalize()),
            State::Sha512(state) => of(&state.finalize()),
            State::Sha3_256(state) => of(&state.finalize()),
            State::Sha3_512(state) => of(&state.finalize()),
            State::Blake2b(state) => of(state.finalize().as_bytes()),
            State::Blake3(state) => of(state.finalize().as_bytes()),
        };
        Finished {
            digest,
            shows_collision,
        }
    }
}

/// What hashing one message gave.
pub(crate) struct Finished {
    pub(crate) digest: Digest,
    /// Whether the message has the signs of a known kind of collision attack, where they
    /// were looked for: another message with the same digest is likely to have been made
    /// together with it.
    pub(crate) shows_collision: bool,
}

/// BLAKE2b with a digest of `len` bytes, which [`Digest`] keeps between 1 and 64.
fn blake2b(len: usize) -> blake2b_simd::State {
    blake2b_simd::Params::new().hash_length(len).to_state()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digests of "abc": FIPS 180-4 and 202, RFC 1321 and 7693, the BLAKE3
    /// paper's test vectors and, for CRC-32, the polynomial of ISO 3309.
    const ABC: [(Algorithm, &str); 11] = [
        (Algorithm::Crc32, "352441c2"),
        (Algorithm::Md5, "900150983cd24fb0d6963f7d28e17f72"),
        (Algorithm::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            Algorithm::Sha224,
            "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
        ),
        (
            Algorithm::Sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            Algorithm::Sha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
             8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            Algorithm::Sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        (
            Algorithm::Sha3_256,
            "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
        ),
        (
            Algorithm::Sha3_512,
            "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e\
             10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
        ),
        (
            Algorithm::Blake2b,
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1\
             7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
        ),
        (
            Algorithm::Blake3,
            "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
        ),
    ];

    #[test]
    fn published_digests_come_out_however_the_message_is_cut() {
        for (algorithm, expected) in ABC {
            for pieces in [&["abc"][..], &["a", "", "bc"], &["a", "b", "c"]] {
                let mut hasher = Hasher::new(algorithm);
                for piece in pieces {
                    hasher.update(piece.as_bytes());
                }
                assert_eq!(hasher.finish().to_string(), expected, "{algorithm}");
            }
        }
    }

    #[test]
    fn a_collision_shows_however_the_message_is_cut() {
        let start = include_bytes!("../../../tests/data/collisions/shattered-1");
        let after: Vec<u8> = [&start[..], b"more"].concat();
        // The blocks that collide end with byte 320.
        for (message, expected) in [(&start[..319], false), (start, true), (&after, true)] {
            for len in [1, 63, 64, 65, message.len()] {
                let (mut plain, mut detecting) =
                    (Hasher::new(Algorithm::Sha1), Hasher::detecting());
                for piece in message.chunks(len) {
                    plain.update(piece);
                    detecting.update(piece);
                }
                let finished = detecting.finish_detecting();
                assert_eq!(finished.shows_collision, expected, "{len}");
                assert_eq!(finished.digest, plain.finish(), "{len}");
            }
        }
    }

    #[test]
    fn a_shorter_blake2b_is_another_function_and_no_cut_one() {
        let expected = "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";
        let digest = Digest::from_hex(Algorithm::Blake2b, expected.as_bytes()).unwrap();
        let mut hasher = Hasher::like(&digest);
        hasher.update(b"abc");
        assert_eq!(hasher.finish(), digest);
    }
}
