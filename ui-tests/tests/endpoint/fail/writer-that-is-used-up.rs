use stario::prelude::*;

stario::app!();

#[app::query("/write-after-end")]
async fn write_after_end(w: Writer) -> Result {
    w.end()?;
    w.write("more").await?;
    Ok(())
}

#[app::query("/two-responses")]
async fn two_responses(w: Writer) -> Result {
    w.html("one")?;
    Ok(w.text("two")?)
}

#[app::query("/write-after-one-shot")]
async fn write_after_one_shot(w: Writer) -> Result {
    w.empty()?;
    w.patch(html! { <p></p> }).await?;
    Ok(())
}

fn main() {}
