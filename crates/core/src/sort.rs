//! Sorting that can be broken off.

use std::cmp::Ordering;

use crate::cancel::Cancel;

/// So many items are sorted in some milliseconds.
const AT_ONCE: usize = 1 << 16;

/// Sorts, or leaves the items as they are, in part, where `cancel` is raised.
pub(crate) fn sort_unstable_by<T>(
    items: &mut [T],
    compare: &impl Fn(&T, &T) -> Ordering,
    cancel: &Cancel,
) {
    if items.len() <= AT_ONCE {
        items.sort_unstable_by(compare);
    } else if !cancel.is_requested() {
        let middle = items.len() / 2;
        let (before, _, after) = items.select_nth_unstable_by(middle, compare);
        sort_unstable_by(before, compare, cancel);
        sort_unstable_by(after, compare, cancel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_items_are_sorted_unless_that_is_broken_off() {
        let mut items: Vec<u64> = (0..500_000)
            .map(|n: u64| n.wrapping_mul(0x9e37_79b9) % 1_000_003)
            .collect();
        let cancel = Cancel::default();
        cancel.request();
        sort_unstable_by(&mut items, &u64::cmp, &cancel);
        assert!(!items.is_sorted());
        sort_unstable_by(&mut items, &u64::cmp, &Cancel::default());
        assert!(items.is_sorted());
    }
}
