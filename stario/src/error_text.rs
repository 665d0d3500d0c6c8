//! The text of errors. Their types are the users', so writing a text may panic, which must not replace the failure that the
//! text is about.

use std::error::Error;
use std::fmt::{self, Display, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::panic::panic_message;

/// An error with all its sources on one line, for the log. A panic in the text of one of them ends the line, which says so.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn Error + 'static));

impl Display for Chain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        // The text may end anywhere, and nothing else has been changed.
        let written = catch_unwind(AssertUnwindSafe(|| {
            write!(text, "{}", self.0)?;
            let mut source = self.0.source();
            while let Some(error) = source {
                write!(text, ": {error}")?;
                source = error.source();
            }
            Ok(())
        }));
        formatter.write_str(&text)?;
        match written {
            Ok(written) => written,
            Err(panic) => write!(formatter, "(the error's text panicked: {})", panic_message(&*panic)),
        }
    }
}

/// The text of an error, for its client. `None` if it panics, which is logged.
pub(crate) fn client_text(error: impl Display) -> Option<String> {
    let text = catch_unwind(AssertUnwindSafe(|| error.to_string()));
    text.inspect_err(|panic| {
        tracing::error!(panic = panic_message(&**panic), "the text of an error panicked")
    })
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error whose text panics after its first word.
    #[derive(Debug)]
    struct Broken;

    impl Display for Broken {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("before ")?;
            panic!("no text")
        }
    }

    impl Error for Broken {}

    #[derive(Debug)]
    struct Outer;

    impl Display for Outer {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("outer")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&Broken)
        }
    }

    #[test]
    fn a_text_that_panics_ends_the_line() {
        assert!(Chain(&Broken).to_string().starts_with("before (the error's text panicked: no text"));
        assert!(Chain(&Outer).to_string().starts_with("outer: before (the error's text panicked: no text"));
        assert_eq!(client_text(Outer).as_deref(), Some("outer"));
        assert_eq!(client_text(Broken), None);
    }
}
