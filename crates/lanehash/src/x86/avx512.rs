//! AVX-512: 16 lanes of 32 bits or 8 of 64.

use core::arch::asm;
use core::arch::x86_64::*;

use super::{Arithmetic, DoubleWords, Register, Words, kernels};
use crate::rounds;
use crate::vector::{Pair, Rows};

kernels! { "avx512f,avx512bw":
    /// MD5 in two sets of 16 lanes.
    md5 = Pair<Words<Zmm>>, u32;
    /// SHA-1 in 16 lanes.
    sha1 = Words<Zmm>, u32;
    /// SHA-224 and SHA-256 in 16 lanes.
    sha256 = Words<Zmm>, u32;
    /// SHA-384 and SHA-512 in 8 lanes.
    sha512 = DoubleWords<Zmm>, u64;
}

/// 64 bytes.
#[derive(Clone, Copy)]
struct Zmm(__m512i);

impl Register for Zmm {
    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller vouches for AVX-512 and the bytes.
        Self(unsafe { _mm512_loadu_si512(from.cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: `self` proves AVX-512; the caller vouches for the room.
        unsafe { _mm512_storeu_si512(to.cast(), self.0) }
    }

    #[inline(always)]
    unsafe fn load_columns(pieces: &[&[u8]], step: usize, at: usize) -> Self {
        let from = |i: usize| pieces[i * step].as_ptr().wrapping_add(at).cast();
        // SAFETY: the caller vouches for AVX-512 and the bytes.
        unsafe {
            let first = _mm512_castsi128_si512(_mm_loadu_si128(from(0)));
            let two = _mm512_inserti32x4::<1>(first, _mm_loadu_si128(from(1)));
            let three = _mm512_inserti32x4::<2>(two, _mm_loadu_si128(from(2)));
            Self(_mm512_inserti32x4::<3>(three, _mm_loadu_si128(from(3))))
        }
    }

    #[inline(always)]
    fn shuffle(self, order: &[u8; 16]) -> Self {
        // SAFETY: `self` proves AVX-512; the array has the 16 bytes.
        unsafe {
            let order = _mm512_broadcast_i32x4(_mm_loadu_si128(order.as_ptr().cast()));
            Self(_mm512_shuffle_epi8(self.0, order))
        }
    }

    #[inline(always)]
    fn interleave_words(self, other: Self) -> [Self; 2] {
        // SAFETY: `self` proves AVX-512.
        unsafe {
            let low = _mm512_unpacklo_epi32(self.0, other.0);
            [Self(low), Self(_mm512_unpackhi_epi32(self.0, other.0))]
        }
    }

    #[inline(always)]
    fn interleave_double_words(self, other: Self) -> [Self; 2] {
        // SAFETY: `self` proves AVX-512.
        unsafe {
            let low = _mm512_unpacklo_epi64(self.0, other.0);
            [Self(low), Self(_mm512_unpackhi_epi64(self.0, other.0))]
        }
    }

    #[inline(always)]
    fn opaque(self) -> Self {
        // SAFETY: `self` proves AVX-512.
        unsafe { opaque(self) }
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: `self` proves AVX-512.
        Self(unsafe { _mm512_xor_si512(self.0, other.0) })
    }

    #[inline(always)]
    fn choose(self, set: Self, clear: Self) -> Self {
        // SAFETY: `self` proves AVX-512.
        Self(unsafe { _mm512_ternarylogic_epi32::<0xca>(self.0, set.0, clear.0) })
    }

    #[inline(always)]
    fn majority(self, second: Self, third: Self) -> Self {
        // SAFETY: `self` proves AVX-512.
        Self(unsafe { _mm512_ternarylogic_epi32::<0xe8>(self.0, second.0, third.0) })
    }

    #[inline(always)]
    fn xor_or_not(self, second: Self, third: Self) -> Self {
        // SAFETY: `self` proves AVX-512.
        Self(unsafe { _mm512_ternarylogic_epi32::<0x2d>(self.0, second.0, third.0) })
    }

    #[inline(always)]
    fn parity(self, second: Self, third: Self) -> Self {
        // SAFETY: `self` proves AVX-512.
        Self(unsafe { _mm512_ternarylogic_epi32::<0x96>(self.0, second.0, third.0) })
    }
}

/// Implements [`Arithmetic`] for a width of words.
macro_rules! arithmetic {
    (
        $word:ty as $signed:ty:
        $set1:ident, $add:ident, $rolv:ident, $srlv:ident
    ) => {
        impl Arithmetic<$word> for Zmm {
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
            fn rotl(self, bits: u32) -> Self {
                // SAFETY: `self` proves AVX-512.
                Self(unsafe { $rolv(self.0, $set1(<$signed>::from(bits as i32))) })
            }

            #[inline(always)]
            fn shr(self, bits: u32) -> Self {
                // SAFETY: `self` proves AVX-512.
                Self(unsafe { $srlv(self.0, $set1(<$signed>::from(bits as i32))) })
            }
        }
    };
}

arithmetic! { u32 as i32: _mm512_set1_epi32, _mm512_add_epi32, _mm512_rolv_epi32, _mm512_srlv_epi32 }
arithmetic! { u64 as i64: _mm512_set1_epi64, _mm512_add_epi64, _mm512_rolv_epi64, _mm512_srlv_epi64 }

/// See [`Register::opaque`]. Left alone, the compiler moves constants to the end of a sum, where
/// they make the longest chain of dependent instructions longer.
#[inline]
#[target_feature(enable = "avx512f")]
fn opaque(Zmm(mut register): Zmm) -> Zmm {
    // SAFETY: there is no instruction.
    unsafe {
        asm!("/* {0} */", inout(zmm_reg) register, options(pure, nomem, nostack, preserves_flags));
    }
    Zmm(register)
}

#[cfg(test)]
crate::test::against_soft! { crate::Kernel::Avx512; md5 in 32; sha1 in 16; sha256 in 16; sha512 in 8; }
