//! The rounds of every hash function, written once over a vector of lanes.
//!
//! A [`Vector`] holds one word of each lane. An instruction set implements it,
//! and calls the functions of this module from functions that carry its
//! `#[target_feature]`: all here is inlined into those.

use crate::vector::{Rows, Vector, array, load_rows, store_rows};

/// Applies a round with a const parameter to `(state, schedule)`, 16 times from `$from`.
///
/// With something to do before every four rounds: `$i` is the number of rounds before them.
macro_rules! sixteen {
    ($round:ident, $from:literal, $state:ident, $w:ident $(, $i:ident => $first:expr)?) => {
        sixteen!(@ $round, $from, $state, $w, [$($i => $first)?]; 0 1 2 3);
        sixteen!(@ $round, $from, $state, $w, [$($i => $first)?]; 4 5 6 7);
        sixteen!(@ $round, $from, $state, $w, [$($i => $first)?]; 8 9 10 11);
        sixteen!(@ $round, $from, $state, $w, [$($i => $first)?]; 12 13 14 15);
    };
    (@ $round:ident, $from:literal, $state:ident, $w:ident, [$($i:ident => $first:expr)?];
     $t:literal $($more:literal)*) => {
        $( let $i = $t; $first; )?
        $state = $round::<V, { $from + $t }>($state, &mut $w);
        $( $state = $round::<V, { $from + $more }>($state, &mut $w); )*
    };
}

/// Gives a function the loop over blocks: load, sixteen rounds at a time, add.
///
/// The words of a block come in four by four, just before the rounds that want them: so the CPU
/// has rounds to do meanwhile.
macro_rules! compression {
    (
        $(#[$doc:meta])*
        fn $name:ident, words of $word:ty, $len:literal of state, $order:ident,
        $round:ident at 0 $($from:literal)*
    ) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// The CPU has the features that `V` asks for.
        ///
        /// # Panics
        /// If one of the first `V::LANES` pieces has fewer than `blocks` blocks.
        #[inline(always)]
        pub(crate) unsafe fn $name<V: Vector<Word = $word>>(
            rows: &mut Rows<$word>,
            pieces: &[&[u8]],
            blocks: usize,
        ) {
            const WORD: usize = size_of::<$word>();
            let pieces = &pieces[..V::LANES];
            assert!(pieces.iter().all(|piece| piece.len() / (16 * WORD) >= blocks));
            // SAFETY: the caller vouches for the features.
            let mut state: [V; $len] = unsafe { load_rows(rows) };
            for block in 0..blocks {
                let mut w = [state[0]; 16];
                let before = state;
                sixteen!($round, 0, state, w, i => {
                    // SAFETY: as above; the assertion leaves a block in each piece from here.
                    let words = unsafe { V::load_four(pieces, (16 * block + i) * WORD) };
                    w[i..i + 4].copy_from_slice(&array::<_, 4>(|k| $order(words[k])));
                });
                $( sixteen!($round, $from, state, w); )*
                for (word, before) in state.iter_mut().zip(before) {
                    *word = word.add(before);
                }
            }
            store_rows(&state, rows);
        }
    };
}

/// The order of the bytes of MD5.
#[inline(always)]
fn little_endian<V: Vector>(word: V) -> V {
    word
}

/// The order of the bytes of the other functions.
#[inline(always)]
fn big_endian<V: Vector>(word: V) -> V {
    word.swap_bytes()
}

compression! {
    /// MD5.
    fn md5, words of u32, 4 of state, little_endian, md5_round at 0 16 32 48
}

compression! {
    /// SHA-1.
    fn sha1, words of u32, 5 of state, big_endian, sha1_round at 0 16 32 48 64
}

compression! {
    /// SHA-224 and SHA-256.
    fn sha256, words of u32, 8 of state, big_endian, sha256_round at 0 16 32 48
}

compression! {
    /// SHA-384 and SHA-512.
    fn sha512, words of u64, 8 of state, big_endian, sha512_round at 0 16 32 48 64
}

/// So many rounds before its own a word of the message schedule is computed, so that the CPU can
/// put that off to when it has nothing else to do. Four is the most while the words of a block
/// come in four by four.
const AHEAD: usize = 4;

const MD5_SHIFTS: [[u32; 4]; 4] = [
    [7, 12, 17, 22],
    [5, 9, 14, 20],
    [4, 11, 16, 23],
    [6, 10, 15, 21],
];

/// The integer parts of 2^32 |sin(1)|, 2^32 |sin(2)|, and so on.
#[rustfmt::skip]
const MD5_K: [u32; 64] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
    0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
    0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
    0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
    0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
    0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];

#[inline(always)]
fn md5_round<V: Vector<Word = u32>, const T: usize>(
    [a, b, c, d]: [V; 4],
    w: &mut [V; 16],
) -> [V; 4] {
    let (word, mixed) = match T / 16 {
        0 => (T, b.choose(c, d)),
        1 => (5 * T + 1, d.choose(b, c)),
        2 => (3 * T + 5, b.parity(c, d)),
        _ => (7 * T, c.xor_or_not(b, d)),
    };
    // `mixed` waits for `b`, which is the youngest: it comes in last.
    let sum = a
        .add(w[word % 16].add_constant(MD5_K[T]))
        .opaque()
        .add(mixed);
    [d, b.add(sum.rotl(MD5_SHIFTS[T / 16][T % 4])), b, c]
}

const SHA1_K: [u32; 4] = [0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6];

#[inline(always)]
fn sha1_round<V: Vector<Word = u32>, const T: usize>(
    [a, b, c, d, e]: [V; 5],
    w: &mut [V; 16],
) -> [V; 5] {
    let mixed = match T / 20 {
        0 => b.choose(c, d),
        2 => b.majority(c, d),
        _ => b.parity(c, d),
    };
    let rest = e
        .add(w[T % 16].add_constant(SHA1_K[T / 20]))
        .add(mixed)
        .opaque();
    if T + AHEAD >= 16 && T + AHEAD < 80 {
        let t = T + AHEAD;
        let far = w[(t + 13) % 16].parity(w[(t + 8) % 16], w[(t + 2) % 16]);
        w[t % 16] = far.xor(w[t % 16]).rotl(1);
    }
    [rest.add(a.rotl(5)), a, b.rotl(30), c, d]
}

/// The part of a round that SHA-256 and SHA-512 have in common.
///
/// `word` is the word of the message schedule with the round's constant, `sums`
/// are the functions that the standards call Σ0 of `a` and Σ1 of `e`.
#[inline(always)]
fn sha2_round<V: Vector>([a, b, c, d, e, f, g, h]: [V; 8], word: V, sums: [V; 2]) -> [V; 8] {
    let first = h.add(word).opaque().add(e.choose(f, g)).add(sums[1]);
    let second = sums[0].add(a.majority(b, c));
    [first.add(second), a, b, c, d.add(first), e, f, g]
}

/// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
#[rustfmt::skip]
pub(crate) static SHA256_K: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

#[inline(always)]
fn sha256_round<V: Vector<Word = u32>, const T: usize>(state: [V; 8], w: &mut [V; 16]) -> [V; 8] {
    let (a, e) = (state[0], state[4]);
    let sum0 = a.rotr(2).parity(a.rotr(13), a.rotr(22));
    let sum1 = e.rotr(6).parity(e.rotr(11), e.rotr(25));
    let state = sha2_round(state, w[T % 16].add_constant(SHA256_K[T]), [sum0, sum1]);
    if T + AHEAD >= 16 && T + AHEAD < 64 {
        let t = T + AHEAD;
        let (old, new) = (w[(t + 1) % 16], w[(t + 14) % 16]);
        let old = old.rotr(7).parity(old.rotr(18), old.shr(3));
        let new = new.rotr(17).parity(new.rotr(19), new.shr(10));
        w[t % 16] = w[t % 16].add(old).add(w[(t + 9) % 16]).add(new);
    }
    state
}

/// The first 64 bits of the fractional parts of the cube roots of the first 80 primes.
#[rustfmt::skip]
static SHA512_K: [u64; 80] = [
    0x428a_2f98_d728_ae22, 0x7137_4491_23ef_65cd, 0xb5c0_fbcf_ec4d_3b2f, 0xe9b5_dba5_8189_dbbc,
    0x3956_c25b_f348_b538, 0x59f1_11f1_b605_d019, 0x923f_82a4_af19_4f9b, 0xab1c_5ed5_da6d_8118,
    0xd807_aa98_a303_0242, 0x1283_5b01_4570_6fbe, 0x2431_85be_4ee4_b28c, 0x550c_7dc3_d5ff_b4e2,
    0x72be_5d74_f27b_896f, 0x80de_b1fe_3b16_96b1, 0x9bdc_06a7_25c7_1235, 0xc19b_f174_cf69_2694,
    0xe49b_69c1_9ef1_4ad2, 0xefbe_4786_384f_25e3, 0x0fc1_9dc6_8b8c_d5b5, 0x240c_a1cc_77ac_9c65,
    0x2de9_2c6f_592b_0275, 0x4a74_84aa_6ea6_e483, 0x5cb0_a9dc_bd41_fbd4, 0x76f9_88da_8311_53b5,
    0x983e_5152_ee66_dfab, 0xa831_c66d_2db4_3210, 0xb003_27c8_98fb_213f, 0xbf59_7fc7_beef_0ee4,
    0xc6e0_0bf3_3da8_8fc2, 0xd5a7_9147_930a_a725, 0x06ca_6351_e003_826f, 0x1429_2967_0a0e_6e70,
    0x27b7_0a85_46d2_2ffc, 0x2e1b_2138_5c26_c926, 0x4d2c_6dfc_5ac4_2aed, 0x5338_0d13_9d95_b3df,
    0x650a_7354_8baf_63de, 0x766a_0abb_3c77_b2a8, 0x81c2_c92e_47ed_aee6, 0x9272_2c85_1482_353b,
    0xa2bf_e8a1_4cf1_0364, 0xa81a_664b_bc42_3001, 0xc24b_8b70_d0f8_9791, 0xc76c_51a3_0654_be30,
    0xd192_e819_d6ef_5218, 0xd699_0624_5565_a910, 0xf40e_3585_5771_202a, 0x106a_a070_32bb_d1b8,
    0x19a4_c116_b8d2_d0c8, 0x1e37_6c08_5141_ab53, 0x2748_774c_df8e_eb99, 0x34b0_bcb5_e19b_48a8,
    0x391c_0cb3_c5c9_5a63, 0x4ed8_aa4a_e341_8acb, 0x5b9c_ca4f_7763_e373, 0x682e_6ff3_d6b2_b8a3,
    0x748f_82ee_5def_b2fc, 0x78a5_636f_4317_2f60, 0x84c8_7814_a1f0_ab72, 0x8cc7_0208_1a64_39ec,
    0x90be_fffa_2363_1e28, 0xa450_6ceb_de82_bde9, 0xbef9_a3f7_b2c6_7915, 0xc671_78f2_e372_532b,
    0xca27_3ece_ea26_619c, 0xd186_b8c7_21c0_c207, 0xeada_7dd6_cde0_eb1e, 0xf57d_4f7f_ee6e_d178,
    0x06f0_67aa_7217_6fba, 0x0a63_7dc5_a2c8_98a6, 0x113f_9804_bef9_0dae, 0x1b71_0b35_131c_471b,
    0x28db_77f5_2304_7d84, 0x32ca_ab7b_40c7_2493, 0x3c9e_be0a_15c9_bebc, 0x431d_67c4_9c10_0d4c,
    0x4cc5_d4be_cb3e_42b6, 0x597f_299c_fc65_7e2a, 0x5fcb_6fab_3ad6_faec, 0x6c44_198c_4a47_5817,
];

#[inline(always)]
fn sha512_round<V: Vector<Word = u64>, const T: usize>(state: [V; 8], w: &mut [V; 16]) -> [V; 8] {
    let (a, e) = (state[0], state[4]);
    let sum0 = a.rotr(28).parity(a.rotr(34), a.rotr(39));
    let sum1 = e.rotr(14).parity(e.rotr(18), e.rotr(41));
    let state = sha2_round(state, w[T % 16].add_constant(SHA512_K[T]), [sum0, sum1]);
    if T + AHEAD >= 16 && T + AHEAD < 80 {
        let t = T + AHEAD;
        let (old, new) = (w[(t + 1) % 16], w[(t + 14) % 16]);
        let old = old.rotr(1).parity(old.rotr(8), old.shr(7));
        let new = new.rotr(19).parity(new.rotr(61), new.shr(6));
        w[t % 16] = w[t % 16].add(old).add(w[(t + 9) % 16]).add(new);
    }
    state
}
