//! The kernels for x86-64.

pub(crate) mod avx2;
pub(crate) mod avx512;
pub(crate) mod shani;

use crate::vector::{Vector, array};

/// A register of an instruction set.
///
/// Only what touches memory is unsafe: a value exists only where the CPU has the instruction set,
/// so the operations on values may use it.
trait Register: Copy {
    /// Reads a register.
    ///
    /// # Safety
    /// The CPU has the instruction set; so many bytes are there.
    unsafe fn load(from: *const u8) -> Self;

    /// Writes the register.
    ///
    /// # Safety
    /// There is room for so many bytes.
    unsafe fn store(self, to: *mut u8);

    /// Reads 16 bytes from byte `at` on of each `step`-th piece from the first on.
    ///
    /// # Safety
    /// The CPU has the instruction set; there are as many pieces as fill the register, and each
    /// has the bytes.
    unsafe fn load_columns(pieces: &[&[u8]], step: usize, at: usize) -> Self;

    /// Takes the bytes of every 16 in this order.
    fn shuffle(self, order: &[u8; 16]) -> Self;
    /// The words of both in turn, in every 16 bytes: of their lower halves, of their upper halves.
    fn interleave_words(self, other: Self) -> [Self; 2];
    /// The same with double words.
    fn interleave_double_words(self, other: Self) -> [Self; 2];

    /// See [`Vector::opaque`].
    fn opaque(self) -> Self;
    /// Exclusive or.
    fn xor(self, other: Self) -> Self;
    /// See [`Vector::choose`].
    fn choose(self, set: Self, clear: Self) -> Self;
    /// See [`Vector::majority`].
    fn majority(self, second: Self, third: Self) -> Self;
    /// See [`Vector::xor_or_not`].
    fn xor_or_not(self, second: Self, third: Self) -> Self;
    /// See [`Vector::parity`].
    fn parity(self, second: Self, third: Self) -> Self;
}

/// A register full of words of one width.
trait Arithmetic<W>: Register {
    /// See [`Vector::add`].
    fn add(self, other: Self) -> Self;
    /// See [`Vector::add_constant`].
    fn add_constant(self, word: W) -> Self;
    /// See [`Vector::rotl`].
    fn rotl(self, bits: u32) -> Self;
    /// See [`Vector::shr`].
    fn shr(self, bits: u32) -> Self;
}

/// A lane for each word of 32 bits.
#[derive(Clone, Copy)]
struct Words<R>(R);

/// A lane for each word of 64 bits.
#[derive(Clone, Copy)]
struct DoubleWords<R>(R);

impl<R: Register> Words<R> {
    /// See [`Vector::load_four`].
    ///
    /// # Safety
    /// See there.
    #[inline(always)]
    unsafe fn load_four(pieces: &[&[u8]], at: usize) -> [R; 4] {
        // The first register has lanes 0, 4, 8 and so on, so that they end up in order.
        // SAFETY: the caller vouches for the features and for 16 bytes.
        let rows = unsafe {
            [
                R::load_columns(pieces, 4, at),
                R::load_columns(&pieces[1..], 4, at),
                R::load_columns(&pieces[2..], 4, at),
                R::load_columns(&pieces[3..], 4, at),
            ]
        };
        let low = rows[0].interleave_words(rows[1]);
        let high = rows[2].interleave_words(rows[3]);
        let first = low[0].interleave_double_words(high[0]);
        let last = low[1].interleave_double_words(high[1]);
        [first[0], first[1], last[0], last[1]]
    }
}

impl<R: Register> DoubleWords<R> {
    /// See [`Vector::load_four`].
    ///
    /// # Safety
    /// See there.
    #[inline(always)]
    unsafe fn load_four(pieces: &[&[u8]], at: usize) -> [R; 4] {
        // SAFETY: the caller vouches for the features and for 32 bytes.
        let rows = unsafe {
            [
                R::load_columns(pieces, 2, at),
                R::load_columns(&pieces[1..], 2, at),
                R::load_columns(pieces, 2, at + 16),
                R::load_columns(&pieces[1..], 2, at + 16),
            ]
        };
        let first = rows[0].interleave_double_words(rows[1]);
        let last = rows[2].interleave_double_words(rows[3]);
        [first[0], first[1], last[0], last[1]]
    }
}

/// Implements [`Vector`] for a width of words.
macro_rules! vector {
    ($vector:ident of $word:ty, swap $swap:expr) => {
        impl<R: Arithmetic<$word>> Vector for $vector<R> {
            type Word = $word;
            const LANES: usize = size_of::<R>() / size_of::<$word>();

            #[inline(always)]
            unsafe fn load(row: &[$word]) -> Self {
                let row = &row[..Self::LANES];
                // SAFETY: the caller vouches for the features; `row` has the bytes.
                Self(unsafe { R::load(row.as_ptr().cast()) })
            }

            #[inline(always)]
            fn store(self, row: &mut [$word]) {
                let row = &mut row[..Self::LANES];
                // SAFETY: `row` has room for the bytes.
                unsafe { self.0.store(row.as_mut_ptr().cast()) }
            }

            #[inline(always)]
            unsafe fn load_four(pieces: &[&[u8]], at: usize) -> [Self; 4] {
                // SAFETY: the caller vouches for the features and the pieces.
                let words = unsafe { Self::load_four(pieces, at) };
                array(|i| Self(words[i]))
            }

            #[inline(always)]
            fn swap_bytes(self) -> Self {
                Self(self.0.shuffle(&$swap))
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self(self.0.add(other.0))
            }

            #[inline(always)]
            fn add_constant(self, word: $word) -> Self {
                Self(self.0.add_constant(word))
            }

            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                Self(self.0.xor(other.0))
            }

            #[inline(always)]
            fn rotl(self, bits: u32) -> Self {
                Self(self.0.rotl(bits))
            }

            #[inline(always)]
            fn shr(self, bits: u32) -> Self {
                Self(self.0.shr(bits))
            }

            #[inline(always)]
            fn choose(self, set: Self, clear: Self) -> Self {
                Self(self.0.choose(set.0, clear.0))
            }

            #[inline(always)]
            fn majority(self, second: Self, third: Self) -> Self {
                Self(self.0.majority(second.0, third.0))
            }

            #[inline(always)]
            fn xor_or_not(self, second: Self, third: Self) -> Self {
                Self(self.0.xor_or_not(second.0, third.0))
            }

            #[inline(always)]
            fn opaque(self) -> Self {
                Self(self.0.opaque())
            }

            #[inline(always)]
            fn parity(self, second: Self, third: Self) -> Self {
                Self(self.0.parity(second.0, third.0))
            }
        }
    };
}

vector! { Words of u32, swap SWAP_32 }
vector! { DoubleWords of u64, swap SWAP_64 }

/// The functions of a kernel: the rounds over one of its vectors, compiled for its features.
macro_rules! kernels {
    ($features:literal: $($(#[$doc:meta])* $name:ident = $vector:ty, $word:ty;)*) => { $(
        $(#[$doc])*
        #[target_feature(enable = $features)]
        pub(crate) fn $name(rows: &mut Rows<$word>, pieces: &[&[u8]], blocks: usize) {
            // SAFETY: this function runs only where the CPU has the features.
            unsafe { rounds::$name::<$vector>(rows, pieces, blocks) }
        }
    )* };
}
use kernels;

/// The order of bytes that turns the words of 128 bits around.
static SWAP_32: [u8; 16] = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];

/// The same for double words.
static SWAP_64: [u8; 16] = [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8];
