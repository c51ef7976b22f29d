//! Every kernel against the well-kept crates and the published vectors.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use std::io::Write as _;
use std::ops::ControlFlow;

use common::{cases, oracle, pattern};
use lanehash::{Algorithm, Kernel, Scheduler, Step, hash, hash_many, hash_many_with};

/// Lanes from the first busy one on, as measured, and never.
const CROSSOVERS: [Option<usize>; 3] = [Some(0), None, Some(usize::MAX)];

/// A scheduler whose kernel is used from `crossover` busy lanes on, or from the default number.
fn scheduler<'a>(
    (algorithm, kernel): (Algorithm, Kernel),
    crossover: Option<usize>,
) -> Scheduler<usize, &'a [u8]> {
    let mut scheduler = Scheduler::with_kernel(algorithm, kernel).unwrap();
    if let Some(crossover) = crossover {
        scheduler.set_crossover(crossover);
    }
    scheduler
}

/// Hashes messages in the order given and returns their digests in that order.
fn digests<'a>(mut scheduler: Scheduler<usize, &'a [u8]>, messages: &[&'a [u8]]) -> Vec<Vec<u8>> {
    let mut digests = vec![Vec::new(); messages.len()];
    let end = scheduler.run(
        messages.iter().copied().enumerate(),
        |done| {
            assert_eq!(done.len, messages[done.tag].len() as u64);
            digests[done.tag] = done.result.unwrap().as_bytes().to_vec();
        },
        |step| {
            assert_eq!(step, Step::Progress, "slices do not wait");
            ControlFlow::Continue(())
        },
    );
    assert_eq!(end, ControlFlow::Continue(()));
    digests
}

/// Compares the digests of messages that are hashed together with those of the oracle.
fn check(messages: &[&[u8]]) {
    for algorithm in Algorithm::ALL {
        let expected: Vec<_> = messages
            .iter()
            .map(|message| oracle(algorithm, message))
            .collect();
        for case in Kernel::available().map(|kernel| (algorithm, kernel)) {
            for crossover in CROSSOVERS {
                let found = digests(scheduler(case, crossover), messages);
                for (i, message) in messages.iter().enumerate() {
                    assert_eq!(found[i], expected[i], "{case:?}, {} bytes", message.len());
                }
            }
        }
    }
}

#[test]
fn every_length_alone() {
    let bytes = pattern(4096);
    for case in cases() {
        for crossover in [Some(0), Some(usize::MAX)] {
            for len in 0..=4096 {
                let message = &bytes[..len];
                let found = digests(scheduler(case, crossover), &[message]);
                assert_eq!(found[0], oracle(case.0, message), "{case:?}, {len} bytes");
            }
        }
    }
}

#[test]
fn every_length_in_full_lanes() {
    let bytes = pattern(4096);
    let rising: Vec<&[u8]> = (0..=4096).map(|len| &bytes[..len]).collect();
    check(&rising);
    // 1531 is prime to 4097: neighbours differ by much.
    let mixed: Vec<&[u8]> = (0..=4096).map(|i| &bytes[..i * 1531 % 4097]).collect();
    check(&mixed);
}

#[test]
fn around_lanes_and_blocks() {
    let bytes = pattern(32 * 128 + 1);
    for lanes in [1, 2, 4, 8, 16, 32] {
        for block in [64, 128] {
            let lengths = [
                1,
                lanes - 1,
                lanes,
                lanes * block - 1,
                lanes * block,
                lanes * block + 1,
            ];
            for count in [lanes - 1, lanes, lanes + 1] {
                let messages: Vec<&[u8]> = (0..count)
                    .map(|i| &bytes[..lengths[i % lengths.len()]])
                    .collect();
                check(&messages);
                check(&vec![&bytes[..lanes * block]; count]);
            }
        }
    }
}

#[test]
fn one_long_message_among_short_ones() {
    let bytes = pattern(3 << 20);
    let mut messages: Vec<&[u8]> = (0..100).map(|i| &bytes[..i * 37]).collect();
    messages.insert(50, &bytes);
    check(&messages);
}

const ABC: &[u8] = b"abc";
const TWO_BLOCKS: &[u8] = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
const TWO_LONG_BLOCKS: &[u8] = b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno\
                                 ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

/// The examples of RFC 1321 and of those that NIST publishes for FIPS 180-4.
const VECTORS: &[(Algorithm, &[u8], &str)] = &[
    (Algorithm::Md5, b"", "d41d8cd98f00b204e9800998ecf8427e"),
    (Algorithm::Md5, b"a", "0cc175b9c0f1b6a831c399e269772661"),
    (Algorithm::Md5, ABC, "900150983cd24fb0d6963f7d28e17f72"),
    (
        Algorithm::Md5,
        b"message digest",
        "f96b697d7cb7938d525a2f31aaf161d0",
    ),
    (
        Algorithm::Md5,
        b"abcdefghijklmnopqrstuvwxyz",
        "c3fcd3d76192e4007dfb496cca67e13b",
    ),
    (
        Algorithm::Md5,
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        "d174ab98d277d9f5a5611c2c9f419d9f",
    ),
    (
        Algorithm::Md5,
        b"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
        "57edf4a22be3c955ac49da2e2107b67a",
    ),
    (
        Algorithm::Sha1,
        b"",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    ),
    (
        Algorithm::Sha1,
        ABC,
        "a9993e364706816aba3e25717850c26c9cd0d89d",
    ),
    (
        Algorithm::Sha1,
        TWO_BLOCKS,
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
    ),
    (
        Algorithm::Sha224,
        ABC,
        "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
    ),
    (
        Algorithm::Sha224,
        TWO_BLOCKS,
        "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525",
    ),
    (
        Algorithm::Sha256,
        b"",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ),
    (
        Algorithm::Sha256,
        ABC,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ),
    (
        Algorithm::Sha256,
        TWO_BLOCKS,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ),
    (
        Algorithm::Sha384,
        ABC,
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
         8086072ba1e7cc2358baeca134c825a7",
    ),
    (
        Algorithm::Sha384,
        TWO_LONG_BLOCKS,
        "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712\
         fcc7c71a557e2db966c3e9fa91746039",
    ),
    (
        Algorithm::Sha512,
        ABC,
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
         2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ),
    (
        Algorithm::Sha512,
        TWO_LONG_BLOCKS,
        "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018\
         501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909",
    ),
];

/// A million times `a`.
const MILLION: &[(Algorithm, &str)] = &[
    (Algorithm::Md5, "7707d6ae4e027c70eea2a935c2296f21"),
    (Algorithm::Sha1, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
    (
        Algorithm::Sha224,
        "20794655980c91d8bbb4c1ea97618a4bf03f42581948b2ee4ee7ad67",
    ),
    (
        Algorithm::Sha256,
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    ),
    (
        Algorithm::Sha384,
        "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b\
         07b8b3dc38ecc4ebae97ddd87f3d8985",
    ),
    (
        Algorithm::Sha512,
        "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb\
         de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b",
    ),
];

/// Set in CI: what this machine can test must not be left out.
const FORBID_SKIPS: &str = "CHECKSIG_FORBID_SKIPS";

/// Runs the published vectors in all lanes of every kernel, says which kernels ran, and fails
/// where nothing may be left out if the machine has an instruction set that did not.
#[test]
fn published_vectors_under_every_kernel() {
    let million = vec![b'a'; 1_000_000];
    let long = MILLION
        .iter()
        .map(|(algorithm, digest)| (*algorithm, &million[..], *digest));
    let vectors: Vec<_> = VECTORS.iter().copied().chain(long).collect();
    let mut ran = Vec::new();
    for (algorithm, kernel) in cases() {
        let vectors = vectors.iter().filter(|(of, ..)| *of == algorithm);
        let (messages, expected): (Vec<_>, Vec<_>) = vectors
            .map(|(_, message, digest)| (*message, *digest))
            .unzip();
        for (message, expected) in messages.iter().zip(expected) {
            let found = hash_many_with(algorithm, kernel, &[*message; 33]).unwrap();
            assert!(
                found.iter().all(|digest| digest.to_string() == expected),
                "{kernel}"
            );
        }
        ran.push(kernel);
    }
    // Not `println`, which the harness swallows.
    let names: Vec<_> = Kernel::ALL
        .iter()
        .filter(|k| ran.contains(k))
        .map(|k| k.name())
        .collect();
    writeln!(std::io::stderr(), "kernels that ran: {}", names.join(", ")).unwrap();
    if std::env::var_os(FORBID_SKIPS).is_some_and(|value| !value.is_empty()) {
        for kernel in of_this_machine() {
            assert!(
                ran.contains(&kernel),
                "the machine has {kernel}, which did not run"
            );
        }
    }
}

/// What the machine has, asked of the standard library and not of the crate.
#[cfg(target_arch = "x86_64")]
fn of_this_machine() -> Vec<Kernel> {
    let has = [
        (Kernel::Avx2, is_x86_feature_detected!("avx2")),
        (Kernel::ShaNi, is_x86_feature_detected!("sha")),
        (Kernel::Avx512, is_x86_feature_detected!("avx512f")),
    ];
    has.into_iter()
        .filter(|(_, has)| *has)
        .map(|(kernel, _)| kernel)
        .collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn of_this_machine() -> Vec<Kernel> {
    vec![Kernel::Single]
}

#[test]
fn the_lanes_are_those_of_the_kernel() {
    let lanes = |algorithm, kernel| scheduler((algorithm, kernel), None).lanes();
    for (algorithm, kernel) in cases() {
        let expected = match (kernel, algorithm) {
            (Kernel::Avx512, Algorithm::Md5) => 32,
            (Kernel::Avx512, Algorithm::Sha384 | Algorithm::Sha512) => 8,
            (Kernel::Avx512, _) | (Kernel::Avx2, Algorithm::Md5) => 16,
            (Kernel::Avx2, Algorithm::Sha384 | Algorithm::Sha512) => 4,
            (Kernel::Avx2, _) => 8,
            (Kernel::ShaNi, Algorithm::Sha1 | Algorithm::Sha224 | Algorithm::Sha256) => 2,
            _ => 1,
        };
        assert_eq!(lanes(algorithm, kernel), expected, "{algorithm} {kernel}");
    }
}

#[test]
fn names_are_read_back() {
    assert!(
        Kernel::ALL
            .iter()
            .all(|kernel| kernel.name().parse() == Ok(*kernel))
    );
    assert!(
        Algorithm::ALL
            .iter()
            .all(|of| of.name().to_uppercase().parse() == Ok(*of))
    );
    assert!("avx".parse::<Kernel>().is_err());
    assert!("sha-1".parse::<Algorithm>().is_err());
}

#[test]
fn short_forms() {
    assert!(hash_many::<&[u8]>(Algorithm::Sha1, &[]).is_empty());
    for algorithm in Algorithm::ALL {
        let digest = hash(algorithm, ABC);
        assert_eq!(digest.as_bytes(), oracle(algorithm, ABC));
        assert_eq!(digest.as_bytes().len(), algorithm.digest_len());
        assert_eq!(hash_many(algorithm, &["abc", ""])[0], digest);
        if let Some(kernel) = Kernel::forced() {
            assert_eq!(Kernel::preferred(algorithm), kernel);
        }
    }
}
