//! How many questions a second may be sent.

use std::time::{Duration, Instant};

/// A bucket that fills at a rate and holds a twentieth of a second's worth.
pub(crate) struct Pace {
    rate: Option<f64>,
    tokens: f64,
    filled: Instant,
}

impl Pace {
    /// No limit for `None`.
    pub(crate) fn new(rate: Option<f64>, now: Instant) -> Self {
        Self {
            rate,
            tokens: 1.0,
            filled: now,
        }
    }

    /// Takes leave to send one question; or says how long to wait before asking again.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let Some(rate) = self.rate else {
            return Ok(());
        };
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + elapsed * rate).min((rate / 20.0).max(1.0));
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let wait = ((1.0 - self.tokens) / rate).clamp(1e-6, 3600.0);
        Err(Duration::from_secs_f64(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use std::time::{Duration, Instant};

    #[test]
    fn no_more_than_the_rate_whatever_the_steps() {
        let start = Instant::now();
        for step in [1, 7, 100, 2000] {
            let mut pace = Pace::new(Some(1000.0), start);
            let sent: usize = (0..10_000 / step)
                .map(|i| start + Duration::from_millis(step * i))
                .map(|now| (0..10_000).take_while(|_| pace.take(now).is_ok()).count())
                .sum();
            assert!(sent <= 10_001, "{sent}");
            assert!(step > 50 || sent >= 9_900, "{sent}");
        }
    }

    #[test]
    fn slower_than_one_a_second() {
        let start = Instant::now();
        let mut pace = Pace::new(Some(0.5), start);
        assert_eq!(pace.take(start), Ok(()));
        assert_eq!(pace.take(start), Err(Duration::from_secs(2)));
        assert_eq!(pace.take(start + Duration::from_secs(2)), Ok(()));
    }

    #[test]
    fn no_limit() {
        let mut pace = Pace::new(None, Instant::now());
        assert!((0..1_000_000).all(|_| pace.take(Instant::now()).is_ok()));
    }
}
