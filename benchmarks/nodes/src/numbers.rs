//! Which numbers of each publisher a reader has received, and what is wrong with them.

use std::fmt;
use std::ops::Range;

/// How many problems of one reader are kept; the others are only counted.
const KEPT: usize = 5;

/// Checks what one reader receives: of each publisher the numbers from 0 on, each once and in their order.
pub struct Numbers {
    publishers: Vec<Publisher>,
    /// Whether gaps are allowed, and numbers may be missing where there is one.
    may_skip: bool,
    gaps: u64,
    received: u64,
    problems: Problems,
}

#[derive(Default)]
struct Publisher {
    /// The number that comes next.
    next: u64,
    /// The numbers before it that have not come, and whether there was a gap in their place.
    missing: Vec<(Range<u64>, bool)>,
    /// Whether there was a gap since its last number.
    is_behind_gap: bool,
}

/// The first problems in words, and how many there are.
#[derive(Default)]
struct Problems {
    first: Vec<String>,
    count: usize,
}

impl Problems {
    fn add(&mut self, problem: fmt::Arguments<'_>) {
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(problem.to_string());
        }
    }
}

impl Numbers {
    pub fn new(publishers: usize, may_skip: bool) -> Self {
        let publishers = (0..publishers).map(|_| Publisher::default()).collect();
        Self { publishers, may_skip, gaps: 0, received: 0, problems: Problems::default() }
    }

    pub fn gaps(&self) -> u64 {
        self.gaps
    }

    pub fn received(&self) -> u64 {
        self.received
    }

    /// Whether the last numbers have come, if each publisher has published so many.
    pub fn has_come_to(&self, counts: &[u64]) -> bool {
        self.publishers.iter().zip(counts).all(|(publisher, count)| publisher.next >= *count)
    }

    /// Notes that the reader has received a gap.
    pub fn gap(&mut self) {
        self.gaps += 1;
        if !self.may_skip {
            let next: Vec<u64> = self.publishers.iter().map(|publisher| publisher.next).collect();
            self.problems.add(format_args!("a gap, where the numbers {next:?} of the publishers come next"));
        }
        for publisher in &mut self.publishers {
            publisher.is_behind_gap = true;
        }
    }

    /// Notes that the reader has received this number of a publisher.
    pub fn receive(&mut self, publisher: usize, number: u64) {
        self.received += 1;
        let Some(state) = self.publishers.get_mut(publisher) else {
            self.problems.add(format_args!("number {number} of publisher {publisher}, which does not exist"));
            return;
        };
        let expected = state.next;
        if number >= expected {
            if number > expected {
                let is_behind_gap = state.is_behind_gap;
                state.missing.push((expected..number, is_behind_gap));
                if !is_behind_gap {
                    self.problems.add(format_args!(
                        "number {number} of publisher {publisher} where {expected} comes next: a hole"
                    ));
                }
            }
            (state.next, state.is_behind_gap) = (number + 1, false);
        } else if state.take_missing(number) {
            self.problems.add(format_args!(
                "number {number} of publisher {publisher} behind number {}: the wrong order",
                expected - 1
            ));
        } else {
            self.problems
                .add(format_args!("number {number} of publisher {publisher}, which came before: a double"));
        }
    }

    /// Everything that is wrong, once nothing comes any more: each publisher has published so many.
    pub fn problems(mut self, counts: &[u64]) -> Vec<String> {
        for (index, (publisher, count)) in self.publishers.iter_mut().zip(counts).enumerate() {
            if publisher.next < *count {
                publisher.missing.push((publisher.next..*count, publisher.is_behind_gap));
            }
            for (numbers, _) in publisher.missing.iter().filter(|(_, is_behind_gap)| !is_behind_gap) {
                let Range { start, end } = numbers;
                self.problems
                    .add(format_args!("numbers {start} to {} of publisher {index} are lost", end - 1));
            }
        }
        let Problems { mut first, count } = self.problems;
        if count > first.len() {
            first.push(format!("{} problems more", count - first.len()));
        }
        first
    }
}

impl Publisher {
    /// Takes a number out of those that are missing. Returns whether it was one of them.
    fn take_missing(&mut self, number: u64) -> bool {
        let Some(at) = self.missing.iter().position(|(numbers, _)| numbers.contains(&number)) else {
            return false;
        };
        let (Range { start, end }, is_behind_gap) = self.missing.remove(at);
        let rest = [start..number, number + 1..end];
        self.missing.extend(rest.into_iter().filter(|it| !it.is_empty()).map(|it| (it, is_behind_gap)));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The problems of a reader of one publisher that has published five numbers; `None` is a gap.
    #[track_caller]
    fn check(may_skip: bool, received: &[Option<u64>], expected: &[&str]) {
        let mut numbers = Numbers::new(1, may_skip);
        for number in received {
            match number {
                Some(number) => numbers.receive(0, *number),
                None => numbers.gap(),
            }
        }
        assert_eq!(numbers.problems(&[5]), expected);
    }

    const ALL: [Option<u64>; 5] = [Some(0), Some(1), Some(2), Some(3), Some(4)];

    #[test]
    fn each_number_once_and_in_order_is_right() {
        check(false, &ALL, &[]);
        check(true, &ALL, &[]);
    }

    #[test]
    fn what_is_lost_is_named() {
        check(false, &ALL[..3], &["numbers 3 to 4 of publisher 0 are lost"]);
        check(
            false,
            &[Some(0), Some(1), Some(4)],
            &["number 4 of publisher 0 where 2 comes next: a hole", "numbers 2 to 3 of publisher 0 are lost"],
        );
    }

    #[test]
    fn what_comes_twice_or_late_is_named() {
        check(
            false,
            &[Some(0), Some(1), Some(1), Some(2), Some(3), Some(4)],
            &["number 1 of publisher 0, which came before: a double"],
        );
        check(
            false,
            &[Some(0), Some(2), Some(1), Some(3), Some(4)],
            &[
                "number 2 of publisher 0 where 1 comes next: a hole",
                "number 1 of publisher 0 behind number 2: the wrong order",
            ],
        );
        check(
            false,
            &[Some(0), Some(1), Some(2), Some(3), Some(4), Some(4)],
            &["number 4 of publisher 0, which came before: a double"],
        );
    }

    #[test]
    fn a_gap_is_a_problem_unless_it_is_allowed_and_then_stands_for_what_is_missing_there_alone() {
        check(
            false,
            &[&ALL[..3], &[None], &ALL[3..]].concat(),
            &["a gap, where the numbers [3] of the publishers come next"],
        );
        check(true, &[Some(0), None, Some(3), Some(4)], &[]);
        check(true, &[Some(0), Some(1), None], &[]);
        check(
            true,
            &[Some(0), None, Some(2), Some(4)],
            &["number 4 of publisher 0 where 3 comes next: a hole", "numbers 3 to 3 of publisher 0 are lost"],
        );
        check(
            true,
            &[Some(0), None, Some(3), Some(2), Some(4)],
            &["number 2 of publisher 0 behind number 3: the wrong order"],
        );
    }

    #[test]
    fn problems_beyond_the_first_are_counted() {
        let twice: Vec<_> = ALL.iter().chain(&ALL).chain(&ALL).copied().collect();
        let mut numbers = Numbers::new(1, false);
        twice.iter().flatten().for_each(|number| numbers.receive(0, *number));
        let problems = numbers.problems(&[5]);
        assert_eq!((problems.len(), problems.last().map(String::as_str)), (6, Some("5 problems more")));
    }
}
