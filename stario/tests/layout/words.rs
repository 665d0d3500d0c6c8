//! The words of names and comments: which phrases no comment has, and that no two types have one name.

use std::collections::BTreeMap;

use super::imports::Sources;
use super::{root, sources};

/// Phrases that do not name what acts or what happens. "Told apart" is allowed.
const PHRASES: &[&str] = &["told", "whoever", "one who", "came of", "comes of"];

/// The names that several types of `stario` have, and how many. A name that one type has alone must be removed from here.
///
/// Two stay: `event::Redirect` is named with its module, and `Result` is an alias inside of `writer.rs`, as in `std::io`.
const SHARED_NAMES: &[(&str, usize)] = &[
    ("AnyStore", 2),
    ("AsSource", 2),
    ("Boxed", 3),
    ("Claim", 2),
    ("Connection", 2),
    ("Effects", 2),
    ("Events", 2),
    ("Joined", 2),
    ("Kept", 2),
    ("Listener", 2),
    ("Node", 2),
    ("Places", 2),
    ("Problems", 2),
    ("Queue", 2),
    ("Received", 2),
    ("Record", 2),
    ("Redirect", 2),
    ("Result", 2),
    ("Shared", 3),
    ("Table", 2),
    ("Waiting", 2),
    ("Written", 2),
];

/// The comments of a file as words in lower case, with a full stop where code stands between them.
fn comment_words(code: &str) -> String {
    let mut words = String::from(" ");
    for line in code.lines() {
        let (comment, end) = match line.trim_start().strip_prefix("//") {
            Some(comment) => (comment, ""),
            None => (line.split_once(" // ").map_or("", |(_, comment)| comment), ". "),
        };
        let of_comment = comment.split(|c: char| !c.is_alphanumeric() && c != '\'');
        for word in of_comment.filter(|word| !word.is_empty()) {
            words.extend([&word.to_lowercase(), " "]);
        }
        words.push_str(end);
    }
    words
}

fn has_phrase(code: &str) -> bool {
    let words = comment_words(code).replace(" told apart ", " ");
    PHRASES.iter().any(|phrase| words.contains(&format!(" {phrase} ")))
}

#[test]
fn comments_name_what_acts() {
    assert!(has_phrase("/// It is\n/// told of it.") && has_phrase("f(); // Whoever calls"));
    assert!(!has_phrase("// Both can be told apart.") && !has_phrase("told();"));
    let crates =
        ["stario", "stario-html", "stario-macros", "stario-nats", "stario-postgres", "stario-sqlite"];
    let files = crates.into_iter().flat_map(|name| {
        sources(&root(name)).into_iter().map(move |(file, code)| (format!("{name}/{file}"), code))
    });
    let found: Vec<String> = files.filter(|(_, code)| has_phrase(code)).map(|(file, _)| file).collect();
    assert!(found.is_empty(), "say who acts, without one of {PHRASES:?}: {found:?}");
}

#[test]
fn one_type_has_one_name() {
    let expected: BTreeMap<&str, usize> = SHARED_NAMES.iter().copied().collect();
    let mut types = Sources::read(&root("stario")).types();
    for files in types.values_mut() {
        files.retain(|file| !file.starts_with("testing/page"));
    }
    types.retain(|_, files| files.len() > 1);
    let mut problems: Vec<String> = Vec::new();
    for (name, files) in &types {
        let allowed = expected.get(&**name).copied().unwrap_or(1);
        if files.len() != allowed {
            problems.push(format!("`{name}` names {} types, not {allowed}: {files:?}", files.len()));
        }
    }
    let gone = expected.keys().filter(|name| !types.contains_key(**name));
    problems.extend(gone.map(|name| format!("`{name}` names one type at most: remove it from the list")));
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
