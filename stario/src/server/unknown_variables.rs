//! Variables of the environment whose names are misspelled, which would else be ignored in silence.

/// Logs a warning for each of `names` that begins as stario's do and is not `known`.
pub(super) fn warn(names: impl Iterator<Item = String>, known: &[String]) {
    for (name, nearest) in find(names, known) {
        tracing::warn!(
            "the environment variable {name} is unknown and has no effect: the nearest name is {nearest}"
        );
    }
}

/// The unknown names, each with the known one that is nearest.
fn find(names: impl Iterator<Item = String>, known: &[String]) -> Vec<(String, &str)> {
    let mut unknown: Vec<_> = names
        .filter(|name| name.starts_with("STARIO_") && !known.contains(name))
        .filter_map(|name| {
            let nearest = known.iter().min_by_key(|candidate| distance(&name, candidate))?;
            Some((name, nearest.as_str()))
        })
        .collect();
    unknown.sort();
    unknown
}

/// How many letters must be inserted, removed or replaced to make one name of the other (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    // The distances of what was read of `left` so far to each beginning of `right`.
    let mut distances: Vec<usize> = (0..=right.len()).collect();
    for (row, left) in left.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut distances[0], row + 1);
        for (column, right) in right.bytes().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = distances[column + 1];
            distances[column + 1] = replaced.min(diagonal + 1).min(distances[column] + 1);
        }
    }
    distances[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_letters() {
        let check = |left, right, expected| {
            assert_eq!((distance(left, right), distance(right, left)), (expected, expected));
        };
        check("", "abc", 3);
        check("port", "port", 0);
        check("prot", "port", 2);
        check("kitten", "sitting", 3);
    }

    #[test]
    fn an_unknown_name_is_found_with_the_nearest() {
        let known = ["STARIO_PORT", "STARIO_HOST", "STARIO_LOG_FORMAT"].map(str::to_owned);
        let names = ["STARIO_PORT", "STARIO_PROT", "STARIO_LOGFORMAT", "PATH"].map(str::to_owned);
        let expected =
            [("STARIO_LOGFORMAT".to_owned(), "STARIO_LOG_FORMAT"), ("STARIO_PROT".to_owned(), "STARIO_PORT")];
        assert_eq!(find(names.into_iter(), &known), expected);
    }
}
