//! The events of a stream, one file for each kind, and what all kinds have in common.

mod burst;
mod comment;
mod elements;
mod encode;
mod foreign;
mod script;
mod signals;

use std::fmt::Display;
use std::time::Duration;

use super::into_event::{AsItself, IntoEvent};
use crate::response::{IntoResponse, Response};

pub(crate) use burst::{Burst, FRAME_BYTES};
pub use comment::{Comment, comment, ping};
pub use elements::{Mode, Namespace, PatchElements, Remove, patch, remove};
pub(super) use elements::{remove_rendered, to_stream};
pub use encode::Event;
pub use script::{Redirect, Script, redirect, script};
pub use signals::{PatchSignals, signals};

/// Implements what all builders can do.
macro_rules! builders {
    ($($builder:ident $(. $script:ident)?),* $(,)?) => {$(
        impl $builder {
            /// Names the event. A browser that lost its connection sends the last id when it connects again, in
            /// the header `last-event-id`: take it as `last_event_id: Header<Option<String>>`. An empty id makes
            /// Datastar's client forget it.
            ///
            /// The id stands in front of the data, as the SDK reference has it, but for a relay's
            /// [position](crate::relay::Position), which stands behind it: Datastar's client takes an id as soon as it has
            /// read that line, and would not ask again for an event whose data were lost with the connection.
            ///
            /// An id is visible ASCII without spaces around it, because a header must carry it; any other makes
            /// the event invalid.
            pub fn id(mut self, id: impl Display) -> Self {
                self $(.$script)? .envelope.set_id(id.to_string());
                self
            }

            /// Sets how long the browser waits from now on before it connects again, in whole milliseconds and at
            /// least one. One second is the client's default and, as the SDK reference has it, not sent: to return
            /// to it after another wait, say 1001 milliseconds.
            pub fn retry(mut self, after: Duration) -> Self {
                self $(.$script)? .envelope.set_retry(after);
                self
            }
        }

        impl From<$builder> for Event {
            fn from(event: $builder) -> Self {
                event.encode()
            }
        }

        impl IntoEvent<AsItself> for $builder {
            fn into_event(self) -> Event {
                self.encode()
            }
        }

        /// A stream of this one event.
        impl IntoResponse for $builder {
            fn into_response(self) -> Response {
                self.encode().into_response()
            }
        }
    )*};
}

builders!(PatchElements, Remove, PatchSignals, Script, Redirect.script, Comment);

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stario_html::{Html, Raw};

    use super::*;

    fn check<K>(event: impl IntoEvent<K>, expected: &[&str]) {
        let bytes = Event::new(event).into_bytes().unwrap();
        assert_eq!(std::str::from_utf8(&bytes).unwrap(), expected.join("\n") + "\n\n");
    }

    fn refused<K>(event: impl IntoEvent<K>, expected: &str) {
        assert_eq!(Event::new(event).into_bytes().unwrap_err().to_string(), expected);
    }

    fn markup(text: &'static str) -> Html {
        Html::from_static(text)
    }

    const ELEMENTS: &str = "event: datastar-patch-elements";
    const SIGNALS: &str = "event: datastar-patch-signals";

    #[test]
    fn an_element_alone_is_one_line() {
        check(markup("<div id=\"x\">New</div>"), &[ELEMENTS, "data: elements <div id=\"x\">New</div>"]);
        check("a < b", &[ELEMENTS, "data: elements a &lt; b"]);
        check(markup(""), &[ELEMENTS]);
    }

    #[test]
    fn every_mode_but_the_default_is_written() {
        let modes = [
            (Mode::Inner, "inner"),
            (Mode::Replace, "replace"),
            (Mode::Prepend, "prepend"),
            (Mode::Append, "append"),
            (Mode::Before, "before"),
            (Mode::After, "after"),
            (Mode::Remove, "remove"),
        ];
        for (mode, name) in modes {
            let expected =
                [ELEMENTS, "data: selector #x", &format!("data: mode {name}"), "data: elements <b></b>"];
            check((mode, "#x", markup("<b></b>")), &expected);
            check(patch(markup("<b></b>")).mode(mode).selector("#x"), &expected);
        }
        check(
            (Mode::Outer, "#x", markup("<b></b>")),
            &[ELEMENTS, "data: selector #x", "data: elements <b></b>"],
        );
        check(
            (Mode::Replace, markup("<b></b>")),
            &[ELEMENTS, "data: mode replace", "data: elements <b></b>"],
        );
    }

    #[test]
    fn all_options_stand_in_the_order_of_the_reference() {
        check(
            patch(markup("<circle/>"))
                .namespace(Namespace::Svg)
                .view_transition_selector("main")
                .mode(Mode::Append)
                .selector("#x")
                .retry(Duration::from_secs(3))
                .id(7),
            &[
                ELEMENTS,
                "id: 7",
                "retry: 3000",
                "data: selector #x",
                "data: mode append",
                "data: useViewTransition true",
                "data: viewTransitionSelector main",
                "data: namespace svg",
                "data: elements <circle/>",
            ],
        );
        check(
            patch(markup("<b></b>"))
                .view_transition()
                .namespace(Namespace::Html)
                .retry(Duration::from_secs(1)),
            &[ELEMENTS, "data: useViewTransition true", "data: elements <b></b>"],
        );
        check(
            patch(markup("<mi>x</mi>")).namespace(Namespace::MathMl),
            &[ELEMENTS, "data: namespace mathml", "data: elements <mi>x</mi>"],
        );
    }

    #[test]
    fn a_position_stands_behind_the_data() {
        let relay = crate::Relay::<u8>::new().history(1);
        relay.publish("a", 1);
        let position = relay.position();
        let event = Event::from(patch(markup("<b>1\n2</b>")).id(&position).retry(Duration::from_secs(3)));
        let expected =
            format!("{ELEMENTS}\nretry: 3000\ndata: elements <b>1\ndata: elements 2</b>\nid: {position}\n\n");
        assert_eq!(event.into_bytes().unwrap(), expected);
    }

    #[test]
    fn removal_names_its_elements() {
        check(remove("#x"), &[ELEMENTS, "data: selector #x", "data: mode remove"]);
        check(
            remove("#x").view_transition().id("a"),
            &[ELEMENTS, "id: a", "data: selector #x", "data: mode remove", "data: useViewTransition true"],
        );
    }

    #[test]
    fn a_mode_and_a_selector_remove() {
        let removal = |selector: &str| {
            [ELEMENTS.to_owned(), format!("data: selector {selector}"), "data: mode remove".to_owned()]
        };
        for selector in ["#x", "ul > li:not(.\"a\")", "a[href='/?a=1&amp;b']"] {
            let expected = removal(selector);
            let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
            check((Mode::Remove, selector), &expected);
            check((Mode::Remove, selector.to_owned()), &expected);
            check((Mode::Remove, selector, ""), &expected);
        }
        refused((Mode::Remove, ""), "a patch with mode `remove` needs a selector");
        let refusal = "a patch with mode `remove` takes a selector, such as `(Mode::Remove, \"#counter\")`, not elements";
        refused((Mode::Remove, markup("<b></b>")), refusal);
    }

    #[test]
    fn maps_are_signals() {
        use std::collections::{BTreeMap, HashMap};
        check(json!({}), &[SIGNALS, "data: signals {}"]);
        check(HashMap::from([("a", 1)]), &[SIGNALS, "data: signals {\"a\":1}"]);
        check(
            BTreeMap::from([("a".to_owned(), Some("b")), ("c".to_owned(), None)]),
            &[SIGNALS, "data: signals {\"a\":\"b\",\"c\":null}"],
        );
        check(BTreeMap::<String, u8>::new(), &[SIGNALS, "data: signals {}"]);
        let object: serde_json::Map<_, _> = [("a".to_owned(), json!([1]))].into_iter().collect();
        check(object, &[SIGNALS, "data: signals {\"a\":[1]}"]);
    }

    #[test]
    fn signals_are_an_object() {
        check(json!({ "count": 5, "gone": null }), &[SIGNALS, "data: signals {\"count\":5,\"gone\":null}"]);
        check(
            signals(json!({ "a": "x\ny" })).only_if_missing().id(1).retry(Duration::from_millis(20)),
            &[SIGNALS, "id: 1", "retry: 20", "data: onlyIfMissing true", "data: signals {\"a\":\"x\\ny\"}"],
        );
        check(signals(std::collections::BTreeMap::from([("a", 1)])), &[SIGNALS, "data: signals {\"a\":1}"]);
        let refusal = "these signals are no JSON object";
        refused(json!([1]), refusal);
        refused(signals(5), refusal);
        let keys = std::collections::BTreeMap::from([((1, 2), 3)]);
        refused(signals(keys), "these signals cannot be written as JSON: key must be a string");
    }

    #[test]
    fn a_script_is_an_element_that_removes_itself() {
        check(
            script("alert(1)\nalert(2)"),
            &[
                ELEMENTS,
                "data: selector body",
                "data: mode append",
                "data: elements <script data-effect=\"el.remove()\">alert(1)",
                "data: elements alert(2)</script>",
            ],
        );
        check(
            script("a").attribute("type", "module").attribute("data-x", "\"<&").auto_remove(false).id(1),
            &[
                ELEMENTS,
                "id: 1",
                "data: selector body",
                "data: mode append",
                "data: elements <script type=\"module\" data-x=\"&quot;&lt;&amp;\">a</script>",
            ],
        );
        let refusal = "\"a b\" is no name of an attribute: expected letters, digits, `-`, `_`, `.` or `:`";
        refused(script("").attribute("a b", ""), refusal);
    }

    #[test]
    fn a_script_cannot_end_its_element() {
        check(
            script("a('</SCRIPT>', '</p>', '<!-- <script>')"),
            &[
                ELEMENTS,
                "data: selector body",
                "data: mode append",
                "data: elements <script data-effect=\"el.remove()\">a('<\\/SCRIPT>', '</p>', '\\x3C!-- <script>')\
                 </script>",
            ],
        );
    }

    #[test]
    fn a_redirect_is_a_string_literal() {
        let to = |url: &str, literal: &str| {
            let element = format!(
                "data: elements <script data-effect=\"el.remove()\">setTimeout(() => window.location = {literal})\
                 </script>"
            );
            check(redirect(url), &[ELEMENTS, "data: selector body", "data: mode append", &element]);
        };
        to("/home?a=1#b", "\"/home?a=1#b\"");
        to("/\";alert(1)//", "\"/%22;alert(1)//\"");
        to("/</script>", "\"/%3C/script%3E\"");
        for unsafe_location in ["javascript:alert(1)", "//evil.example", "/\\evil.example"] {
            let bytes = Event::new(redirect(unsafe_location)).into_bytes().unwrap();
            let text = std::str::from_utf8(&bytes).unwrap();
            assert!(text.contains("console.error(") && !text.contains("location"), "{text}");
        }
    }

    #[test]
    fn comments_are_lines_that_the_client_ignores() {
        check(ping(), &[":"]);
        check(comment("one\ntwo\r\n\rdata: x"), &[": one", ": two", ":", ": data: x"]);
        check(ping().id(3).retry(Duration::from_secs(5)), &["id: 3", "retry: 5000", ":"]);
    }

    #[test]
    fn every_line_end_starts_a_data_line() {
        check(
            markup("a\nb\r\nc\rd\n\ne\u{2028}f\n"),
            &[
                ELEMENTS,
                "data: elements a",
                "data: elements b",
                "data: elements c",
                "data: elements d",
                "data: elements ",
                "data: elements e\u{2028}f",
                "data: elements ",
            ],
        );
        check(
            Raw("x\r\revent: forged\r\n\r\n"),
            &[
                ELEMENTS,
                "data: elements x",
                "data: elements ",
                "data: elements event: forged",
                "data: elements ",
                "data: elements ",
            ],
        );
    }

    #[test]
    fn a_last_id_stands_behind_the_data_and_counts_instead_of_the_event_s_own() {
        let check = |event: Event, expected: &[&str]| {
            let mut event = event;
            event.set_last_id("7.1");
            check(event, expected);
        };
        check(Event::new(json!({})), &[SIGNALS, "data: signals {}", "id: 7.1"]);
        check(Event::of_elements(markup("<b></b>")), &[ELEMENTS, "data: elements <b></b>", "id: 7.1"]);
        check(Event::new(patch("x").id("own")), &[ELEMENTS, "id: own", "data: elements x", "id: 7.1"]);
        check(Event::new(ping()), &[":", "id: 7.1"]);
        let mut moved = Event::new(patch("x"));
        moved.set_last_id(&"1.1-".repeat(100));
        check(moved, &[ELEMENTS, "data: elements x", "id: 7.1"]);
        // As far before the end as an id may begin, a text looks like one.
        let ids = "id: ".repeat(300) + "xxx";
        check(Event::new(patch(&*ids)), &[ELEMENTS, &format!("data: elements {ids}"), "id: 7.1"]);
        let long = "x".repeat(2000);
        check(Event::new(patch(&*long)), &[ELEMENTS, &format!("data: elements {long}"), "id: 7.1"]);
        let mut invalid = Event::new(json!([1]));
        invalid.set_last_id("7.1");
        refused(invalid, "these signals are no JSON object");
    }

    #[test]
    fn an_event_is_read_back_from_its_bytes_and_nothing_else_is() {
        for event in [
            Event::new("one"),
            Event::new(patch(markup("<b>\n</b>")).selector("#x").retry(Duration::from_secs(2)).id(7)),
            Event::new(comment("one\n\ntwo")),
            Event::of_elements(markup("<b></b>")),
        ] {
            let bytes = event.clone().into_bytes().unwrap();
            assert_eq!(Event::from_bytes(bytes), Ok(event));
        }
        for other in [
            "",
            "\n\n",
            "data: x",
            "data: x\n",
            "data: x\n\ndata: y\n\n",
            "data: x\r\n\n",
            "{}\n\n",
            "x: y\n\n",
        ] {
            assert!(Event::from_bytes(other.into()).is_err(), "{other:?}");
        }
        assert!(Event::from_bytes(bytes::Bytes::from_static(b"data: \xff\n\n")).is_err());
    }

    #[test]
    fn an_event_has_no_room_to_spare() {
        for event in [
            Event::new("one"),
            Event::new(patch(markup("<b>\n</b>")).selector("#x").mode(Mode::Append).view_transition().id(7)),
            Event::new(json!({ "a": 1 })),
            Event::new(comment("one\n\ntwo").retry(Duration::from_secs(2))),
        ] {
            let bytes = event.into_bytes().unwrap();
            // Shared bytes with room to spare are a `Vec` behind another allocation, which they give back.
            let length = bytes.len();
            assert_eq!(Vec::from(bytes).capacity(), length);
        }
    }

    #[test]
    fn a_selector_cannot_start_a_line() {
        let forged = "#a\r\ndata: mode outer";
        check(remove(forged), &[ELEMENTS, "data: selector #a  data: mode outer", "data: mode remove"]);
        check(
            patch("").selector(forged).view_transition_selector(forged),
            &[
                ELEMENTS,
                "data: selector #a  data: mode outer",
                "data: useViewTransition true",
                "data: viewTransitionSelector #a  data: mode outer",
            ],
        );
    }

    #[test]
    fn an_id_is_what_a_header_carries_back() {
        check(ping().id(""), &["id: ", ":"]);
        check(ping().id("2026-11-21 16:00 #4"), &["id: 2026-11-21 16:00 #4", ":"]);
        for id in ["1\ndata: x", "1\r", "1\0", "\u{e9}", " 1", "1 ", "\t"] {
            refused(
                ping().id(id),
                &format!("{id:?} is no event id: expected visible ASCII, without spaces around it"),
            );
        }
    }

    #[test]
    fn a_retry_is_what_a_timer_takes() {
        check(ping().retry(Duration::ZERO), &["retry: 1", ":"]);
        check(ping().retry(Duration::MAX), &["retry: 2147483647", ":"]);
        check(ping().retry(Duration::from_secs(1)), &[":"]);
    }

    #[test]
    fn what_needs_a_selector_has_one() {
        let refusal = |mode| format!("a patch with mode `{mode}` needs a selector");
        refused((Mode::Append, "x"), &refusal("append"));
        refused(patch("x").mode(Mode::Inner).selector(""), &refusal("inner"));
        refused(remove(""), &refusal("remove"));
    }
}
