//! AVX2: 8 lanes of 32 bits or 4 of 64.

use core::arch::x86_64::*;

use super::kernels;
use crate::rounds;
use crate::vector::{Pair, Rows, Vector, array};

kernels! { "avx2":
    /// MD5 in two sets of 8 lanes.
    md5 = Pair<X8>, u32;
    /// SHA-1 in 8 lanes.
    sha1 = X8, u32;
    /// SHA-224 and SHA-256 in 8 lanes.
    sha256 = X8, u32;
    /// SHA-384 and SHA-512 in 4 lanes.
    sha512 = X4, u64;
}

/// Eight words of 32 bits.
#[derive(Clone, Copy)]
struct X8(__m256i);

/// Four words of 64 bits.
#[derive(Clone, Copy)]
struct X4(__m256i);

/// Implements [`Vector`] for one width; the transposition of a block is the width's own.
macro_rules! vector {
    (
        $vector:ident, $lanes:literal of $word:ty as $signed:ty, $transpose:ident, swap $swap:expr,
        $set1:ident, $add:ident, $sllv:ident, $srlv:ident
    ) => {
        impl Vector for $vector {
            type Word = $word;
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn load(row: &[$word]) -> Self {
                let row = &row[..$lanes];
                // SAFETY: the caller vouches for AVX2; `row` has the 32 bytes.
                Self(unsafe { _mm256_loadu_si256(row.as_ptr().cast()) })
            }

            #[inline(always)]
            fn store(self, row: &mut [$word]) {
                let row = &mut row[..$lanes];
                // SAFETY: `self` proves AVX2; `row` has room for the 32 bytes.
                unsafe { _mm256_storeu_si256(row.as_mut_ptr().cast(), self.0) }
            }

            #[inline(always)]
            unsafe fn load_big_endian(pieces: &[&[u8]], at: usize) -> [Self; 16] {
                // SAFETY: the caller vouches for AVX2 and the length of the pieces; the
                // array has the 16 bytes.
                unsafe {
                    let swap = _mm_loadu_si128($swap.as_ptr().cast());
                    let swap = _mm256_broadcastsi128_si256(swap);
                    let words = $transpose(pieces, at);
                    array(|i| Self(_mm256_shuffle_epi8(words[i], swap)))
                }
            }

            #[inline(always)]
            unsafe fn load_little_endian(pieces: &[&[u8]], at: usize) -> [Self; 16] {
                // SAFETY: the caller vouches for AVX2 and the length of the pieces.
                let words = unsafe { $transpose(pieces, at) };
                array(|i| Self(words[i]))
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                // SAFETY: `self` proves AVX2.
                Self(unsafe { $add(self.0, other.0) })
            }

            #[inline(always)]
            fn add_constant(self, word: $word) -> Self {
                // SAFETY: `self` proves AVX2.
                Self(unsafe { $add(self.0, $set1(word as $signed)) })
            }

            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                // SAFETY: `self` proves AVX2.
                Self(unsafe { _mm256_xor_si256(self.0, other.0) })
            }

            #[inline(always)]
            fn rotl(self, bits: u32) -> Self {
                let rest = 8 * size_of::<$word>() as u32 - bits;
                // SAFETY: `self` proves AVX2.
                let left = unsafe { $sllv(self.0, $set1(<$signed>::from(bits as i32))) };
                // SAFETY: as above.
                Self(unsafe { _mm256_or_si256(left, self.shr(rest).0) })
            }

            #[inline(always)]
            fn shr(self, bits: u32) -> Self {
                // SAFETY: `self` proves AVX2.
                Self(unsafe { $srlv(self.0, $set1(<$signed>::from(bits as i32))) })
            }

            #[inline(always)]
            fn choose(self, set: Self, clear: Self) -> Self {
                // SAFETY: `self` proves AVX2.
                unsafe {
                    let set = _mm256_and_si256(self.0, set.0);
                    Self(_mm256_or_si256(set, _mm256_andnot_si256(self.0, clear.0)))
                }
            }

            #[inline(always)]
            fn majority(self, second: Self, third: Self) -> Self {
                // In SHA-2 the second difference is the first one of the round before.
                let (first, last) = (self.xor(second), second.xor(third));
                // SAFETY: `self` proves AVX2.
                Self(unsafe { _mm256_and_si256(first.0, last.0) }).xor(second)
            }

            #[inline(always)]
            fn xor_or_not(self, second: Self, third: Self) -> Self {
                // SAFETY: `self` proves AVX2.
                unsafe {
                    let not = _mm256_xor_si256(third.0, _mm256_set1_epi32(-1));
                    self.xor(Self(_mm256_or_si256(second.0, not)))
                }
            }
        }
    };
}

vector! {
    X8, 8 of u32 as i32, transpose_words, swap super::SWAP_32,
    _mm256_set1_epi32, _mm256_add_epi32, _mm256_sllv_epi32, _mm256_srlv_epi32
}

vector! {
    X4, 4 of u64 as i64, transpose_double_words, swap super::SWAP_64,
    _mm256_set1_epi64x, _mm256_add_epi64, _mm256_sllv_epi64, _mm256_srlv_epi64
}

/// Reads 64 bytes of each of 8 lanes and gives vector `i` word `i` of each.
///
/// # Safety
/// The CPU has AVX2; 8 pieces have 64 bytes from `at` on.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn transpose_words(pieces: &[&[u8]], at: usize) -> [__m256i; 16] {
    let mut words = [_mm256_setzero_si256(); 16];
    for half in 0..2 {
        // SAFETY: the caller vouches for the bytes.
        let rows: [_; 8] = unsafe { load_lanes(pieces, at + 32 * half) };
        // In each half: two words of two lanes.
        let mut twos = rows;
        for i in 0..4 {
            twos[2 * i] = _mm256_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
            twos[2 * i + 1] = _mm256_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
        }
        // Half `k` of `fours[g][j]`: word `4 * k + j` of lanes `4 * g` to `4 * g + 3`.
        let mut fours = [[rows[0]; 4]; 2];
        for g in 0..2 {
            fours[g][0] = _mm256_unpacklo_epi64(twos[4 * g], twos[4 * g + 2]);
            fours[g][1] = _mm256_unpackhi_epi64(twos[4 * g], twos[4 * g + 2]);
            fours[g][2] = _mm256_unpacklo_epi64(twos[4 * g + 1], twos[4 * g + 3]);
            fours[g][3] = _mm256_unpackhi_epi64(twos[4 * g + 1], twos[4 * g + 3]);
        }
        for j in 0..4 {
            let [low, high] = [fours[0][j], fours[1][j]];
            words[8 * half + j] = _mm256_permute2x128_si256::<0x20>(low, high);
            words[8 * half + j + 4] = _mm256_permute2x128_si256::<0x31>(low, high);
        }
    }
    words
}

/// Reads 128 bytes of each of 4 lanes and gives vector `i` double word `i` of each.
///
/// # Safety
/// The CPU has AVX2; 4 pieces have 128 bytes from `at` on.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn transpose_double_words(pieces: &[&[u8]], at: usize) -> [__m256i; 16] {
    let mut words = [_mm256_setzero_si256(); 16];
    for quarter in 0..4 {
        // SAFETY: the caller vouches for the bytes.
        let rows: [_; 4] = unsafe { load_lanes(pieces, at + 32 * quarter) };
        // Half `k` of `even`: double word `2 * k` of two lanes; of `odd`: `2 * k + 1`.
        let mut even = [rows[0]; 2];
        let mut odd = even;
        for g in 0..2 {
            even[g] = _mm256_unpacklo_epi64(rows[2 * g], rows[2 * g + 1]);
            odd[g] = _mm256_unpackhi_epi64(rows[2 * g], rows[2 * g + 1]);
        }
        let words = &mut words[4 * quarter..][..4];
        words[0] = _mm256_permute2x128_si256::<0x20>(even[0], even[1]);
        words[1] = _mm256_permute2x128_si256::<0x20>(odd[0], odd[1]);
        words[2] = _mm256_permute2x128_si256::<0x31>(even[0], even[1]);
        words[3] = _mm256_permute2x128_si256::<0x31>(odd[0], odd[1]);
    }
    words
}

/// Reads 32 bytes of each of `N` lanes.
///
/// # Safety
/// The CPU has AVX2; `N` pieces have 32 bytes from `at` on.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn load_lanes<const N: usize>(pieces: &[&[u8]], at: usize) -> [__m256i; N] {
    let mut rows = [_mm256_setzero_si256(); N];
    for (row, piece) in rows.iter_mut().zip(pieces) {
        // SAFETY: the caller vouches for the bytes.
        *row = unsafe { _mm256_loadu_si256(piece.as_ptr().add(at).cast()) };
    }
    rows
}

#[cfg(test)]
crate::test::against_soft! { crate::Kernel::Avx2; md5 in 16; sha1 in 8; sha256 in 8; sha512 in 4; }
