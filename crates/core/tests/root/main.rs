//! A root opens regular files inside it and nothing else, whichever resolver is
//! asked, whatever the tree looks like and whoever changes it meanwhile.

#![allow(clippy::unwrap_used, clippy::panic)]

mod list;
mod names;
mod oracle;
mod races;
mod support;
