//! Values that come again and again.

use std::collections::HashMap;
use std::hash::Hash;

/// Values of which each is kept once, and has a number.
#[derive(Debug)]
pub(crate) struct Distinct<T> {
    values: Vec<T>,
    numbers: HashMap<T, u64>,
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            numbers: HashMap::new(),
        }
    }
}

impl<T: Copy + Eq + Hash> Distinct<T> {
    /// The number of a value, which it gets where it has none.
    pub(crate) fn number_of(&mut self, value: T) -> u64 {
        *self.numbers.entry(value).or_insert_with(|| {
            self.values.push(value);
            self.values.len() as u64 - 1
        })
    }

    /// The value of a number.
    pub(crate) fn get(&self, number: u64) -> Option<T> {
        self.values.get(usize::try_from(number).ok()?).copied()
    }
}
