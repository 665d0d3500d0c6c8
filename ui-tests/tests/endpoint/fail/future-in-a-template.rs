use stario::prelude::*;

stario::app!();

async fn name() -> String {
    String::new()
}

fn url() -> Result<String> {
    Ok(String::new())
}

#[app::query("/")]
async fn home() -> Result<Html> {
    Ok(html! {
        <p title={name()}>{name()}</p>
        <a href={url()}>{url()}</a>
    })
}

fn main() {}
