//! "Did you mean": the known name nearest to a misspelt one.

/// The candidate that looks most like `name`, if any is near enough to be what was meant.
pub fn most_similar<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // A third of the letters may be wrong, as in rustc; short names need one.
    let limit = name.len().max(3) / 3;
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|&(distance, _)| distance <= limit)
        .min_by_key(|&(distance, candidate)| (distance, candidate.len().abs_diff(name.len())))
        .map(|(_, candidate)| candidate)
}

/// Edits that turn `a` into `b`: insertions, deletions, substitutions, and swaps of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let substituted = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = substituted.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before_last[j - 2] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::most_similar;

    fn check(name: &str, expected: Option<&str>) {
        let candidates = ["div", "dir", "a", "href", "hreflang", "textarea", "linearGradient"];
        assert_eq!(most_similar(name, candidates), expected, "{name}");
    }

    #[test]
    fn finds_the_near_and_ignores_the_far() {
        check("dvi", Some("div"));
        check("hreff", Some("href"));
        check("hreflan", Some("hreflang"));
        check("textaera", Some("textarea"));
        check("lineargradient", Some("linearGradient"));
        check("zzz", None);
        check("blink", None);
    }
}
