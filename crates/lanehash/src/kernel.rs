//! Which kernel hashes what: detection, the switch, and the crossover.

use core::fmt;
use core::str::FromStr;
use std::sync::OnceLock;

use crate::Algorithm;
use crate::vector::Rows;
#[cfg(target_arch = "x86_64")]
use crate::x86::{avx2, avx512, shani};
use crate::{single, soft};

/// The environment variable that forces a kernel; read once in a process.
pub const KERNEL_VARIABLE: &str = "LANEHASH_KERNEL";

/// A way to hash: an instruction set and how many messages it takes at once.
///
/// Not every kernel has lanes for every algorithm; where it has none it hashes one
/// message after the other, as [`Kernel::Single`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// Portable Rust, one message at a time, no instruction set assumed.
    Soft,
    /// The crates `md-5`, `sha1` and `sha2`, one message at a time; they use the SHA
    /// instructions of x86-64 and aarch64 by themselves.
    Single,
    /// SHA-NI: SHA-1 and SHA-224/256 of two messages interleaved.
    ShaNi,
    /// AVX2: 16 messages for MD5, 8 for SHA-1 and SHA-224/256, 4 for SHA-384/512.
    Avx2,
    /// AVX-512 (F and BW): 32 messages for MD5, 16 for SHA-1 and SHA-224/256, 8 for SHA-384/512.
    Avx512,
}

impl Kernel {
    /// Every kernel, whether this CPU has it or not.
    pub const ALL: [Self; 5] = [
        Self::Soft,
        Self::Single,
        Self::ShaNi,
        Self::Avx2,
        Self::Avx512,
    ];

    /// The name that [`KERNEL_VARIABLE`] takes: `soft`, `single`, `shani`, `avx2`, `avx512`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Soft => "soft",
            Self::Single => "single",
            Self::ShaNi => "shani",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// Whether this CPU and operating system can run the kernel. Under Miri only
    /// [`Kernel::Soft`] can.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Soft => true,
            Self::Single => cfg!(not(miri)),
            Self::ShaNi | Self::Avx2 | Self::Avx512 => detected(self),
        }
    }

    /// The kernels that this CPU and operating system can run.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kernel| kernel.is_available())
    }

    /// The kernel that [`KERNEL_VARIABLE`] names.
    ///
    /// `None` if the variable is not set, names no kernel, or names one that is not
    /// available: then the choice is automatic. The variable is read once.
    #[must_use]
    pub fn forced() -> Option<Self> {
        static FORCED: OnceLock<Option<Kernel>> = OnceLock::new();
        *FORCED.get_or_init(|| {
            let name = std::env::var(KERNEL_VARIABLE).ok()?;
            name.parse()
                .ok()
                .filter(|kernel: &Self| kernel.is_available())
        })
    }

    /// The kernel for many messages: the one that is forced, else the fastest for `algorithm`.
    #[must_use]
    pub fn preferred(algorithm: Algorithm) -> Self {
        Self::forced().unwrap_or_else(|| {
            let available = |kernel: &&Self| kernel.is_available();
            *by_preference(algorithm)
                .iter()
                .find(available)
                .unwrap_or(&Self::Soft)
        })
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that [`Kernel::from_str`] does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownKernel;

impl fmt::Display for UnknownKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not one of soft, single, shani, avx2, avx512")
    }
}

impl core::error::Error for UnknownKernel {}

/// Reads what [`Kernel::name`] gives.
impl FromStr for Kernel {
    type Err = UnknownKernel;

    fn from_str(name: &str) -> Result<Self, UnknownKernel> {
        Self::ALL
            .into_iter()
            .find(|kernel| kernel.name() == name)
            .ok_or(UnknownKernel)
    }
}

/// A kernel that this CPU does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable(
    /// The kernel that was asked for.
    pub Kernel,
);

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this CPU cannot run the kernel {}", self.0)
    }
}

impl core::error::Error for Unavailable {}

/// What the CPU and the operating system have; the standard library caches it.
#[cfg(all(target_arch = "x86_64", not(miri)))]
fn detected(kernel: Kernel) -> bool {
    use std::arch::is_x86_feature_detected as has;
    match kernel {
        Kernel::ShaNi => has!("sha") && has!("sse4.1") && has!("ssse3"),
        Kernel::Avx2 => has!("avx2"),
        Kernel::Avx512 => has!("avx512f") && has!("avx512bw"),
        Kernel::Soft | Kernel::Single => true,
    }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
fn detected(_: Kernel) -> bool {
    false
}

/// The kernels for an algorithm, the fastest first.
fn by_preference(algorithm: Algorithm) -> &'static [Kernel] {
    use Kernel::{Avx2, Avx512, ShaNi, Single};
    match algorithm {
        // Eight lanes of SHA-256 are slower than two streams of SHA-NI.
        Algorithm::Sha224 | Algorithm::Sha256 => &[Avx512, ShaNi, Avx2, Single],
        Algorithm::Sha1 => &[Avx512, Avx2, ShaNi, Single],
        Algorithm::Md5 | Algorithm::Sha384 | Algorithm::Sha512 => &[Avx512, Avx2, Single],
    }
}

/// From how many busy lanes on the lanes of a kernel beat what is left without them.
///
/// Measured with the benchmark `crossover` on x86-64 with AVX-512 and SHA-NI, one thread:
/// against two streams of SHA-NI where the CPU has them, else against the crates.
///
/// | | with SHA-NI | without |
/// |---|---|---|
/// | MD5, SHA-384/512 | 2 | 2 |
/// | SHA-1 | 7 | 2 |
/// | SHA-224/256, AVX-512 (16 lanes) | 13 | 2 |
/// | SHA-224/256, AVX2 (8 lanes) | 8 | 2 |
///
/// Eight lanes of SHA-256 with AVX2 are always slower than SHA-NI: who forces that kernel
/// gets it when all lanes are busy.
fn crossover(algorithm: Algorithm, kernel: Kernel) -> usize {
    if !Kernel::ShaNi.is_available() {
        return 2;
    }
    match (algorithm, kernel) {
        (Algorithm::Md5 | Algorithm::Sha384 | Algorithm::Sha512, _) => 2,
        (Algorithm::Sha1, _) => 7,
        (Algorithm::Sha224 | Algorithm::Sha256, Kernel::Avx2) => 8,
        (Algorithm::Sha224 | Algorithm::Sha256, _) => 13,
    }
}

/// Hashes `blocks` blocks of each of the first lanes, as many as the kernel has.
///
/// Panics if a piece is too short.
///
/// # Safety
/// The CPU has the features of the kernel.
pub(crate) type Compress<W> = unsafe fn(rows: &mut Rows<W>, pieces: &[&[u8]], blocks: usize);

/// The functions that hash with one kernel, each of which the CPU can run.
pub(crate) struct Plan<W> {
    /// The lanes that the kernel has, and the function for all of them.
    wide: Option<(usize, Compress<W>)>,
    /// Two messages at once, for what the lanes leave.
    pair: Option<Compress<W>>,
    /// One message.
    one: Compress<W>,
    /// See [`crossover`].
    crossover: usize,
}

impl<W> Plan<W> {
    /// How many messages the plan takes at once.
    pub(crate) fn lanes(&self) -> usize {
        let fewest = if self.pair.is_some() { 2 } else { 1 };
        self.wide.map_or(fewest, |(lanes, _)| lanes)
    }

    /// Changes from how many busy lanes on the wide function is used.
    pub(crate) fn set_crossover(&mut self, lanes: usize) {
        self.crossover = lanes;
    }

    /// Whether the wide function is the best one for so many busy lanes.
    pub(crate) fn is_wide(&self, busy: usize) -> bool {
        self.wide.is_some() && busy >= self.crossover.max(1)
    }

    /// Whether there is a function for two.
    pub(crate) fn has_pair(&self) -> bool {
        self.pair.is_some()
    }

    /// Hashes `blocks` blocks of the first `lanes` lanes: all, or two, or one.
    ///
    /// # Panics
    /// If a piece is too short.
    pub(crate) fn compress(
        &self,
        lanes: usize,
        rows: &mut Rows<W>,
        pieces: &[&[u8]],
        blocks: usize,
    ) {
        let compress = match (lanes, self.pair, self.wide) {
            (1, _, _) => self.one,
            (2, Some(pair), _) => pair,
            (_, _, Some((_, wide))) => wide,
            _ => return,
        };
        // SAFETY: a plan has functions of available kernels only.
        unsafe { compress(rows, pieces, blocks) }
    }
}

/// A word that has plans.
pub(crate) trait Planned: Sized {
    /// The functions of a kernel, which must be available, for an algorithm over this word.
    fn plan(algorithm: Algorithm, kernel: Kernel) -> Plan<Self>;
}

impl Planned for u32 {
    fn plan(algorithm: Algorithm, kernel: Kernel) -> Plan<u32> {
        let [soft, single]: [Compress<u32>; 2] = match algorithm {
            Algorithm::Md5 => [soft::md5, single::md5],
            Algorithm::Sha1 => [soft::sha1, single::sha1],
            _ => [soft::sha256, single::sha256],
        };
        let one = if kernel == Kernel::Soft { soft } else { single };
        let crossover = crossover(algorithm, kernel);
        Plan {
            wide: wide_32(algorithm, kernel),
            pair: pair(algorithm, kernel),
            one,
            crossover,
        }
    }
}

impl Planned for u64 {
    fn plan(algorithm: Algorithm, kernel: Kernel) -> Plan<u64> {
        let one = if kernel == Kernel::Soft {
            soft::sha512
        } else {
            single::sha512
        };
        let crossover = crossover(algorithm, kernel);
        Plan {
            wide: wide_64(kernel),
            pair: None,
            one,
            crossover,
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn wide_32(algorithm: Algorithm, kernel: Kernel) -> Option<(usize, Compress<u32>)> {
    match (kernel, algorithm) {
        (Kernel::Avx2, Algorithm::Md5) => Some((16, avx2::md5)),
        (Kernel::Avx2, Algorithm::Sha1) => Some((8, avx2::sha1)),
        (Kernel::Avx2, _) => Some((8, avx2::sha256)),
        (Kernel::Avx512, Algorithm::Md5) => Some((32, avx512::md5)),
        (Kernel::Avx512, Algorithm::Sha1) => Some((16, avx512::sha1)),
        (Kernel::Avx512, _) => Some((16, avx512::sha256)),
        (Kernel::Soft | Kernel::Single | Kernel::ShaNi, _) => None,
    }
}

#[cfg(target_arch = "x86_64")]
fn wide_64(kernel: Kernel) -> Option<(usize, Compress<u64>)> {
    match kernel {
        Kernel::Avx2 => Some((4, avx2::sha512)),
        Kernel::Avx512 => Some((8, avx512::sha512)),
        Kernel::Soft | Kernel::Single | Kernel::ShaNi => None,
    }
}

/// Two streams of SHA-NI serve the kernels with lanes too, for what the lanes leave.
#[cfg(target_arch = "x86_64")]
fn pair(algorithm: Algorithm, kernel: Kernel) -> Option<Compress<u32>> {
    if matches!(kernel, Kernel::Soft | Kernel::Single) || !Kernel::ShaNi.is_available() {
        return None;
    }
    match algorithm {
        Algorithm::Sha1 => Some(shani::sha1),
        Algorithm::Sha224 | Algorithm::Sha256 => Some(shani::sha256),
        _ => None,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn wide_32(_: Algorithm, _: Kernel) -> Option<(usize, Compress<u32>)> {
    None
}

#[cfg(not(target_arch = "x86_64"))]
fn wide_64(_: Kernel) -> Option<(usize, Compress<u64>)> {
    None
}

#[cfg(not(target_arch = "x86_64"))]
fn pair(_: Algorithm, _: Kernel) -> Option<Compress<u32>> {
    None
}
