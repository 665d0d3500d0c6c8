//! The text of each expression.

use serde::Serialize;

use super::{Effect, Expr};
use crate::expression::code_of;
use crate::places::{DatastarExpression, Written};
use crate::signals::{SignalRef, TextSignal};
use crate::{Buf, js};

const PAGE: fn() -> SignalRef<u32> = || SignalRef::named("page");
const DEPTH: fn() -> SignalRef<i64> = || SignalRef::named("list.depth");
const OPEN: fn() -> SignalRef<bool> = || SignalRef::named("_open");
const FIRST: fn() -> SignalRef<String> = || SignalRef::named("first");
const LAST: fn() -> SignalRef<String> = || SignalRef::named("last");
const SORT: fn() -> SignalRef<Option<Sort>> = || SignalRef::named("sort");

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Sort {
    Newest,
}

impl TextSignal for Sort {}

/// Checks an expression alone, and as an operand of a longer one.
#[track_caller]
#[allow(clippy::needless_pass_by_value)] // The cases read better without a `&` each.
fn check(expression: impl DatastarExpression, alone: &str, operand: &str) {
    assert_eq!(code_of(&Written(&expression, DatastarExpression::write_datastar)), alone);
    assert_eq!(code_of(&Written(&expression, DatastarExpression::write_operand)), operand);
}

#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn value<T>(expression: Expr<T>, expected: &str) {
    assert_eq!(expression.to_string(), expected);
}

#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn effect(effect: Effect, expected: &str) {
    assert_eq!(effect.to_string(), expected);
}

#[test]
fn a_signal_is_its_name() {
    check(PAGE(), "$page", "$page");
    check(DEPTH(), "$list.depth", "$list.depth");
    check(OPEN().not(), "!$_open", "(!$_open)");
    check(PAGE().eq(1), "$page === 1", "($page === 1)");
}

#[test]
fn a_signal_is_set_to_a_literal_or_a_value_of_the_page() {
    effect(PAGE().set(1), "$page = 1");
    effect(PAGE().set(&PAGE() + 1), "$page = $page + 1");
    effect(DEPTH().set(-1), "$list.depth = -1");
    effect(OPEN().set(true), "$_open = true");
    effect(OPEN().set(PAGE().gt(1)), "$_open = $page > 1");
    effect(OPEN().toggle(), "$_open = !$_open");
    effect(FIRST().set("Ada"), "$first = 'Ada'");
    effect(FIRST().set(LAST()), "$first = $last");
    let text = String::from("x");
    effect(FIRST().set(&text), "$first = 'x'");
    effect(LAST().set(text), "$last = 'x'");
    effect(SORT().set(Some(Sort::Newest)), "$sort = 'newest'");
    effect(SORT().set(None), "$sort = null");
    effect(SignalRef::<Vec<u8>>::named("list").set(vec![1, 2]), "$list = [1,2]");
    effect(SignalRef::<f64>::named("x").set(f64::NAN), "$x = null");
}

#[test]
fn a_text_ends_nowhere_before_its_quote() {
    effect(
        FIRST().set("'+alert(1)+'</script>\n$a;@post('x')\\\"`"),
        "$first = '\\u0027+alert(1)+\\u0027\\u003c/script\\u003e\\n\\u0024a\\u003b\\u0040post(\\u0027x\\u0027)\\u005c\\u0022\\u0060'",
    );
}

#[test]
fn values_are_compared() {
    value(PAGE().eq(1), "$page === 1");
    value(PAGE().ne(PAGE()), "$page !== $page");
    value(PAGE().lt(9), "$page < 9");
    value(PAGE().le(9), "$page <= 9");
    value(PAGE().gt(1), "$page > 1");
    value(PAGE().ge(1), "$page >= 1");
    value(FIRST().eq("Ada"), "$first === 'Ada'");
    let last = LAST();
    value(FIRST().lt(&last), "$first < $last");
    value(FIRST().le(last), "$first <= $last");
    value(SignalRef::<Sort>::named("sort").eq(Sort::Newest), "$sort === 'newest'");
}

#[test]
fn parentheses_stand_where_they_are_needed() {
    let (open, busy) = (OPEN(), SignalRef::<bool>::named("busy"));
    value(open.and(&busy).or(PAGE().gt(1)), "$_open && $busy || $page > 1");
    value(open.or(&busy).and(PAGE().gt(1)), "($_open || $busy) && $page > 1");
    value(open.and(busy.or(true)), "$_open && ($busy || true)");
    value(open.and(busy.and(true)), "$_open && ($busy && true)");
    value(open.and(&busy).not(), "!($_open && $busy)");
    value(open.not().eq(&busy), "!$_open === $busy");
    value(open.eq(busy.eq(true)), "$_open === ($busy === true)");
    value(PAGE().eq(1).eq(&busy), "$page === 1 === $busy");
    value((PAGE() + 1).gt(2), "$page + 1 > 2");
    value(DEPTH() - (DEPTH() - -1), "$list.depth - ($list.depth - -1)");
    value(DEPTH() - 1 + 2, "$list.depth - 1 + 2");
    value(open.or(&busy).choose("a", FIRST() + "b"), "$_open || $busy ? 'a' : $first + 'b'");
    value(open.choose(busy.choose("a", "b"), "c"), "$_open ? ($busy ? 'a' : 'b') : 'c'");
}

#[test]
fn texts_are_joined() {
    value(FIRST() + " " + LAST(), "$first + ' ' + $last");
    value(FIRST() + (" ".to_owned()), "$first + ' '");
    value("Page " + PAGE(), "'Page ' + $page");
    value("Page " + &PAGE() + " of " + DEPTH(), "'Page ' + $page + ' of ' + $list.depth");
    value(FIRST() + (PAGE() + 1) + OPEN(), "$first + ($page + 1) + $_open");
    value(FIRST() + &PAGE().gt(1) + SORT() + &String::from("x"), "$first + ($page > 1) + $sort + 'x'");
    value(SignalRef::<Sort>::named("sort").as_text() + "!", "$sort + '!'");
}

#[test]
fn effects_follow_each_other_and_conditions() {
    effect(PAGE().set(1).then(js("@get('/')")), "$page = 1; @get('/')");
    effect(PAGE().set(1).then(OPEN().toggle().then(js("a()"))), "$page = 1; $_open = !$_open; a()");
    effect(PAGE().set(1).then(None::<Effect>), "$page = 1");
    effect(OPEN().then(js("@get('/')")), "$_open && (@get('/'))");
    effect(OPEN().or(PAGE().gt(1)).then(PAGE().set(1)), "($_open || $page > 1) && ($page = 1)");
    effect(OPEN().then(PAGE().set(1).then(js("@get('/')"))), "$_open && ($page = 1, @get('/'))");
    effect(OPEN().then(js("a()")).then(OPEN().set(false)), "$_open && (a()); $_open = false");
    check(PAGE().set(1).then(js("@get('/')")), "$page = 1; @get('/')", "($page = 1, @get('/'))");
    check(Some(PAGE().set(1)), "$page = 1", "($page = 1)");
}

#[test]
fn an_attribute_escapes_what_html_would_read() {
    let mut buf = Buf::new();
    buf.__datastar(" data-on:click=\"", 0, &OPEN().and(PAGE().lt(2)).then(FIRST().set("<\">")), "\"");
    assert_eq!(
        buf.finish().as_str(),
        " data-on:click=\"$_open &amp;&amp; $page &lt; 2 &amp;&amp; ($first = '\\u003c\\u0022\\u003e')\"",
    );
}
