//! The CNAME chain: the names met so far, and what makes it endless.

use std::fmt;

use trust_dns_resolver::proto::rr::{Name, RData, Record};

use crate::name;

/// Why a CNAME chain cannot be followed to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainFault {
    /// It comes back to a name that it has been through.
    Repeats,
    /// It has more records than allowed.
    TooLong {
        /// How many are allowed.
        max_hops: usize,
    },
}

impl fmt::Display for ChainFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeats => write!(f, "is a loop"),
            Self::TooLong { max_hops } => write!(f, "is too long (more than {max_hops} records)"),
        }
    }
}

/// The names from the question to the one to ask for next. Never empty.
pub(crate) struct Chain {
    question: Name,
    targets: Vec<Name>,
    max_hops: usize,
}

impl Chain {
    pub(crate) fn new(question: Name, max_hops: usize) -> Self {
        Self {
            question,
            targets: Vec::new(),
            max_hops,
        }
    }

    /// The last name: the canonical one, once the chain has been followed.
    pub(crate) fn last(&self) -> &Name {
        self.targets.last().unwrap_or(&self.question)
    }

    /// Whether the question itself had a CNAME.
    pub(crate) fn has_moved(&self) -> bool {
        !self.targets.is_empty()
    }

    /// Goes as far as these records lead, in whatever order they stand, and says
    /// whether that is any further than before.
    pub(crate) fn follow(&mut self, records: &[Record]) -> Result<bool, ChainFault> {
        let before = self.targets.len();
        while let Some(target) = target(self.last(), records) {
            self.push(target)?;
        }
        Ok(self.targets.len() > before)
    }

    fn push(&mut self, target: Name) -> Result<(), ChainFault> {
        let mut known = std::iter::once(&self.question).chain(&self.targets);
        let repeats = known.any(|name| name::is_same(name, &target));
        self.targets.push(target);
        if repeats {
            return Err(ChainFault::Repeats);
        }
        if self.targets.len() > self.max_hops {
            return Err(ChainFault::TooLong {
                max_hops: self.max_hops,
            });
        }
        Ok(())
    }

    /// The names in DNS text form, the question first.
    pub(crate) fn texts(&self) -> Vec<String> {
        let names = std::iter::once(&self.question).chain(&self.targets);
        names.map(name::text).collect()
    }
}

/// Where the CNAME of `owner` points. A name must not have two; of a server's that
/// has, and rotates them, the least is taken, so that the result stays the same.
fn target(owner: &Name, records: &[Record]) -> Option<Name> {
    let targets = records.iter().filter_map(|record| match &record.data {
        RData::CNAME(cname) if name::is_same(&record.name, owner) => Some(&cname.0),
        _ => None,
    });
    targets.min().cloned()
}
