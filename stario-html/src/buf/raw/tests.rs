//! The fast routines against the plain ones.

use super::{escaped_between, integer, push_escaped};
use crate::escape::{Quote, escape_into};

#[test]
fn writes_integers_like_display() {
    let mut n: u64 = 0;
    for step in 0..2000_u64 {
        for is_negative in [false, true] {
            let mut out = String::from("é");
            integer(&mut out, "<", is_negative, n, ">x");
            assert_eq!(out, format!("é<{}{n}>x", if is_negative { "-" } else { "" }));
        }
        n = if step < 1200 { step } else { n.wrapping_mul(7).wrapping_add(step) };
    }
    for n in [u64::MAX, 10_u64.pow(19), 10_u64.pow(19) - 1] {
        let mut out = String::new();
        integer(&mut out, "", false, n, "");
        assert_eq!(out, n.to_string());
    }
}

#[test]
fn escapes_every_character_at_every_place() {
    for length in 0..70 {
        for special in ['&', '<', '>', '"', '\'', 'é', '🦀', '=', '?', ';', '$', '#', '"'] {
            for at in 0..=length {
                let mut text = "x".repeat(at);
                text.push(special);
                text.push_str(&"y".repeat(length - at));
                for quote in [Quote::Double, Quote::Single] {
                    let (mut fast, mut plain) = (String::from("a"), String::from("a"));
                    push_escaped(&mut fast, &text, quote);
                    escape_into(&text, quote, &mut plain);
                    assert_eq!(fast, plain);
                    if quote == Quote::Double {
                        let mut between = String::from("a");
                        escaped_between(&mut between, "<", &text, ">x");
                        assert_eq!(between, format!("a<{}>x", &plain[1..]));
                    }
                }
            }
        }
    }
}
