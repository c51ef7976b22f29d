//! The states of the messages in the lanes, and which function takes them a step on.

use crate::kernel::{Kernel, Plan, Planned};
use crate::vector::{MAX_LANES, Rows};
use crate::{Algorithm, Digest};

/// So many bytes of a lane a step takes at most, so that a step stays short.
pub(crate) const STEP_BYTES: usize = 128 * 1024;

/// The states of all lanes, whatever their word is.
pub(crate) trait States: Send {
    /// The number of lanes.
    fn lanes(&self) -> usize;

    /// Changes from how many busy lanes on they are hashed together.
    fn set_crossover(&mut self, lanes: usize);

    /// Gives a lane the initial state.
    fn start(&mut self, lane: usize);

    /// Hashes whole blocks from the beginning of the pieces and says how many bytes it took of
    /// each: something of at least one that is not empty. An empty piece leaves its lane as it is.
    fn step(&mut self, pieces: &[&[u8]; MAX_LANES]) -> [usize; MAX_LANES];

    /// What the state of a lane is as a digest.
    fn digest(&self, lane: usize) -> Digest;
}

/// The states for an algorithm under a kernel, which must be available.
pub(crate) fn states(algorithm: Algorithm, kernel: Kernel) -> Box<dyn States> {
    match algorithm {
        Algorithm::Md5 => words(algorithm, kernel, &MD5),
        Algorithm::Sha1 => words(algorithm, kernel, &SHA1),
        Algorithm::Sha224 => words(algorithm, kernel, &SHA224),
        Algorithm::Sha256 => words(algorithm, kernel, &SHA256),
        Algorithm::Sha384 => words(algorithm, kernel, &SHA384),
        Algorithm::Sha512 => words(algorithm, kernel, &SHA512),
    }
}

const MD5: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
const SHA1: [u32; 5] = [
    0x6745_2301,
    0xefcd_ab89,
    0x98ba_dcfe,
    0x1032_5476,
    0xc3d2_e1f0,
];
#[rustfmt::skip]
const SHA224: [u32; 8] = [
    0xc105_9ed8, 0x367c_d507, 0x3070_dd17, 0xf70e_5939, 0xffc0_0b31, 0x6858_1511, 0x64f9_8fa7, 0xbefa_4fa4,
];
#[rustfmt::skip]
const SHA256: [u32; 8] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
];
const SHA384: [u64; 8] = [
    0xcbbb_9d5d_c105_9ed8,
    0x629a_292a_367c_d507,
    0x9159_015a_3070_dd17,
    0x152f_ecd8_f70e_5939,
    0x6733_2667_ffc0_0b31,
    0x8eb4_4a87_6858_1511,
    0xdb0c_2e0d_64f9_8fa7,
    0x47b5_481d_befa_4fa4,
];
const SHA512: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// A word that states are made of.
trait StateWord: Planned + Copy + Send + 'static {
    const ZERO: Self;

    /// Writes the word to bytes of its own length.
    fn write(self, little_endian: bool, bytes: &mut [u8]);
}

impl StateWord for u32 {
    const ZERO: Self = 0;

    fn write(self, little_endian: bool, bytes: &mut [u8]) {
        bytes.copy_from_slice(&if little_endian {
            self.to_le_bytes()
        } else {
            self.to_be_bytes()
        });
    }
}

impl StateWord for u64 {
    const ZERO: Self = 0;

    fn write(self, little_endian: bool, bytes: &mut [u8]) {
        bytes.copy_from_slice(&if little_endian {
            self.to_le_bytes()
        } else {
            self.to_be_bytes()
        });
    }
}

struct WordStates<W> {
    algorithm: Algorithm,
    initial: [W; 8],
    plan: Plan<W>,
    rows: Rows<W>,
    /// The first columns hold the one or two lanes that are hashed by themselves.
    few: Rows<W>,
}

fn words<W: StateWord>(algorithm: Algorithm, kernel: Kernel, words: &[W]) -> Box<dyn States> {
    let initial = core::array::from_fn(|i| words.get(i).copied().unwrap_or(W::ZERO));
    let rows = || Rows([[W::ZERO; MAX_LANES]; 8]);
    let plan = W::plan(algorithm, kernel);
    Box::new(WordStates {
        algorithm,
        initial,
        plan,
        rows: rows(),
        few: rows(),
    })
}

impl<W: StateWord> States for WordStates<W> {
    fn lanes(&self) -> usize {
        self.plan.lanes()
    }

    fn set_crossover(&mut self, lanes: usize) {
        self.plan.set_crossover(lanes);
    }

    fn start(&mut self, lane: usize) {
        for (row, word) in self.rows.0.iter_mut().zip(self.initial) {
            row[lane] = word;
        }
    }

    fn step(&mut self, pieces: &[&[u8]; MAX_LANES]) -> [usize; MAX_LANES] {
        let mut busy = [0; MAX_LANES];
        let mut count = 0;
        for (lane, piece) in pieces.iter().enumerate() {
            if !piece.is_empty() {
                busy[count] = lane;
                count += 1;
            }
        }
        let mut taken = [0; MAX_LANES];
        if self.plan.is_wide(count) {
            self.step_together(pieces, &busy[..count], &mut taken);
        } else {
            let together = if self.plan.has_pair() { 2 } else { 1 };
            for lanes in busy[..count].chunks(together) {
                self.step_few(pieces, lanes, &mut taken);
            }
        }
        taken
    }

    fn digest(&self, lane: usize) -> Digest {
        let mut bytes = [0; 64];
        let little_endian = self.algorithm.little_endian();
        for (row, bytes) in self
            .rows
            .0
            .iter()
            .zip(bytes.chunks_exact_mut(size_of::<W>()))
        {
            row[lane].write(little_endian, bytes);
        }
        Digest::new(bytes, self.algorithm.digest_len())
    }
}

impl<W: StateWord> WordStates<W> {
    /// How many blocks all of `lanes` have.
    fn common_blocks(&self, pieces: &[&[u8]; MAX_LANES], lanes: &[usize]) -> usize {
        let bytes = lanes
            .iter()
            .map(|&lane| pieces[lane].len())
            .min()
            .unwrap_or(0);
        bytes.min(STEP_BYTES) / self.algorithm.block_len()
    }

    /// Hashes all lanes at once. Idle lanes hash what a busy one does and get back the state that
    /// they had: a message may wait in them.
    fn step_together(
        &mut self,
        pieces: &[&[u8]; MAX_LANES],
        busy: &[usize],
        taken: &mut [usize; MAX_LANES],
    ) {
        let blocks = self.common_blocks(pieces, busy);
        let filler = pieces[busy[0]];
        let all = pieces.map(|piece| if piece.is_empty() { filler } else { piece });
        let before = (busy.len() < self.lanes()).then_some(self.rows.0);
        self.plan
            .compress(self.lanes(), &mut self.rows, &all, blocks);
        for (row, before) in self.rows.0.iter_mut().zip(before.iter().flatten()) {
            for (lane, _) in pieces
                .iter()
                .enumerate()
                .filter(|(_, piece)| piece.is_empty())
            {
                row[lane] = before[lane];
            }
        }
        for &lane in busy {
            taken[lane] = blocks * self.algorithm.block_len();
        }
    }

    /// Hashes one lane or two.
    fn step_few(
        &mut self,
        pieces: &[&[u8]; MAX_LANES],
        lanes: &[usize],
        taken: &mut [usize; MAX_LANES],
    ) {
        let blocks = self.common_blocks(pieces, lanes);
        let mut few: [&[u8]; 2] = [&[]; 2];
        for (column, &lane) in lanes.iter().enumerate() {
            few[column] = pieces[lane];
            for (to, from) in self.few.0.iter_mut().zip(&self.rows.0) {
                to[column] = from[lane];
            }
        }
        self.plan.compress(lanes.len(), &mut self.few, &few, blocks);
        for (column, &lane) in lanes.iter().enumerate() {
            taken[lane] = blocks * self.algorithm.block_len();
            for (to, from) in self.rows.0.iter_mut().zip(&self.few.0) {
                to[lane] = from[column];
            }
        }
    }
}
