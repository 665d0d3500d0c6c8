use stario::prelude::*;

stario::app!();

#[app::query("/a", etag = true)]
async fn events() -> impl Stream<Item = Event> {
    stream! { yield 1; }
}

#[app::query("/b", cache = "private, max-age=60")]
async fn written(w: Writer) -> Result {
    w.patch(1).await?;
    Ok(())
}

fn main() {}
