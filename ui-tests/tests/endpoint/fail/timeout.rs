use stario::handler;

stario::app!();

#[app::query("/a", timeout = "10")]
async fn without_a_unit() {}

#[app::query("/b", timeout = "10 s")]
async fn with_a_space() {}

#[app::query("/c", timeout = "1.5s")]
async fn with_a_fraction() {}

#[app::query("/d", timeout = "0s")]
async fn no_time() {}

#[app::query("/e", timeout = "9000h")]
async fn more_than_a_year() {}

#[app::command("/f", timeout = Duration::from_secs(10))]
async fn an_expression() {}

#[app::command("/g", timeout)]
async fn nothing() {}

#[app::command("/h", timeout = "1s", timeout = "2s")]
async fn twice() {}

#[handler(timeout = "soon")]
async fn by_the_app() {}

fn main() {}
