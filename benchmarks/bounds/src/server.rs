//! The app that is measured.

use std::collections::HashMap;

use serde_json::Value;
use stario::prelude::*;
use stario::{FormBody, JsonBody, JsonOrForm, Text};

use crate::app;

#[app::query("/plain")]
async fn plain() -> Text<&'static str> {
    Text("plain text")
}

#[app::command("/signal")]
async fn signal(name: Signal<String>) -> String {
    name.0
}

#[app::command("/signals")]
async fn signals(all: Signals<Value>) -> usize {
    all.as_object().map_or(0, |all| all.len())
}

#[app::command("/json")]
async fn json(body: JsonBody<Value>) -> bool {
    body.is_object()
}

#[app::command("/form")]
async fn form(body: FormBody<HashMap<String, String>>) -> usize {
    body.len()
}

#[app::command("/fields")]
async fn fields(name: FormField<String>) -> usize {
    name.len()
}

#[app::command("/either")]
async fn either(body: JsonOrForm<Value>) -> bool {
    body.is_object()
}

#[app::command("/raw")]
async fn raw(body: RawBody) -> usize {
    body.len()
}

#[app::command("/upload")]
async fn upload(file: UploadedFile) -> u64 {
    file.len()
}

#[app::command("/part")]
async fn part(field: FormField<String>) -> usize {
    field.len()
}

const PAGE: usize = 2_000_000;

#[app::query("/page")]
async fn page() -> Text<String> {
    Text("x".repeat(PAGE))
}

/// All pages that are asked for at once begin to be made before the first is ready.
#[app::query("/later")]
async fn later() -> Text<String> {
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    Text("x".repeat(PAGE))
}

/// An event, and nothing more for as long as the client stays.
fn idle() -> impl Stream<Item = Event> {
    stream! {
        yield html! { <p id="idle">"idle"</p> };
        std::future::pending::<()>().await;
    }
}

#[app::query("/stream")]
async fn idle_query(name: Signal<String>) -> impl Stream<Item = Event> {
    drop(name);
    idle()
}

#[app::command("/stream")]
async fn idle_command(name: Signal<String>) -> impl Stream<Item = Event> {
    drop(name);
    idle()
}

#[app::query("/writer")]
async fn writing_query(name: Signal<String>, w: Writer) -> Result {
    drop(name);
    w.patch(html! { <p id="idle">"idle"</p> }).await?;
    w.while_alive(std::future::pending::<()>()).await;
    Ok(())
}

#[app::command("/writer")]
async fn writing_command(name: Signal<String>, w: Writer) -> Result {
    drop(name);
    w.patch(html! { <p id="idle">"idle"</p> }).await?;
    w.while_alive(std::future::pending::<()>()).await;
    Ok(())
}

pub async fn serve(port: &str) {
    app::new().listen(format!("127.0.0.1:{port}")).serve().await.unwrap();
}
