//! The portable kernel: one lane, nothing but Rust. The reference for the others.

use crate::rounds;
use crate::vector::{Rows, Vector};

/// A scalar is a vector of one lane.
macro_rules! scalar {
    ($word:ty) => {
        impl Vector for $word {
            type Word = Self;
            const LANES: usize = 1;

            #[inline(always)]
            unsafe fn load(row: &[Self]) -> Self {
                row[0]
            }

            #[inline(always)]
            fn store(self, row: &mut [Self]) {
                row[0] = self;
            }

            #[inline(always)]
            unsafe fn load_four(pieces: &[&[u8]], at: usize) -> [Self; 4] {
                words(pieces[0], at).map(Self::from_le_bytes)
            }

            #[inline(always)]
            fn swap_bytes(self) -> Self {
                self.swap_bytes()
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            #[inline(always)]
            fn add_constant(self, word: Self) -> Self {
                self.wrapping_add(word)
            }

            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                self ^ other
            }

            #[inline(always)]
            fn rotl(self, bits: u32) -> Self {
                self.rotate_left(bits)
            }

            #[inline(always)]
            fn shr(self, bits: u32) -> Self {
                self >> bits
            }

            #[inline(always)]
            fn choose(self, set: Self, clear: Self) -> Self {
                clear ^ (self & (set ^ clear))
            }

            #[inline(always)]
            fn majority(self, second: Self, third: Self) -> Self {
                (self & second) | (third & (self | second))
            }

            #[inline(always)]
            fn xor_or_not(self, second: Self, third: Self) -> Self {
                self ^ (second | !third)
            }
        }
    };
}

scalar!(u32);
scalar!(u64);

/// The bytes of four words from byte `at` on.
#[inline(always)]
fn words<const N: usize>(piece: &[u8], at: usize) -> [[u8; N]; 4] {
    core::array::from_fn(|i| core::array::from_fn(|j| piece[at + N * i + j]))
}

/// MD5 of the first lane.
pub(crate) fn md5(rows: &mut Rows<u32>, pieces: &[&[u8]], blocks: usize) {
    // SAFETY: scalars ask for no feature.
    unsafe { rounds::md5::<u32>(rows, pieces, blocks) }
}

/// SHA-1 of the first lane.
pub(crate) fn sha1(rows: &mut Rows<u32>, pieces: &[&[u8]], blocks: usize) {
    // SAFETY: scalars ask for no feature.
    unsafe { rounds::sha1::<u32>(rows, pieces, blocks) }
}

/// SHA-224 and SHA-256 of the first lane.
pub(crate) fn sha256(rows: &mut Rows<u32>, pieces: &[&[u8]], blocks: usize) {
    // SAFETY: scalars ask for no feature.
    unsafe { rounds::sha256::<u32>(rows, pieces, blocks) }
}

/// SHA-384 and SHA-512 of the first lane.
pub(crate) fn sha512(rows: &mut Rows<u64>, pieces: &[&[u8]], blocks: usize) {
    // SAFETY: scalars ask for no feature.
    unsafe { rounds::sha512::<u64>(rows, pieces, blocks) }
}
