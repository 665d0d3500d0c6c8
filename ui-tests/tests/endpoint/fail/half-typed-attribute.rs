use stario::prelude::*;

stario::app!();

#[app::query]
async fn no_arguments(id: PathParam<String>) -> String {
    id.0
}

#[app::query()]
async fn nothing_in_them() {}

#[app::query(/users)]
async fn no_quotes() {}

#[app::query("/a/{id")]
async fn half_a_capture(id: PathParam<u32>) -> u32 {
    id.0
}

#[app::query("/b/{id}")]
async fn capture_of_another_name(user_id: PathParam<u32>) -> u32 {
    user_id.0
}

#[app::query("/c/{path..}")]
async fn half_a_rest(path: PathParam<Vec<String>>) -> String {
    path.join("/")
}

#[app::query("/d/{id}", meth)]
async fn half_an_option(id: PathParam<u32>, q: QueryParam<u8>) -> u32 {
    id.0 + u32::from(q.0)
}

#[app::command("/e", method = )]
async fn no_method() {}

#[app::query("/f", headers("X-Mode" = ))]
async fn no_value() {}

// What leads to them is no second error.
fn main() {
    html! {
        <a href={no_arguments::url("x")} data-on:click={no_method::action()}></a>
        <a href={half_an_option::url(7).q(1)} data-on:click={no_value::action()}></a>
    };
    let _ = (nothing_in_them::url(), no_quotes::url(), half_a_capture::url(1), capture_of_another_name::url(1));
    let _ = half_a_rest::url(["a", "b"]);
    drop(app::new());
}
