use stario::prelude::*;

stario::app!();

#[app::query("/live")]
async fn live() -> impl Stream<Item = Event> {
    stream! {
        let number: u32 = "7".parse()?;
        yield html! { <p id="n">{number}</p> };
    }
}

#[app::query("/nested")]
async fn nested() -> impl Stream<Item = Event> {
    stream! {
        for text in ["1", "2"] {
            yield html! { <p id="n">{text.parse::<u32>()?}</p> };
        }
    }
}

// What does not leave the stream may fail.
#[app::query("/inside")]
async fn inside() -> impl Stream<Item = Event> {
    stream! {
        let parse = |text: &str| -> Result<u32> { Ok(text.parse::<u32>()?) };
        let number = async { Ok::<_, stario::Error>(parse("7")?) }.await;
        fn size<T: ?Sized>(value: &T) -> usize {
            size_of_val(value)
        }
        yield html! { <p id="n">{number.unwrap_or(0)}{size("7")}</p> };
    }
}

fn main() {}
