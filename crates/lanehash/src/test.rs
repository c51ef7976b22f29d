//! Shared by the tests of the kernels: each against the portable one.

use crate::kernel::{Compress, Kernel};
use crate::vector::{MAX_LANES, Rows};

/// Bytes whose pattern has a period that is prime to every block length.
fn bytes(len: usize, seed: usize) -> Vec<u8> {
    (0..len)
        .map(|i| ((i * 7 + seed * 31) % 251) as u8)
        .collect()
}

/// A word from a number, the upper half of a double word included.
pub(crate) trait FromSeed: Copy + PartialEq + core::fmt::Debug {
    /// Some word that has bits everywhere.
    fn from_seed(seed: usize) -> Self;
}

impl FromSeed for u32 {
    fn from_seed(seed: usize) -> Self {
        (seed as u32 + 1).wrapping_mul(0x9e37_79b9)
    }
}

impl FromSeed for u64 {
    fn from_seed(seed: usize) -> Self {
        (seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// Compares `compress` with `soft` on 0 to 5 blocks in every lane, all states and messages
/// different, the messages not aligned and not of one length.
pub(crate) fn agrees<W: FromSeed>(
    kernel: Kernel,
    lanes: usize,
    compress: Compress<W>,
    soft: Compress<W>,
) {
    if !kernel.is_available() {
        println!("{kernel} skipped: this CPU does not have it");
        return;
    }
    let block_len = 16 * size_of::<W>();
    let messages: Vec<_> = (0..lanes)
        .map(|lane| bytes(6 * block_len + 3 * lane, lane))
        .collect();
    for blocks in 0..=5 {
        let pieces: Vec<_> = messages
            .iter()
            .enumerate()
            .map(|(i, m)| &m[i % 17..])
            .collect();
        let row = |i| core::array::from_fn(|lane| W::from_seed(i * MAX_LANES + lane));
        let initial = || Rows(core::array::from_fn(row));
        let mut rows = initial();
        // SAFETY: the kernel is available.
        unsafe { compress(&mut rows, &pieces, blocks) };
        for lane in 0..lanes {
            let mut expected = initial();
            for row in &mut expected.0 {
                row[0] = row[lane];
            }
            // SAFETY: the portable kernel asks for no feature.
            unsafe { soft(&mut expected, &pieces[lane..=lane], blocks) };
            for (row, expected) in rows.0.iter().zip(&expected.0) {
                assert_eq!(
                    row[lane], expected[0],
                    "{kernel}, lane {lane}, {blocks} blocks"
                );
            }
        }
        let untouched = initial();
        for (row, untouched) in rows.0.iter().zip(&untouched.0) {
            assert_eq!(
                row[lanes..],
                untouched[lanes..],
                "{kernel} wrote beyond its lanes"
            );
        }
    }
}

/// Gives a kernel's file its tests.
macro_rules! against_soft {
    ($kernel:expr; $($name:ident in $lanes:literal;)*) => {
        #[cfg(test)]
        mod tests {
            $(
                #[test]
                fn $name() {
                    crate::test::agrees($kernel, $lanes, super::$name, crate::soft::$name);
                }
            )*
        }
    };
}
pub(crate) use against_soft;
