//! One message at a time through the crates `md-5`, `sha1` and `sha2`, which choose
//! among the instructions of the CPU by themselves.

use crate::vector::Rows;

/// Wraps a compression function of a crate: the state of the first lane goes in and out.
macro_rules! single {
    ($(#[$doc:meta])* $name:ident, $len:literal of $word:ty, $compress:path) => {
        $(#[$doc])*
        ///
        /// # Panics
        /// If the first piece has fewer than `blocks` blocks.
        pub(crate) fn $name(rows: &mut Rows<$word>, pieces: &[&[u8]], blocks: usize) {
            let mut state: [$word; $len] = core::array::from_fn(|i| rows.0[i][0]);
            $compress(&mut state, &pieces[0].as_chunks().0[..blocks]);
            for (row, word) in rows.0.iter_mut().zip(state) {
                row[0] = word;
            }
        }
    };
}

single! {
    /// MD5 of the first lane.
    md5, 4 of u32, md5::block_api::compress
}

single! {
    /// SHA-1 of the first lane.
    sha1, 5 of u32, sha1::block_api::compress
}

single! {
    /// SHA-224 and SHA-256 of the first lane.
    sha256, 8 of u32, sha2::block_api::compress256
}

single! {
    /// SHA-384 and SHA-512 of the first lane.
    sha512, 8 of u64, sha2::block_api::compress512
}

#[cfg(test)]
crate::test::against_soft! { crate::Kernel::Single; md5 in 1; sha1 in 1; sha256 in 1; sha512 in 1; }
