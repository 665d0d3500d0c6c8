use stario::prelude::*;

stario::app!();

struct NoSerde;

#[derive(Form)]
struct Leaf {
    value: NoSerde,
}

#[derive(Form)]
struct Nested {
    #[form(nested)]
    value: NoSerde,
    #[form(nested)]
    list: Vec<String>,
}

#[derive(Form)]
struct Files {
    #[form(file)]
    file: String,
    #[form(file, max_size = "2 MiB")]
    sized: stario::UploadedFile,
}

fn main() {}
