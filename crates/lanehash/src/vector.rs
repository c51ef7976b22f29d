//! What the rounds need of an instruction set.

/// The widest kernel has this many lanes.
pub(crate) const MAX_LANES: usize = 32;

/// The states of all lanes: row `i` holds word `i` of each lane's state.
///
/// A function with fewer words uses the first rows, a kernel with fewer lanes the
/// first columns.
#[repr(align(64))]
pub(crate) struct Rows<W>(pub(crate) [[W; MAX_LANES]; 8]);

/// One word of each of `LANES` lanes.
///
/// Only the constructors are unsafe: a value exists only where the CPU has the
/// instruction set, so the operations on values may use it.
pub(crate) trait Vector: Copy {
    /// The word of a lane, `u32` or `u64`.
    type Word: Copy;
    /// The number of lanes.
    const LANES: usize;

    /// Reads the first `LANES` words of a row.
    ///
    /// # Safety
    /// The CPU has the features of this vector. (A row that is too short panics.)
    unsafe fn load(row: &[Self::Word]) -> Self;

    /// Writes the lanes to the first `LANES` words of a row.
    fn store(self, row: &mut [Self::Word]);

    /// Reads four words from byte `at` of each lane's piece on, least significant byte first.
    ///
    /// # Safety
    /// The CPU has the features of this vector, and `pieces` holds at least `LANES`
    /// pieces, each of which has four words from `at` on.
    unsafe fn load_four(pieces: &[&[u8]], at: usize) -> [Self; 4];

    /// Turns the bytes of each word around.
    fn swap_bytes(self) -> Self;

    /// The sum, modulo the size of a word.
    fn add(self, other: Self) -> Self;
    /// The sum with one word in every lane.
    fn add_constant(self, word: Self::Word) -> Self;
    /// Exclusive or.
    fn xor(self, other: Self) -> Self;
    /// Rotates each word left by `bits`, which must be a constant after inlining.
    fn rotl(self, bits: u32) -> Self;
    /// Shifts each word right by `bits`, which must be a constant after inlining.
    fn shr(self, bits: u32) -> Self;
    /// For each bit of `self`: the bit of `set` where it is 1, else that of `clear`.
    fn choose(self, set: Self, clear: Self) -> Self;
    /// For each bit: what two or three of the vectors have.
    fn majority(self, second: Self, third: Self) -> Self;
    /// `self ^ (second | !third)`.
    fn xor_or_not(self, second: Self, third: Self) -> Self;

    /// The same value, of which the compiler does not know how it came to be: it cannot regroup
    /// a sum across this.
    #[inline(always)]
    fn opaque(self) -> Self {
        self
    }

    /// Exclusive or of three.
    #[inline(always)]
    fn parity(self, second: Self, third: Self) -> Self {
        self.xor(second).xor(third)
    }

    /// Rotates each word right by `bits`, which must be a constant after inlining.
    #[inline(always)]
    fn rotr(self, bits: u32) -> Self {
        self.rotl(8 * size_of::<Self::Word>() as u32 - bits)
    }
}

/// As `core::array::from_fn`, but always inlined: a call that is left in a kernel would not have
/// the kernel's instruction set, and pass its vectors through memory.
#[inline(always)]
pub(crate) fn array<T: Copy, const N: usize>(element: impl Fn(usize) -> T) -> [T; N] {
    let mut all = [element(0); N];
    for (i, place) in all.iter_mut().enumerate().skip(1) {
        *place = element(i);
    }
    all
}

/// The first `N` rows of the lanes of a vector.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
pub(crate) unsafe fn load_rows<V: Vector, const N: usize>(rows: &Rows<V::Word>) -> [V; N] {
    // SAFETY: the caller vouches for the features.
    array(|i| unsafe { V::load(&rows.0[i]) })
}

/// Writes back what [`load_rows`] read.
#[inline(always)]
pub(crate) fn store_rows<V: Vector>(state: &[V], rows: &mut Rows<V::Word>) {
    for (word, row) in state.iter().zip(&mut rows.0) {
        word.store(row);
    }
}

/// Two vectors side by side: twice the lanes.
///
/// A function with a long chain of dependent steps, as MD5 is, leaves half of the
/// CPU's ports idle; two chains fill them.
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "only x86-64 has lanes")
)]
#[derive(Clone, Copy)]
pub(crate) struct Pair<V>(V, V);

impl<V: Vector> Vector for Pair<V> {
    type Word = V::Word;
    const LANES: usize = 2 * V::LANES;

    #[inline(always)]
    unsafe fn load(row: &[V::Word]) -> Self {
        // SAFETY: the caller vouches for the features.
        unsafe { Self(V::load(row), V::load(&row[V::LANES..])) }
    }

    #[inline(always)]
    fn store(self, row: &mut [V::Word]) {
        self.0.store(row);
        self.1.store(&mut row[V::LANES..]);
    }

    #[inline(always)]
    unsafe fn load_four(pieces: &[&[u8]], at: usize) -> [Self; 4] {
        let (low, high) = pieces.split_at(V::LANES);
        // SAFETY: the caller vouches for the features and for both halves of the pieces.
        let (low, high) = unsafe { (V::load_four(low, at), V::load_four(high, at)) };
        array(|i| Self(low[i], high[i]))
    }

    #[inline(always)]
    fn swap_bytes(self) -> Self {
        Self(self.0.swap_bytes(), self.1.swap_bytes())
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.add(other.0), self.1.add(other.1))
    }

    #[inline(always)]
    fn add_constant(self, word: V::Word) -> Self {
        Self(self.0.add_constant(word), self.1.add_constant(word))
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(self.0.xor(other.0), self.1.xor(other.1))
    }

    #[inline(always)]
    fn rotl(self, bits: u32) -> Self {
        Self(self.0.rotl(bits), self.1.rotl(bits))
    }

    #[inline(always)]
    fn shr(self, bits: u32) -> Self {
        Self(self.0.shr(bits), self.1.shr(bits))
    }

    #[inline(always)]
    fn choose(self, set: Self, clear: Self) -> Self {
        Self(self.0.choose(set.0, clear.0), self.1.choose(set.1, clear.1))
    }

    #[inline(always)]
    fn majority(self, second: Self, third: Self) -> Self {
        Self(
            self.0.majority(second.0, third.0),
            self.1.majority(second.1, third.1),
        )
    }

    #[inline(always)]
    fn xor_or_not(self, second: Self, third: Self) -> Self {
        Self(
            self.0.xor_or_not(second.0, third.0),
            self.1.xor_or_not(second.1, third.1),
        )
    }

    #[inline(always)]
    fn opaque(self) -> Self {
        Self(self.0.opaque(), self.1.opaque())
    }

    #[inline(always)]
    fn parity(self, second: Self, third: Self) -> Self {
        Self(
            self.0.parity(second.0, third.0),
            self.1.parity(second.1, third.1),
        )
    }
}
