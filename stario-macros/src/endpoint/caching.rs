//! `cache = "public, max-age=60"`: a value of the header `cache-control` (RFC 9111 section 5.2.2, RFC 5861, RFC 8246).

/// The directives without a value.
const WORDS: &[&str] = &[
    "public",
    "private",
    "no-store",
    "no-cache",
    "must-revalidate",
    "proxy-revalidate",
    "no-transform",
    "immutable",
];

/// The directives with a number of seconds.
const TIMES: &[&str] = &["max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"];

/// Two directives that contradict each other, and why.
const CONTRADICTIONS: &[(&str, &str, &str)] = &[
    ("public", "private", "every cache may keep the response, or that of one browser"),
    ("private", "s-maxage", "`s-maxage` is for shared caches, and `private` keeps the response from them"),
    (
        "private",
        "proxy-revalidate",
        "`proxy-revalidate` is for shared caches, and `private` keeps the response from them",
    ),
    ("no-cache", "max-age", "with `no-cache` the response is asked for again each time"),
    ("no-cache", "s-maxage", "with `no-cache` the response is asked for again each time"),
    ("no-cache", "immutable", "with `no-cache` the response is asked for again each time"),
    ("no-cache", "stale-while-revalidate", "with `no-cache` the response is asked for again each time"),
    ("no-cache", "stale-if-error", "with `no-cache` the response is asked for again each time"),
    ("must-revalidate", "stale-while-revalidate", "`must-revalidate` forbids what is stale"),
    ("must-revalidate", "stale-if-error", "`must-revalidate` forbids what is stale"),
];

/// Returns every problem of a value of `cache-control`.
pub(super) fn problems(value: &str) -> Vec<String> {
    let directives: Vec<(&str, Option<&str>)> = value
        .split(',')
        .map(|directive| {
            let directive = directive.trim();
            match directive.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (directive, None),
            }
        })
        .collect();
    let has = |name: &str| directives.iter().any(|(other, _)| *other == name);
    let mut problems = Vec::new();
    for (position, (name, value)) in directives.iter().enumerate() {
        if let Some(problem) = problem(name, *value) {
            problems.push(problem);
        } else if directives[..position].iter().any(|(other, _)| other == name) {
            problems.push(format!("`{name}` is written twice"));
        }
    }
    if !problems.is_empty() {
        return problems;
    }
    if has("no-store") && directives.len() > 1 {
        return vec!["`no-store` stands alone: what is not stored has no other rules".to_owned()];
    }
    problems.extend(
        CONTRADICTIONS
            .iter()
            .filter(|(left, right, _)| has(left) && has(right))
            .map(|(left, right, reason)| format!("`{left}` and `{right}` contradict each other: {reason}")),
    );
    let is_timed = has("max-age") || has("s-maxage");
    if let Some(name) = ["immutable", "stale-while-revalidate"].into_iter().find(|name| has(name))
        && !is_timed
        && problems.is_empty()
    {
        problems.push(format!("`{name}` says nothing without `max-age`: write `max-age=60, {name}`"));
    }
    problems
}

/// Returns the problem of one directive, if it has one.
fn problem(name: &str, value: Option<&str>) -> Option<String> {
    let (is_word, is_time) = (WORDS.contains(&name), TIMES.contains(&name));
    match value {
        None if is_word => None,
        None if is_time => Some(format!("`{name}` needs a number of seconds: `{name}=60`")),
        Some(_) if is_word => Some(format!("`{name}` has no value here; write `{name}`")),
        Some(value) if is_time => {
            let is_seconds = value.bytes().all(|byte| byte.is_ascii_digit())
                && value.parse::<u32>().is_ok_and(|seconds| seconds <= 1 << 31);
            (!is_seconds).then(|| {
                format!("`{value}` is not a number of seconds: write a whole number up to 2147483648, as in `{name}=60`")
            })
        }
        _ if name.is_empty() => {
            Some("a directive is missing: write `cache = \"public, max-age=60\"`".to_owned())
        }
        _ => Some(unknown(name)),
    }
}

fn unknown(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    if WORDS.contains(&&*lower) || TIMES.contains(&&*lower) {
        return format!("directives are written in small letters: `{lower}`");
    }
    let known: Vec<String> = WORDS.iter().chain(TIMES).map(|name| format!("`{name}`")).collect();
    format!("`{name}` is not a directive for caches; there are {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::problems;

    #[test]
    fn what_caches_understand_passes() {
        for good in [
            "public, max-age=60",
            "private, no-cache",
            "no-store",
            "no-cache",
            "public",
            "public, max-age=31536000, immutable",
            "max-age=0, must-revalidate",
            "public, max-age=60, s-maxage=600, stale-while-revalidate=30, stale-if-error=86400",
            "public,max-age=60",
            "private, max-age=2147483648, no-transform",
        ] {
            assert_eq!(problems(good), [] as [&str; 0], "{good}");
        }
    }

    #[test]
    fn every_problem_is_found() {
        let check = |value: &str, expected: &[&str]| {
            let found = problems(value);
            assert_eq!(found.len(), expected.len(), "{value}: {found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.contains(expected), "{value}: {found}");
            }
        };
        check("", &["a directive is missing"]);
        check("public,", &["a directive is missing"]);
        check("max-age=-1", &["`-1` is not a number of seconds"]);
        check("max-age=", &["`` is not a number of seconds"]);
        check("max-age=+1", &["`+1` is not a number"]);
        check("max-age=2147483649", &["`2147483649` is not a number"]);
        check("max-age = 60", &["`max-age ` is not a directive"]);
        check("foo, bar=1", &["`foo` is not a directive", "`bar` is not a directive"]);
        check("stale-while-revalidate=9", &["says nothing without `max-age`"]);
        for (left, right, _) in super::CONTRADICTIONS {
            let written =
                |name: &str| if super::TIMES.contains(&name) { format!("{name}=1") } else { name.to_owned() };
            let value = format!("{}, {}", written(left), written(right));
            assert_eq!(problems(&value).len(), 1, "{value}");
        }
    }
}
