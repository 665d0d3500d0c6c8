//! The URLs in a style sheet: those of `url(..)` and `@import`, by the tokens of CSS (CSS Syntax Level 3, section 4).

use std::ops::Range;

/// Where in `css` its URLs stand, without their quotes. A URL with an escape of CSS is left out.
pub(super) fn urls(css: &str) -> Vec<Range<usize>> {
    let mut scan = Scan { css: css.as_bytes(), at: 0 };
    let mut found = Vec::new();
    let mut is_import = false;
    while let Some(byte) = scan.peek(0) {
        match byte {
            b'/' if scan.peek(1) == Some(b'*') => scan.comment(),
            byte if byte.is_ascii_whitespace() => scan.at += 1,
            b'"' | b'\'' => {
                let text = scan.string();
                if std::mem::take(&mut is_import) {
                    found.push(text);
                }
            }
            b'@' => {
                scan.at += 1;
                is_import = scan.word().eq_ignore_ascii_case(b"import");
            }
            byte if is_name(byte) => {
                is_import = false;
                if scan.word().eq_ignore_ascii_case(b"url") && scan.peek(0) == Some(b'(') {
                    found.extend(scan.url());
                }
            }
            _ => {
                is_import = false;
                scan.at += 1;
            }
        }
    }
    found.retain(|url| !url.is_empty() && !css[url.clone()].contains(['\\', '\n']));
    found
}

/// Whether the byte can be of a name. An escape begins one.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'\\') || !byte.is_ascii()
}

struct Scan<'c> {
    css: &'c [u8],
    at: usize,
}

impl<'c> Scan<'c> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.css.get(self.at + ahead).copied()
    }

    /// Passes the bytes for which `belongs` holds. Returns where they stand.
    fn pass(&mut self, belongs: impl Fn(u8) -> bool) -> Range<usize> {
        let start = self.at;
        while let Some(byte) = self.peek(0).filter(|byte| belongs(*byte)) {
            // What an escape stands for ends nothing.
            self.at += if byte == b'\\' { 2 } else { 1 };
        }
        self.at = self.at.min(self.css.len());
        start..self.at
    }

    fn word(&mut self) -> &'c [u8] {
        &self.css[self.pass(is_name)]
    }

    fn comment(&mut self) {
        let end = self.css[self.at + 2..].windows(2).position(|pair| pair == b"*/");
        self.at = end.map_or(self.css.len(), |end| self.at + 2 + end + 2);
    }

    /// Passes a string. Returns where its text stands.
    fn string(&mut self) -> Range<usize> {
        let quote = self.css[self.at];
        self.at += 1;
        let text = self.pass(|byte| byte != quote && byte != b'\n');
        self.at = (self.at + 1).min(self.css.len());
        text
    }

    /// Passes what follows `url`, from its parenthesis on. Returns where the URL stands.
    fn url(&mut self) -> Option<Range<usize>> {
        self.at += 1;
        self.pass(|byte| byte.is_ascii_whitespace());
        match self.peek(0)? {
            b'"' | b'\'' => Some(self.string()),
            _ => {
                let url = self.pass(|byte| byte != b')');
                self.at = (self.at + 1).min(self.css.len());
                let end = self.css[url.clone()].trim_ascii_end().len();
                Some(url.start..url.start + end)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::urls;

    #[track_caller]
    fn check(css: &str, expected: &[&str]) {
        let found: Vec<&str> = urls(css).into_iter().map(|url| &css[url]).collect();
        assert_eq!(found, expected, "{css}");
    }

    #[test]
    fn finds_urls_and_imports() {
        check("a{background:url(a.png)}", &["a.png"]);
        check("a{background:URL( 'a b.png' ) , url(\"b.png\")}", &["a b.png", "b.png"]);
        check(
            "@import 'a.css' layer(x); @IMPORT\n\"b.css\" screen;@import url(c.css);",
            &["a.css", "b.css", "c.css"],
        );
        check("@import/* 'no' */'a.css'", &["a.css"]);
        check("@font-face{src:url( f.woff2 )format('woff2'),url(f.woff?#x)}", &["f.woff2", "f.woff?#x"]);
        check("a{b:url(é.png)}", &["é.png"]);
    }

    #[test]
    fn passes_what_is_no_url() {
        check("/* url(a.png) */ a{content:'url(b.png)'} b{c:\"\\\"url(d)\"}", &[]);
        check("a{b:my-url(c) curl(d) url-e(f)} @media 'g'", &[]);
        check("@import url(); a{b:url('')} c{d:url(e\\)f)}", &[]);
        check("@import layer 'a'", &[]);
    }

    #[test]
    fn ends_where_the_text_ends() {
        for css in
            ["/*", "/", "@", "@import", "@import '", "a{b:url(", "url('x", "url( ", "\\", "'\\", "url(\\"]
        {
            urls(css);
        }
        check("url(a", &["a"]);
        check("@import 'a\nb'", &["a"]);
    }
}
