//! AVX2: 8 lanes of 32 bits or 4 of 64.

use core::arch::x86_64::*;

use super::{Arithmetic, DoubleWords, Register, Words, kernels};
use crate::rounds;
use crate::vector::{Pair, Rows};

kernels! { "avx2":
    /// MD5 in two sets of 8 lanes.
    md5 = Pair<Words<Ymm>>, u32;
    /// SHA-1 in 8 lanes.
    sha1 = Words<Ymm>, u32;
    /// SHA-224 and SHA-256 in 8 lanes.
    sha256 = Words<Ymm>, u32;
    /// SHA-384 and SHA-512 in 4 lanes.
    sha512 = DoubleWords<Ymm>, u64;
}

/// 32 bytes.
#[derive(Clone, Copy)]
struct Ymm(__m256i);

impl Register for Ymm {
    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller vouches for AVX2 and the bytes.
        Self(unsafe { _mm256_loadu_si256(from.cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: `self` proves AVX2; the caller vouches for the room.
        unsafe { _mm256_storeu_si256(to.cast(), self.0) }
    }

    #[inline(always)]
    unsafe fn load_columns(pieces: &[&[u8]], step: usize, at: usize) -> Self {
        let from = |i: usize| pieces[i * step].as_ptr().wrapping_add(at).cast();
        // SAFETY: the caller vouches for AVX2 and the bytes.
        unsafe {
            let first = _mm256_castsi128_si256(_mm_loadu_si128(from(0)));
            Self(_mm256_inserti128_si256::<1>(
                first,
                _mm_loadu_si128(from(1)),
            ))
        }
    }

    #[inline(always)]
    fn shuffle(self, order: &[u8; 16]) -> Self {
        // SAFETY: `self` proves AVX2; the array has the 16 bytes.
        unsafe {
            let order = _mm256_broadcastsi128_si256(_mm_loadu_si128(order.as_ptr().cast()));
            Self(_mm256_shuffle_epi8(self.0, order))
        }
    }

    #[inline(always)]
    fn interleave_words(self, other: Self) -> [Self; 2] {
        // SAFETY: `self` proves AVX2.
        unsafe {
            let low = _mm256_unpacklo_epi32(self.0, other.0);
            [Self(low), Self(_mm256_unpackhi_epi32(self.0, other.0))]
        }
    }

    #[inline(always)]
    fn interleave_double_words(self, other: Self) -> [Self; 2] {
        // SAFETY: `self` proves AVX2.
        unsafe {
            let low = _mm256_unpacklo_epi64(self.0, other.0);
            [Self(low), Self(_mm256_unpackhi_epi64(self.0, other.0))]
        }
    }

    #[inline(always)]
    fn opaque(self) -> Self {
        self
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: `self` proves AVX2.
        Self(unsafe { _mm256_xor_si256(self.0, other.0) })
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

    #[inline(always)]
    fn parity(self, second: Self, third: Self) -> Self {
        self.xor(second).xor(third)
    }
}

/// Implements [`Arithmetic`] for a width of words.
macro_rules! arithmetic {
    (
        $word:ty as $signed:ty:
        $set1:ident, $add:ident, $sllv:ident, $srlv:ident
    ) => {
        impl Arithmetic<$word> for Ymm {
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
            fn rotl(self, bits: u32) -> Self {
                // SAFETY: `self` proves AVX2.
                let left = unsafe { $sllv(self.0, $set1(<$signed>::from(bits as i32))) };
                let right = Arithmetic::<$word>::shr(self, <$word>::BITS - bits);
                // SAFETY: as above.
                Self(unsafe { _mm256_or_si256(left, right.0) })
            }

            #[inline(always)]
            fn shr(self, bits: u32) -> Self {
                // SAFETY: `self` proves AVX2.
                Self(unsafe { $srlv(self.0, $set1(<$signed>::from(bits as i32))) })
            }
        }
    };
}

arithmetic! { u32 as i32: _mm256_set1_epi32, _mm256_add_epi32, _mm256_sllv_epi32, _mm256_srlv_epi32 }
arithmetic! { u64 as i64: _mm256_set1_epi64x, _mm256_add_epi64, _mm256_sllv_epi64, _mm256_srlv_epi64 }

#[cfg(test)]
crate::test::against_soft! { crate::Kernel::Avx2; md5 in 16; sha1 in 8; sha256 in 8; sha512 in 4; }
