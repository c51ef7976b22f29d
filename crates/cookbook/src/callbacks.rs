//! Results whose memory the caller provides.

/// The square roots of 1 to `count`, in order.
pub fn square_roots(count: usize) -> impl Iterator<Item = f64> {
    (1..=count).map(|number| (number as f64).sqrt())
}

/// What [`square_roots`] holds, in words: `Square roots of 1 to 5`.
#[must_use]
pub fn square_roots_title(count: usize) -> String {
    match count {
        0 => "No square roots".to_owned(),
        1 => "Square root of 1".to_owned(),
        _ => format!("Square roots of 1 to {count}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_and_their_title() {
        let roots: Vec<f64> = square_roots(4).collect();
        assert_eq!(roots, [1.0, 2_f64.sqrt(), 3_f64.sqrt(), 2.0]);
        assert_eq!(square_roots(0).count(), 0);
        assert_eq!(square_roots_title(0), "No square roots");
        assert_eq!(square_roots_title(1), "Square root of 1");
        assert_eq!(square_roots_title(4), "Square roots of 1 to 4");
    }
}
