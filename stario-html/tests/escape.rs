//! The fast routines against the plain ones, on random input.

use proptest::prelude::*;
use stario_html::{AttrValue, Buf, Quote, Render, display, escape_into};

/// Text rich in what needs escaping, in characters of several bytes, and in lengths around the size of a chunk.
fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => prop::char::range('a', 'z'),
        2 => prop::sample::select(vec!['&', '<', '>', '"', '\'']),
        1 => prop::sample::select(vec!['é', '漢', '🦀', '\u{a0}', '\0', '\u{2028}', '=', '?', ';', '#', '$']),
        1 => any::<char>(),
    ];
    prop::collection::vec(character, 0..120).prop_map(String::from_iter)
}

const LONG: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn plain(text: &str) -> String {
    let mut out = String::new();
    escape_into(text, Quote::Double, &mut out);
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn escaping_is_what_it_says(pieces in prop::collection::vec(text(), 0..8), room in 0_usize..300) {
        let mut buf = Buf::with_capacity(room);
        let mut expected = String::new();
        for piece in &pieces {
            buf.push_escaped(piece);
            expected.push_str(&plain(piece));
        }
        prop_assert_eq!(buf.finish(), expected.as_str());
    }

    #[test]
    fn values_and_the_markup_around_them_do_not_meet(values in prop::collection::vec((text(), any::<i64>(), 0_usize..4), 0..12), room in 0_usize..300) {
        let around = ["", "<p>", "\" title=\"é\"><b", LONG];
        let mut buf = Buf::with_capacity(room);
        let mut expected = String::new();
        for (text, number, at) in &values {
            let (head, tail) = (around[*at], around[(at + 1) % 4]);
            buf.__text(head, text, tail);
            buf.__text(tail, number, head);
            buf.__static(head);
            expected.extend([head, &plain(text), tail, tail, &number.to_string(), head, head]);
        }
        prop_assert_eq!(buf.finish(), expected.as_str());
    }

    #[test]
    fn text_is_escaped_once_by_whatever_way_it_comes(text in text()) {
        let expected = plain(&text);
        let html = text.clone().into_html();
        prop_assert_eq!(html.as_str(), &expected);
        prop_assert_eq!(display(&text).into_html(), html.clone());
        let characters: Vec<char> = text.chars().collect();
        prop_assert_eq!(characters.into_html(), html.clone());
        prop_assert_eq!(html.clone().into_html(), html);
    }

    #[test]
    fn numbers_are_written_as_they_display(
        a in any::<i64>(), b in any::<u64>(), c in any::<u8>(), d in any::<i128>(), e in any::<f64>(), f in any::<i16>(),
    ) {
        let mut buf = Buf::new();
        buf.push(&a);
        buf.push(&b);
        buf.push(&c);
        buf.push(&d);
        buf.push(&e);
        buf.push(&f);
        let expected = format!("{a}{b}{c}{d}{e}{f}");
        prop_assert_eq!(buf.finish(), expected.as_str());
    }

    #[test]
    fn no_text_leaves_an_attribute(text in text()) {
        prop_assert!(text.is_present());
        let written = text.into_html();
        prop_assert!(!written.as_str().contains(['"', '<', '>']));
    }
}
