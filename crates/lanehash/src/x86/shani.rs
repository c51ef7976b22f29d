//! SHA-NI: SHA-1 and SHA-256, two streams interleaved.
//!
//! The instructions of one stream wait for each other; a second stream fills the
//! gaps. One stream alone is left to the crates `sha1` and `sha2`, which use the same
//! instructions.

use core::arch::x86_64::*;

use super::SWAP_32;
use crate::rounds::SHA256_K;
use crate::vector::Rows;

/// Streams that are hashed together.
const STREAMS: usize = 2;

/// Four words of the message or of the state of each stream.
type Streams = [__m128i; STREAMS];

/// Applies groups of four rounds, each a function with a const parameter.
macro_rules! groups {
    ($group:ident, $state:ident, $m:ident; $($t:literal)*) => {
        $( $group::<$t>(&mut $state, &mut $m); )*
    };
}

/// SHA-1 of the first two lanes.
///
/// # Panics
/// If one of the first two pieces has fewer than `blocks` blocks.
#[target_feature(enable = "sha,sse4.1,ssse3")]
pub(crate) fn sha1(rows: &mut Rows<u32>, pieces: &[&[u8]], blocks: usize) {
    check(pieces, blocks);
    let reverse = _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
    // `a` to `d` from the top down, and `e` on top of zeros.
    let mut state = [read(rows, [0, 1, 2, 3]), read(rows, [4, 8, 8, 8])];
    for block in 0..blocks {
        // SAFETY: this function runs only with SSSE3; `check` leaves a block in each piece.
        let mut m = unsafe { load_block(pieces, block, reverse) };
        let before = state;
        groups!(sha1_group, state, m; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19);
        for s in 0..STREAMS {
            state[0][s] = _mm_add_epi32(state[0][s], before[0][s]);
            state[1][s] = _mm_sha1nexte_epu32(state[1][s], before[1][s]);
        }
    }
    write(rows, [0, 1, 2, 3], state[0]);
    write(rows, [4, 8, 8, 8], state[1]);
}

/// Rounds `4 * T` to `4 * T + 3` of SHA-1.
///
/// After the first group the second part of the state is what the first was a group
/// ago: its top word, rotated, is `e`.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn sha1_group<const T: usize>(state: &mut [Streams; 2], m: &mut [Streams; 4]) {
    for s in 0..STREAMS {
        if T >= 4 {
            let far = _mm_sha1msg1_epu32(m[T % 4][s], m[(T + 1) % 4][s]);
            let sum = _mm_xor_si128(far, m[(T + 2) % 4][s]);
            m[T % 4][s] = _mm_sha1msg2_epu32(sum, m[(T + 3) % 4][s]);
        }
        let [abcd, e] = [state[0][s], state[1][s]];
        let word = match T {
            0 => _mm_add_epi32(e, m[0][s]),
            _ => _mm_sha1nexte_epu32(e, m[T % 4][s]),
        };
        let next = match T / 5 {
            0 => _mm_sha1rnds4_epu32::<0>(abcd, word),
            1 => _mm_sha1rnds4_epu32::<1>(abcd, word),
            2 => _mm_sha1rnds4_epu32::<2>(abcd, word),
            _ => _mm_sha1rnds4_epu32::<3>(abcd, word),
        };
        (state[0][s], state[1][s]) = (next, abcd);
    }
}

/// SHA-224 and SHA-256 of the first two lanes.
///
/// # Panics
/// If one of the first two pieces has fewer than `blocks` blocks.
#[target_feature(enable = "sha,sse4.1,ssse3")]
pub(crate) fn sha256(rows: &mut Rows<u32>, pieces: &[&[u8]], blocks: usize) {
    check(pieces, blocks);
    // SAFETY: SSE2 is part of x86-64; the array has the 16 bytes.
    let swap = unsafe { _mm_loadu_si128(SWAP_32.as_ptr().cast()) };
    // The instructions want the words of the state in this order.
    let mut state = [read(rows, [0, 1, 4, 5]), read(rows, [2, 3, 6, 7])];
    for block in 0..blocks {
        // SAFETY: this function runs only with SSSE3; `check` leaves a block in each piece.
        let mut m = unsafe { load_block(pieces, block, swap) };
        let before = state;
        groups!(sha256_group, state, m; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        for s in 0..STREAMS {
            state[0][s] = _mm_add_epi32(state[0][s], before[0][s]);
            state[1][s] = _mm_add_epi32(state[1][s], before[1][s]);
        }
    }
    write(rows, [0, 1, 4, 5], state[0]);
    write(rows, [2, 3, 6, 7], state[1]);
}

/// Rounds `4 * T` to `4 * T + 3` of SHA-256.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn sha256_group<const T: usize>(state: &mut [Streams; 2], m: &mut [Streams; 4]) {
    let constants = &SHA256_K[4 * T..4 * T + 4];
    // SAFETY: SSE2 is part of x86-64; the slice has four words.
    let constants = unsafe { _mm_loadu_si128(constants.as_ptr().cast()) };
    for s in 0..STREAMS {
        if T >= 4 {
            let last = m[(T + 3) % 4][s];
            let far = _mm_sha256msg1_epu32(m[T % 4][s], m[(T + 1) % 4][s]);
            let sum = _mm_add_epi32(far, _mm_alignr_epi8::<4>(last, m[(T + 2) % 4][s]));
            m[T % 4][s] = _mm_sha256msg2_epu32(sum, last);
        }
        let words = _mm_add_epi32(m[T % 4][s], constants);
        let [abef, cdgh] = [state[0][s], state[1][s]];
        let next = _mm_sha256rnds2_epu32(cdgh, abef, words);
        state[1][s] = next;
        state[0][s] = _mm_sha256rnds2_epu32(abef, next, _mm_shuffle_epi32::<0x0e>(words));
    }
}

/// Asserts what [`load_block`] relies on.
fn check(pieces: &[&[u8]], blocks: usize) {
    assert!(
        pieces[..STREAMS]
            .iter()
            .all(|piece| piece.len() / 64 >= blocks)
    );
}

/// Reads one block of each stream, its bytes put into `order`.
///
/// # Safety
/// The CPU has SSSE3; there are two pieces, and each has the block.
#[inline]
#[target_feature(enable = "ssse3")]
unsafe fn load_block(pieces: &[&[u8]], block: usize, order: __m128i) -> [Streams; 4] {
    let mut m = [[order; STREAMS]; 4];
    for (i, words) in m.iter_mut().enumerate() {
        for (word, piece) in words.iter_mut().zip(pieces) {
            // SAFETY: the caller vouches for the 64 bytes, of which these are 16.
            let bytes = unsafe { _mm_loadu_si128(piece.as_ptr().add(64 * block + 16 * i).cast()) };
            *word = _mm_shuffle_epi8(bytes, order);
        }
    }
    m
}

/// Reads four words of the state of each stream, the first one to the top.
///
/// A row that does not exist gives zeros.
#[inline]
#[target_feature(enable = "sse2")]
fn read(rows: &Rows<u32>, which: [usize; 4]) -> Streams {
    let word = |i: usize, s: usize| rows.0.get(which[i]).map_or(0, |row| row[s] as i32);
    [0, 1].map(|s| _mm_set_epi32(word(0, s), word(1, s), word(2, s), word(3, s)))
}

/// Writes back what [`read`] gave.
#[inline]
#[target_feature(enable = "sse4.1")]
fn write(rows: &mut Rows<u32>, which: [usize; 4], words: Streams) {
    for (s, words) in words.into_iter().enumerate() {
        let words = [
            _mm_extract_epi32::<3>(words),
            _mm_extract_epi32::<2>(words),
            _mm_extract_epi32::<1>(words),
            _mm_extract_epi32::<0>(words),
        ];
        for (row, word) in which.into_iter().zip(words) {
            if let Some(row) = rows.0.get_mut(row) {
                row[s] = word as u32;
            }
        }
    }
}

#[cfg(test)]
crate::test::against_soft! { crate::Kernel::ShaNi; sha1 in 2; sha256 in 2; }
