use stario::prelude::*;
use stario::FromRequest;

stario::app!();

#[derive(FromRequest)]
struct Tuple(QueryParam<u32>);

#[derive(FromRequest)]
struct Unit;

#[derive(FromRequest)]
enum Choice {
    A,
    B,
}

#[app::query("/")]
async fn home(tuple: Tuple, unit: Unit, choice: Choice) -> Html {
    drop((tuple, unit, choice));
    Html::default()
}

fn main() {}
