use stario::handler;

stario::app!();

#[app::query("/a", cache = "public, max-age")]
async fn without_a_time() {}

#[app::query("/b", cache = "max-age=1h")]
async fn a_time_with_a_unit() {}

#[app::query("/c", cache = "public=1, Max-Age=60, forever")]
async fn three_problems() {}

#[app::query("/d", cache = "public, private")]
async fn for_all_and_for_one() {}

#[app::query("/e", cache = "private, s-maxage=60, proxy-revalidate")]
async fn shared_and_for_one() {}

#[app::query("/f", cache = "no-store, max-age=0")]
async fn not_stored_for_a_time() {}

#[app::query("/g", cache = "no-cache, max-age=60")]
async fn asked_for_and_not() {}

#[app::query("/h", cache = "max-age=60, must-revalidate, stale-if-error=60")]
async fn stale_and_not() {}

#[app::query("/i", cache = "public, immutable")]
async fn for_ever() {}

#[app::query("/j", cache = "public, public, ")]
async fn twice_the_same() {}

#[app::query("/k", etag = true, cache = "no-store")]
async fn asked_for_and_not_stored() {}

#[app::command("/l", etag = true, cache = "no-cache")]
async fn a_command() {}

#[app::query("/m", etag = "yes")]
async fn in_words() {}

#[app::query("/n", etag)]
async fn nothing() {}

#[app::query("/o", cache = 60)]
async fn a_number() {}

#[app::query("/p", etag = true, etag = false, cache = "public", cache = "private")]
async fn twice() {}

#[handler(detached, cache = "public")]
async fn by_the_app() {}

fn main() {}
