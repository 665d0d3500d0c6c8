//! The findings of an app's check: problems and warnings.

use std::fmt;

/// Everything that keeps an app from serving, each problem with its file and line where it has one.
#[derive(Clone, PartialEq, Eq)]
pub struct Problems(pub(super) Vec<String>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the app cannot start:")?;
        self.0.iter().try_for_each(|problem| write!(formatter, "\n  {problem}"))
    }
}

impl fmt::Debug for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// What is likely wrong with an app that can start all the same, each with file and line; found by [`App::check`](crate::App::check).
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/")]
/// async fn home() -> &'static str {
///     "home"
/// }
///
/// # fn main() {
/// let warnings = app::new().check().unwrap();
/// assert!(warnings.is_empty(), "{warnings}");
/// # }
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Warnings(pub(super) Vec<String>);

impl Warnings {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The warnings, one by one.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// One per line.
impl fmt::Display for Warnings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("\n"))
    }
}

impl fmt::Debug for Warnings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
