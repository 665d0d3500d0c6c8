//! The bounds of JSON: the number of names and values, and of levels. They are checked before anything is built, because a value
//! takes up to a hundred times as much memory as its text.

use memchr::memchr2;

/// The most levels of lists and objects within each other: as many as `serde_json` reads.
pub(super) const DEPTH_LIMIT: usize = 127;

/// How much an object within another value counts. As a `serde_json::Value` it takes 640 bytes, however few names it has; other
/// values take up to 144.
const OBJECT_WEIGHT: usize = 4;

/// Which bound JSON exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    Values,
    /// There are too many names and values only if objects count more than other values.
    Objects,
    Depth,
}

impl Excess {
    /// Names the excess over `limit` names and values.
    pub(super) fn too_many(self, limit: usize) -> String {
        let objects = match self {
            Excess::Objects => format!(", where an object within another value counts as {OBJECT_WEIGHT}"),
            Excess::Values | Excess::Depth => String::new(),
        };
        format!("more than {limit} names and values{objects}")
    }
}

/// Counts the names and values of JSON, and ends where there are more than `limit`, in which an object within another value counts
/// as four. Text that is not JSON has some count, too.
pub(super) fn count(json: &[u8], limit: usize) -> Result<usize, Excess> {
    // How much the objects count beyond one each.
    let mut extra = 0;
    let (mut count, mut depth, mut at) = (0_usize, 0_usize, 0);
    while let Some(byte) = json.get(at) {
        at += 1;
        match byte {
            b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => continue,
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                continue;
            }
            b'[' | b'{' if depth == DEPTH_LIMIT => return Err(Excess::Depth),
            b'[' | b'{' => {
                if *byte == b'{' && depth > 0 {
                    extra += OBJECT_WEIGHT - 1;
                }
                depth += 1;
            }
            b'"' => at = end_of_text(json, at),
            _ => at = end_of_word(json, at),
        }
        count += 1;
        if count > limit {
            return Err(Excess::Values);
        }
        if count.saturating_add(extra) > limit {
            return Err(Excess::Objects);
        }
    }
    Ok(count)
}

/// The position behind the quote that ends a text.
fn end_of_text(json: &[u8], mut at: usize) -> usize {
    while let Some(found) = memchr2(b'"', b'\\', json.get(at..).unwrap_or_default()) {
        at += found + 1;
        if json[at - 1] == b'"' {
            return at;
        }
        // An escaped character ends nothing.
        at += 1;
    }
    json.len()
}

/// The position behind a number, `true`, `false` or `null`.
fn end_of_word(json: &[u8], at: usize) -> usize {
    let is_end = |byte: &u8| {
        matches!(byte, b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' | b'[' | b']' | b'{' | b'}' | b'"')
    };
    let rest = json.get(at..).unwrap_or_default();
    at + rest.iter().position(is_end).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_counted_outside_of_texts() {
        let check = |json: &str, expected: usize| {
            assert_eq!(count(json.as_bytes(), expected), Ok(expected), "{json}");
            if let Some(less) = expected.checked_sub(1) {
                assert_eq!(count(json.as_bytes(), less), Err(Excess::Values), "{json}");
            }
        };
        check("", 0);
        check(" \n", 0);
        check("1", 1);
        check("-1.5e3", 1);
        check("null", 1);
        check("[]", 1);
        check("[1,2 , true]", 4);
        check("{}", 1);
        check(r#"{"a":1,"b":[null]}"#, 6);
        check(r#""a,b:[{""#, 1);
        check(r#"["\"","\\",""]"#, 4);
        check(r#"["\\\"[[[",1]"#, 3);
        check(r#""open"#, 1);
        check(r#""\"#, 1);
        check("\"été\"", 1);
        // Not JSON.
        check("]]]}1", 1);
        check("a b\"c\"", 3);
    }

    #[test]
    fn objects_within_others_count_as_four() {
        let check = |json: &str, weight: usize| {
            assert!(count(json.as_bytes(), weight).is_ok(), "{json}");
            assert_eq!(count(json.as_bytes(), weight - 1), Err(Excess::Objects), "{json}");
        };
        check("[{}]", 5);
        check("[{},{}]", 9);
        check(r#"{"a":{"b":{}}}"#, 11);
        check(r#"[{"a":1},2]"#, 8);
        // The count itself is of names and values.
        assert_eq!(count(br#"[{"a":1},2]"#, usize::MAX), Ok(5));
    }

    #[test]
    fn levels_are_counted_as_serde_json_counts_them() {
        let nested =
            |open: &str, close: &str, depth| format!("{}0{}", open.repeat(depth), close.repeat(depth));
        for (open, close) in [("[", "]"), ("{\"\":", "}")] {
            let deep = nested(open, close, DEPTH_LIMIT);
            assert!(count(deep.as_bytes(), usize::MAX).is_ok());
            assert!(serde_json::from_str::<serde_json::Value>(&deep).is_ok());
            let deeper = nested(open, close, DEPTH_LIMIT + 1);
            assert_eq!(count(deeper.as_bytes(), usize::MAX), Err(Excess::Depth));
            assert!(serde_json::from_str::<serde_json::Value>(&deeper).is_err());
        }
        let side_by_side = format!("[{}0]", "[],".repeat(1000));
        assert_eq!(count(side_by_side.as_bytes(), usize::MAX), Ok(1002));
    }
}
