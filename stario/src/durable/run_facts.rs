//! What the exchange of a run knows of it.

/// One run of a stored command, as its parameters see it.
#[derive(Debug)]
pub(crate) struct RunFacts {
    pub(crate) attempt: u32,
    pub(crate) attempts: u32,
    pub(crate) key: String,
}
