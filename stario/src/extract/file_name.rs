//! File names that clients send, made safe.

/// The most bytes of a file's name, as most file systems have it.
const LIMIT: usize = 255;

/// Returns the last component of a name that may be a path of any system, without characters that have a meaning for a
/// file system. The result is never empty, `.` or `..`.
pub(super) fn sanitized(name: &str) -> String {
    let name = name.trim_end_matches(['/', '\\']);
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_allowed = |c: &char| !c.is_control();
    // A colon separates the name of a drive or of a stream.
    let name: String = last.chars().filter(is_allowed).map(|c| if c == ':' { '_' } else { c }).collect();
    let name = name.trim().trim_end_matches(['.', ' ']);
    let end = name.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= LIMIT).last();
    let name = &name[..end.unwrap_or_default()];
    if name.is_empty() { "file".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::sanitized;

    #[test]
    fn a_name_is_never_a_path() {
        let check = |name: &str, expected: &str| assert_eq!(sanitized(name), expected, "{name:?}");
        check("photo.jpg", "photo.jpg");
        check("été 2024.jpg", "été 2024.jpg");
        check("../../etc/passwd", "passwd");
        check("C:\\Users\\me\\a.txt", "a.txt");
        check("C:a.txt", "C_a.txt");
        check("a\0b\r\nc", "abc");
        check("..", "file");
        check(".", "file");
        check("/", "file");
        check("a/", "a");
        check("../", "file");
        check("", "file");
        check(" . ", "file");
        check(".profile", ".profile");
        check("a.", "a");
        check(&"é".repeat(200), &"é".repeat(127));
    }
}
