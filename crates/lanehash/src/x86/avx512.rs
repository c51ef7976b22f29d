//! AVX-512: 16 lanes of 32 bits or 8 of 64.

use core::arch::x86_64::*;

use super::kernels;
use crate::rounds;
use crate::vector::{Pair, Rows, Vector, array};

kernels! { "avx512f,avx512bw":
    /// MD5 in two sets of 16 lanes.
    md5 = Pair<X16>, u32;
    /// SHA-1 in 16 lanes.
    sha1 = X16, u32;
    /// SHA-224 and SHA-256 in 16 lanes.
    sha256 = X16, u32;
    /// SHA-384 and SHA-512 in 8 lanes.
    sha512 = X8, u64;
}

/// Sixteen words of 32 bits.
#[derive(Clone, Copy)]
struct X16(__m512i);

/// Eight words of 64 bits.
#[derive(Clone, Copy)]
struct X8(__m512i);

/// Implements [`Vector`] for one width; the transposition of a block is the width's own.
macro_rules! vector {
    (
        $vector:ident, $lanes:literal of $word:ty as $signed:ty, $transpose:ident, swap $swap:expr,
        $set1:ident, $add:ident, $rolv:ident, $srlv:ident, $ternary:ident
    ) => {
        impl Vector for $vector {
            type Word = $word;
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn load(row: &[$word]) -> Self {
                let row = &row[..$lanes];
                // SAFETY: the caller vouches for AVX-512; `row` has the 64 bytes.
                Self(unsafe { _mm512_loadu_si512(row.as_ptr().cast()) })
            }

            #[inline(always)]
            fn store(self, row: &mut [$word]) {
                let row = &mut row[..$lanes];
                // SAFETY: `self` proves AVX-512; `row` has room for the 64 bytes.
                unsafe { _mm512_storeu_si512(row.as_mut_ptr().cast(), self.0) }
            }

            #[inline(always)]
            unsafe fn load_big_endian(pieces: &[&[u8]], at: usize) -> [Self; 16] {
                // SAFETY: the caller vouches for AVX-512 and the length of the pieces; the
                // array has the 16 bytes.
                unsafe {
                    let swap = _mm_loadu_si128($swap.as_ptr().cast());
                    let swap = _mm512_broadcast_i32x4(swap);
                    let words = $transpose(pieces, at);
                    array(|i| Self(_mm512_shuffle_epi8(words[i], swap)))
                }
            }

            #[inline(always)]
            unsafe fn load_little_endian(pieces: &[&[u8]], at: usize) -> [Self; 16] {
                // SAFETY: the caller vouches for AVX-512 and the length of the pieces.
                let words = unsafe { $transpose(pieces, at) };
                array(|i| Self(words[i]))
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                // SAFETY: `self` proves AVX-512.
                Self(unsafe { $add(self.0, other.0) })
            }

            #[inline(always)]
            fn add_constant(self, word: $word) -> Self {
                // SAFETY: `self` proves AVX-512.
                Self(unsafe { $add(self.0, $set1(word as $signed)) })
            }

            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                // SAFETY: `self` proves AVX-512.
                Self(unsafe { _mm512_xor_si512(self.0, other.0) })
            }

            #[inline(always)]
            fn rotl(self, bits: u32) -> Self {
                // SAFETY: `self` proves AVX-512.
                Self(unsafe { $rolv(self.0, $set1(<$signed>::from(bits as i32))) })
            }

            #[inline(always)]
            fn shr(self, bits: u32) -> Self {
                // SAFETY: `self` proves AVX-512.
                Self(unsafe { $srlv(self.0, $set1(<$signed>::from(bits as i32))) })
            }

            #[inline(always)]
            fn choose(self, set: Self, clear: Self) -> Self {
                // SAFETY: `self` proves AVX-512.
                Self(unsafe { $ternary::<0xca>(self.0, set.0, clear.0) })
            }

            #[inline(always)]
            fn majority(self, second: Self, third: Self) -> Self {
                // SAFETY: `self` proves AVX-512.
                Self(unsafe { $ternary::<0xe8>(self.0, second.0, third.0) })
            }

            #[inline(always)]
            fn xor_or_not(self, second: Self, third: Self) -> Self {
                // SAFETY: `self` proves AVX-512.
                Self(unsafe { $ternary::<0x2d>(self.0, second.0, third.0) })
            }

            #[inline(always)]
            fn parity(self, second: Self, third: Self) -> Self {
                // SAFETY: `self` proves AVX-512.
                Self(unsafe { $ternary::<0x96>(self.0, second.0, third.0) })
            }
        }
    };
}

vector! {
    X16, 16 of u32 as i32, transpose_words, swap super::SWAP_32,
    _mm512_set1_epi32, _mm512_add_epi32, _mm512_rolv_epi32, _mm512_srlv_epi32,
    _mm512_ternarylogic_epi32
}

vector! {
    X8, 8 of u64 as i64, transpose_double_words, swap super::SWAP_64,
    _mm512_set1_epi64, _mm512_add_epi64, _mm512_rolv_epi64, _mm512_srlv_epi64,
    _mm512_ternarylogic_epi64
}

/// Reads 64 bytes of each of 16 lanes and gives vector `i` word `i` of each.
///
/// # Safety
/// The CPU has AVX-512 F; 16 pieces have 64 bytes from `at` on.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn transpose_words(pieces: &[&[u8]], at: usize) -> [__m512i; 16] {
    let mut rows = [_mm512_setzero_si512(); 16];
    for (row, piece) in rows.iter_mut().zip(pieces) {
        // SAFETY: the caller vouches for the bytes.
        *row = unsafe { _mm512_loadu_si512(piece.as_ptr().add(at).cast()) };
    }
    // In each quarter: two words of two lanes.
    let mut twos = rows;
    for i in 0..8 {
        twos[2 * i] = _mm512_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
        twos[2 * i + 1] = _mm512_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
    }
    // Quarter `k` of `fours[j][g]`: word `4 * k + j` of lanes `4 * g` to `4 * g + 3`.
    let mut fours = [[rows[0]; 4]; 4];
    for g in 0..4 {
        fours[0][g] = _mm512_unpacklo_epi64(twos[4 * g], twos[4 * g + 2]);
        fours[1][g] = _mm512_unpackhi_epi64(twos[4 * g], twos[4 * g + 2]);
        fours[2][g] = _mm512_unpacklo_epi64(twos[4 * g + 1], twos[4 * g + 3]);
        fours[3][g] = _mm512_unpackhi_epi64(twos[4 * g + 1], twos[4 * g + 3]);
    }
    let mut words = rows;
    for j in 0..4 {
        let quarters = transpose_quarters(fours[j]);
        for k in 0..4 {
            words[4 * k + j] = quarters[k];
        }
    }
    words
}

/// Reads 128 bytes of each of 8 lanes and gives vector `i` double word `i` of each.
///
/// # Safety
/// The CPU has AVX-512 F; 8 pieces have 128 bytes from `at` on.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn transpose_double_words(pieces: &[&[u8]], at: usize) -> [__m512i; 16] {
    let mut words = [_mm512_setzero_si512(); 16];
    for half in 0..2 {
        let mut rows = [_mm512_setzero_si512(); 8];
        for (row, piece) in rows.iter_mut().zip(pieces) {
            // SAFETY: the caller vouches for the bytes.
            *row = unsafe { _mm512_loadu_si512(piece.as_ptr().add(at + 64 * half).cast()) };
        }
        // Quarter `k` of `twos[j][g]`: double word `2 * k + j` of lanes `2 * g` and `2 * g + 1`.
        let mut twos = [[rows[0]; 4]; 2];
        for g in 0..4 {
            twos[0][g] = _mm512_unpacklo_epi64(rows[2 * g], rows[2 * g + 1]);
            twos[1][g] = _mm512_unpackhi_epi64(rows[2 * g], rows[2 * g + 1]);
        }
        for j in 0..2 {
            let quarters = transpose_quarters(twos[j]);
            for k in 0..4 {
                words[8 * half + 2 * k + j] = quarters[k];
            }
        }
    }
    words
}

/// Gives vector `k` quarter `k` of each.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose_quarters(rows: [__m512i; 4]) -> [__m512i; 4] {
    let low = _mm512_shuffle_i32x4::<0x44>(rows[0], rows[1]);
    let high = _mm512_shuffle_i32x4::<0xee>(rows[0], rows[1]);
    let other_low = _mm512_shuffle_i32x4::<0x44>(rows[2], rows[3]);
    let other_high = _mm512_shuffle_i32x4::<0xee>(rows[2], rows[3]);
    [
        _mm512_shuffle_i32x4::<0x88>(low, other_low),
        _mm512_shuffle_i32x4::<0xdd>(low, other_low),
        _mm512_shuffle_i32x4::<0x88>(high, other_high),
        _mm512_shuffle_i32x4::<0xdd>(high, other_high),
    ]
}

#[cfg(test)]
crate::test::against_soft! { crate::Kernel::Avx512; md5 in 32; sha1 in 16; sha256 in 16; sha512 in 8; }
