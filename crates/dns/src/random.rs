//! Message ids that nobody can guess.

use std::sync::{Mutex, PoisonError};

use rand::rngs::{StdRng, SysRng};
use rand::{RngExt, SeedableRng};

use crate::error::{Error, ErrorKind};

/// A generator seeded by the system when it is made, which is after any fork: siblings
/// draw different numbers.
pub(crate) struct Random(Mutex<StdRng>);

impl Random {
    pub(crate) fn new() -> Result<Self, Error> {
        let seeded = StdRng::try_from_rng(&mut SysRng);
        let failed = |error| ErrorKind::Io(std::io::Error::other(error));
        Ok(Self(Mutex::new(seeded.map_err(failed)?)))
    }

    /// A message id.
    pub(crate) fn id(&self) -> u16 {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .random()
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&self, end: usize) -> usize {
        let mut generator = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        generator.random_range(..end.max(1))
    }
}
