//! Reads as much of JavaScript as is needed to find the signals in an expression, and the keys of an object.

/// Returns the signals of an expression, and whether each is set rather than read: of one that is set the name, of one that is
/// read the path, without the method that is called on it. A name of which this is not clear is left out.
pub(crate) fn signals(code: &str) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    if !code.contains('$') {
        return found;
    }
    let bytes = code.as_bytes();
    // The number of braces that are open inside of each `${..}` of a template literal.
    let mut templates: Vec<usize> = Vec::new();
    let mut last = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'"' | b'\'' => at = behind_string(bytes, at, byte),
            b'`' => at = behind_template(bytes, at, &mut templates),
            b'{' => templates.last_mut().into_iter().for_each(|open| *open += 1),
            b'}' => match templates.last_mut() {
                Some(0) => {
                    templates.pop();
                    at = behind_template(bytes, at, &mut templates);
                }
                Some(open) => *open -= 1,
                None => {}
            },
            b'/' if bytes.get(at) == Some(&b'/') => {
                at = code[at..].find('\n').map_or(bytes.len(), |end| at + end);
                continue;
            }
            b'/' if bytes.get(at) == Some(&b'*') => {
                at = code[at..].find("*/").map_or(bytes.len(), |end| at + end + 2);
                continue;
            }
            b'/' if begins_operand(last) => at = behind_regex(bytes, at),
            b'$' if bytes.get(at).is_some_and(|next| next.is_ascii_alphabetic() || *next == b'_') => {
                let end = code[at..].find(|c: char| !is_word(c)).map_or(bytes.len(), |end| at + end);
                let is_start = last.is_none_or(|last| !is_word(char::from(last)) && last != b'.')
                    || start.checked_sub(1).is_some_and(|before| bytes[before].is_ascii_whitespace());
                if is_start && let Some((path, is_set)) = use_of(&code[end..]) {
                    let end = if is_set { end } else { end + path };
                    found.push((&code[at..end], is_set));
                }
                at = end;
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            last = Some(bytes[at - 1]);
        }
    }
    found
}

/// Reads the code behind a signal's name: how many bytes of it are the path to a nested signal, and whether that is set.
/// Returns `None` if that code may be part of the name.
fn use_of(code: &str) -> Option<(usize, bool)> {
    let rest = code;
    let mut next = rest.bytes();
    match next.next() {
        Some(b'-') if next.next().is_some_and(|byte| byte.is_ascii_alphabetic()) => return None,
        Some(b'(' | b'$') => return None,
        _ => {}
    }
    let (mut rest, mut path) = (rest, 0);
    while let Some(name) = rest.strip_prefix('.') {
        let behind = name.trim_start_matches(is_word);
        if behind.len() == name.len() {
            break;
        }
        rest = behind;
        if !rest.starts_with('(') {
            path = code.len() - rest.len();
        }
    }
    let mut next = rest.trim_start().bytes();
    Some((path, next.next() == Some(b'=') && !matches!(next.next(), Some(b'=' | b'>'))))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether a `/` begins a regular expression behind the character `last`.
fn begins_operand(last: Option<u8>) -> bool {
    last.is_none_or(|byte| b"(,=:[!&|?{;+-*%~^<>".contains(&byte))
}

fn behind_string(bytes: &[u8], mut at: usize, quote: u8) -> usize {
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' => at += 1,
            _ if byte == quote => break,
            _ => {}
        }
    }
    at.min(bytes.len())
}

/// Reads the text of a template literal, to its end or into the next `${`.
fn behind_template(bytes: &[u8], mut at: usize, templates: &mut Vec<usize>) -> usize {
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' => at += 1,
            b'`' => break,
            b'$' if bytes.get(at) == Some(&b'{') => {
                templates.push(0);
                at += 1;
                break;
            }
            _ => {}
        }
    }
    at.min(bytes.len())
}

fn behind_regex(bytes: &[u8], mut at: usize) -> usize {
    let mut in_class = false;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' => at += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'/' if !in_class => break,
            _ => {}
        }
    }
    at.min(bytes.len())
}

/// Adds the keys of an object, each with its path and the kind of its value. Returns whether the whole object could be
/// read.
pub(crate) fn object(code: &str, path: &str, found: &mut Vec<(String, char)>) -> bool {
    let code = code.trim();
    let code = code.strip_prefix('(').and_then(|code| code.strip_suffix(')')).unwrap_or(code).trim();
    let Some(inner) = code.strip_prefix('{').and_then(|code| code.strip_suffix('}')) else { return false };
    let mut is_whole = true;
    for entry in split(inner, b',') {
        let entry = entry.trim();
        if entry.is_empty() {
            continue;
        }
        let mut parts = split(entry, b':').into_iter();
        let key = unquoted(parts.next().unwrap_or_default().trim());
        let value = entry.split_once(':').map(|_| parts.collect::<Vec<_>>().join(":"));
        let Some(key) = key else {
            is_whole = false;
            continue;
        };
        let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        let kind = value.as_deref().map_or('?', kind);
        found.push((path.clone(), kind));
        if kind == 'o' {
            is_whole &= object(value.as_deref().unwrap_or_default(), &path, found);
        }
    }
    is_whole
}

/// Returns the kind of a value: `t`ext, `n`umber, `b`oolean, `l`ist, `o`bject, or `?`.
pub(crate) fn kind(value: &str) -> char {
    let value = value.trim();
    match value.as_bytes() {
        [quote @ (b'"' | b'\'' | b'`'), ..] if behind_string(value.as_bytes(), 1, *quote) == value.len() => {
            't'
        }
        [b'"' | b'\'' | b'`', ..] => '?',
        _ if matches!(value, "true" | "false") => 'b',
        _ if !value.is_empty()
            && value.parse::<f64>().is_ok()
            && value.ends_with(|c: char| c.is_ascii_digit()) =>
        {
            'n'
        }
        [b'{', .., b'}'] => 'o',
        [b'[', .., b']'] => 'l',
        _ => '?',
    }
}

/// Returns the name of a key, which is written as an identifier or in quotes.
fn unquoted(key: &str) -> Option<&str> {
    let name =
        ['"', '\''].iter().find_map(|quote| key.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(key);
    let is_name = !name.is_empty() && name.chars().all(|c| is_word(c) || matches!(c, '-' | '$' | '.'));
    (is_name && !name.contains("..")).then_some(name)
}

/// Splits at a separator outside of strings and brackets.
fn split(code: &str, separator: u8) -> Vec<&str> {
    let bytes = code.as_bytes();
    let (mut parts, mut start, mut at, mut depth) = (Vec::new(), 0, 0, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' | b'\'' | b'`' => at = behind_string(bytes, at, byte),
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ if byte == separator && depth == 0 => {
                parts.push(&code[start..at - 1]);
                start = at;
            }
            _ => {}
        }
    }
    parts.push(&code[start..]);
    parts
}

/// Returns the method and the URL of a literal action, `@post('/items')`.
pub(crate) fn action(code: &str) -> Option<(&str, &str)> {
    let (method, rest) = code.trim().strip_prefix('@')?.split_once('(')?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let (url, _) = rest[1..].split_once(quote)?;
    matches!(method, "get" | "post" | "put" | "patch" | "delete" | "query").then_some((method, url))
}

#[cfg(test)]
mod tests {
    use super::{kind, object, signals};

    #[track_caller]
    fn check(code: &str, expected: &[(&str, bool)]) {
        assert_eq!(signals(code), expected, "{code}");
    }

    #[test]
    fn signals_are_read_or_set() {
        check("$a + $b_2.c", &[("a", false), ("b_2.c", false)]);
        check("$a.b.trim() + $c.d.length", &[("a.b", false), ("c.d.length", false)]);
        check("$a.trim()", &[("a", false)]);
        check("$open = !$open", &[("open", true), ("open", false)]);
        check("$user.name = 'x'; $n++", &[("user", true), ("n", false)]);
        check("$a == 1 && $b === 2 && f($c => 1)", &[("a", false), ("b", false), ("c", false)]);
        check("$n += 1", &[("n", false)]);
        check("x ? $a : $b", &[("a", false), ("b", false)]);
        check("return $a", &[("a", false)]);
        check("{a: $a, b: $b}", &[("a", false), ("b", false)]);
    }

    #[test]
    fn what_is_no_signal_is_left_out() {
        check("'$a' + \"$b\" + '\\'$c'", &[]);
        check("a$b + x.$c + $1 + $['d'] + $(e)", &[]);
        check("`$a ${$b + `${$c}`} $d` + $e", &[("b", false), ("c", false), ("e", false)]);
        check("a // $b\n/* $c */ $d", &[("d", false)]);
        check("/['$a]/.test($b)", &[("b", false)]);
        check("$a / 2 + $b / '$c'", &[("a", false), ("b", false)]);
        // Datastar may read this as one name.
        check("$foo-bar - $a-1", &[("a", false)]);
    }

    #[track_caller]
    fn check_object(code: &str, expected: &[(&str, char)], is_whole: bool) {
        let mut found = Vec::new();
        assert_eq!(object(code, "", &mut found), is_whole, "{code}");
        let found: Vec<_> = found.iter().map(|(path, kind)| (path.as_str(), *kind)).collect();
        assert_eq!(found, expected, "{code}");
    }

    #[test]
    fn an_object_has_keys_and_kinds() {
        check_object(
            "{a: 1, 'b': 'x,:', \"c\": true, d: null,}",
            &[("a", 'n'), ("b", 't'), ("c", 'b'), ("d", '?')],
            true,
        );
        check_object(
            " ({user: {name: '', tags: []}, n: f(1, 2)}) ",
            &[("user", 'o'), ("user.name", 't'), ("user.tags", 'l'), ("n", '?')],
            true,
        );
        check_object("{a, b: $x ? 1 : 2}", &[("a", '?'), ("b", '?')], true);
        check_object("{a: 1, ...rest}", &[("a", 'n')], false);
        check_object("{[key]: 1}", &[], false);
        check_object("all", &[], false);
    }

    #[test]
    fn a_value_has_a_kind_if_it_is_a_literal() {
        let kinds: String =
            ["1", "-1.5", "1e3", "'a' + b", "'it\\'s'", "[]", "{}", "NaN", "infinity", "false", ""]
                .map(kind)
                .iter()
                .collect();
        assert_eq!(kinds, "nnn?tlo??b?");
    }
}
