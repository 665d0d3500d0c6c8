use stario::durable::DurableCommand;
use stario::prelude::*;

stario::app!();

/// It is stored where a request asks for it.
#[app::detached_command("/wide", durable = "wide")]
#[rustfmt::skip]
async fn wide(
    a: QueryParam<u8>, b: QueryParam<u8>, c: QueryParam<u8>, d: QueryParam<u8>, e: QueryParam<u8>, f: QueryParam<u8>,
    g: QueryParam<u8>, h: QueryParam<u8>, i: QueryParam<u8>, j: QueryParam<u8>, k: QueryParam<u8>, l: QueryParam<u8>,
    m: QueryParam<u8>, n: QueryParam<u8>, o: QueryParam<u8>, p: QueryParam<u8>, q: QueryParam<u8>,
) {
    let _ = (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q);
}

fn of_code() -> DurableCommand {
    wide::command(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)
}

fn main() {}
