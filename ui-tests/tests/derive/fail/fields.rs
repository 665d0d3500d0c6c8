use stario::prelude::*;
use stario::FromRequest;

stario::app!();

struct Database;

#[derive(FromRequest)]
struct NoSource {
    db: Database,
}

#[derive(FromRequest)]
struct Attributes {
    #[default]
    page: QueryParam<u32>,
    #[name(x)]
    limit: QueryParam<u32>,
    #[from(database)]
    sort: QueryParam<String>,
}

#[derive(FromRequest)]
struct WrongDefault {
    #[default("one")]
    page: QueryParam<u32>,
}

#[app::query("/")]
async fn home(a: NoSource, b: Attributes, c: WrongDefault) -> Html {
    let _ = (a.db, b.page, b.limit, b.sort, c.page);
    Html::default()
}

fn main() {}
