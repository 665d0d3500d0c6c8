use serde::{Deserialize, Serialize};
use stario::prelude::*;

stario::app!();

#[derive(Serialize, Deserialize)]
enum Sort {
    Newest,
}

#[derive(Signals)]
struct Search {
    q: String,
    page: u32,
    open: bool,
    sort: Sort,
    note: Option<String>,
}

fn main() {
    _ = Search::page().set("one");
    _ = Search::page().set(Search::q());
    _ = Search::page().set(-1);
    _ = Search::q().is(7);
    _ = Search::page().toggle();
    _ = Search::page().not();
    _ = Search::page().eq("1");
    _ = Search::sort().eq(Sort::Newest);
    _ = Search::note().eq(None);
    _ = Search::open().lt(true);
    _ = Search::open().and(Search::page());
    _ = Search::page().then(Search::page().set(1));
    _ = Search::open().then("alert(1)");
    _ = Search::q() + 7;
    _ = Search::open() + true;
    _ = Search::q() - "a";
}
