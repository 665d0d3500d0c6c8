stario::app!();

#[app::query("/")]
#[app::command("/")]
async fn both() -> u32 {
    1
}

fn main() {}
