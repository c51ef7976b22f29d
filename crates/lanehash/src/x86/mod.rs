//! The kernels for x86-64.

pub(crate) mod avx2;
pub(crate) mod avx512;
pub(crate) mod shani;

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
