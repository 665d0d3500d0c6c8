//! Which problems the log has already: those of other nodes, and that the store is away.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many problems are remembered. Beyond, all are forgotten, and logged again.
const MAX: usize = 256;

/// The problems that were found, each by its node and its cause.
#[derive(Default)]
pub(super) struct Problems(Mutex<HashSet<(String, String)>>);

impl Problems {
    /// Notes a problem. Returns whether the node has had none with this cause.
    pub(super) fn is_new(&self, node: &str, problem: &str) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == MAX {
            known.clear();
        }
        known.insert((node.to_owned(), cause(problem)))
    }
}

/// The text of a problem without what differs from record to record: numbers, and what stands in quotation marks.
fn cause(problem: &str) -> String {
    let outside = problem.split('"').step_by(2);
    outside.flat_map(str::chars).filter(|character| !character.is_ascii_digit()).collect()
}

/// Whether calls of the store fail, which the log says once.
pub(super) struct Outage {
    message: &'static str,
    has_begun: AtomicBool,
}

impl Outage {
    pub(super) fn new(message: &'static str) -> Self {
        Self { message, has_begun: AtomicBool::new(false) }
    }

    pub(super) fn begin(&self, error: &(dyn std::error::Error + 'static)) {
        if !self.has_begun.swap(true, Ordering::Relaxed) {
            tracing::warn!(error, "{}", self.message);
        }
    }

    pub(super) fn end(&self) {
        if self.has_begun.swap(false, Ordering::Relaxed) {
            tracing::info!("a presence reaches its store again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_new_once_for_each_node_and_cause() {
        let problems = Problems::default();
        let missing = "missing field `name` at line 1 column 70";
        assert!(problems.is_new("a", missing));
        assert!(!problems.is_new("a", "missing field `name` at line 1 column 71"));
        assert!(problems.is_new("b", missing));
        assert!(problems.is_new("a", r#"invalid type: string "Ada", expected u32 at line 1 column 9"#));
        assert!(!problems.is_new("a", r#"invalid type: string "Ben", expected u32 at line 1 column 12"#));
        assert!(!problems.is_new("a", missing));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let problems = Problems::default();
        for node in 0..10 * MAX {
            assert!(problems.is_new(&node.to_string(), "x"));
        }
        assert!(problems.0.lock().unwrap().len() <= MAX);
    }
}
