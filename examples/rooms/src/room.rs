//! A room: its page, the stream that keeps it up to date, and what is said in it.

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use stario::action::{ContentType, Retry};
use stario::prelude::*;
use stario::relay::{Pattern, Update};
use stario::{Error, IdempotencyKey, NoRetry, UploadedFile, presence};

use crate::messages::{Message, Messages, News};
use crate::visitor::Visitor;
use crate::{Page, app};

/// The name of a room, which is part of paths and of the relay's subjects. A path with another name is answered with 422.
#[derive(Serialize, Deserialize, Clone)]
#[serde(try_from = "String")]
pub(crate) struct Room(String);

impl TryFrom<String> for Room {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if is_plain && (1..=20).contains(&name.len()) {
            return Ok(Self(name));
        }
        Err("Name a room by 1 to 20 letters, digits and hyphens.")
    }
}

impl Deref for Room {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// The signals of the page.
#[derive(Signals, Default)]
struct Draft {
    text: String,
    /// The newest message of the list that the page was sent as a whole. The list sets it, so that the page has both or neither.
    shown: i64,
}

#[app::query("/rooms/{room}")]
pub(crate) async fn page(room: PathParam<Room>, visitor: Visitor, script: DatastarScript) -> Html {
    let live = live::action(&*room).retry(Retry::Always).retry_max_count(u32::MAX);
    html! {
        <Page title={&format!("Room {}", &**room)} script={script}>
            <header><h1>"Room "{&**room}</h1><span>"You are "{&visitor.name}</span></header>
            <aside><h2>"Here"</h2><ul id="people"></ul></aside>
            <main data-signals={Draft::default()} data-init={live}>
                {list(&[])}
                <form data-on:submit={say::action(&*room)}>
                    <input data-bind={Draft::text()} placeholder="Say something" aria-label="Message" maxlength=500 autofocus>
                    <button>"Say"</button>
                </form>
                <details>
                    <summary>"Import a file"</summary>
                    <form enctype="multipart/form-data" data-on:submit={import::action(&*room).content_type(ContentType::Form)}>
                        <input type="file" name="lines" aria-label="A message in each line" required>
                        <button>"Import"</button>
                    </form>
                </details>
            </main>
        </Page>
    }
}

/// The next thing that happens to the stream of a page.
enum Next {
    Said(Option<Update<News>>),
    People(Option<presence::Change<Visitor>>),
}

/// Stays open while the page is shown. Who has it open is in the room.
#[app::query("/rooms/{room}/live")]
async fn live(
    room: PathParam<Room>,
    visitor: Visitor,
    messages: State<Messages>,
    news: State<Relay<News>>,
    people: State<Presence<Visitor>>,
    shown: Signal<i64>,
    last_event_id: Header<Option<String>>,
) -> Result<impl Stream<Item = Result<Event>>> {
    let mut updates = news.resume(Pattern::segments(["room", &**room])?, last_event_id);
    Ok(try_stream! {
        let _here = people.join(&**room, &visitor.id, visitor.clone());
        let mut changes = people.changes(&**room);
        // A message that the page has from the database may follow by the relay, also when the page comes back, to another process.
        let mut shown = *shown;
        loop {
            let next = tokio::select! {
                update = updates.next() => Next::Said(update),
                change = changes.next() => Next::People(change),
            };
            match next {
                // The page has this message. It takes the event's id all the same, so that the message is not replayed.
                Next::Said(Some(Update::Value(_, News::Said(message)))) if message.id <= shown => {
                    yield event::signals(json!({})).id(updates.position());
                }
                Next::Said(Some(Update::Value(_, News::Said(message)))) => {
                    let line = event::patch(line(&message)).mode(Mode::Append).selector("#messages");
                    yield line.id(updates.position());
                }
                Next::Said(Some(Update::Gap | Update::Value(_, News::ReadAgain))) => {
                    let newest = messages.newest(&room).await?;
                    shown = last_id(&newest);
                    yield event::patch(list(&newest)).id(updates.position());
                }
                Next::People(Some(change)) => {
                    let people = html! { <ul id="people">for person in change.list() { <li>{&person.name}</li> }</ul> };
                    yield event::patch(people);
                }
                Next::Said(None) | Next::People(None) => break,
            }
        }
    })
}

fn list(messages: &[Message]) -> Html {
    html! {
        <ol id="messages" aria-live="polite" data-signals:shown={last_id(messages)}>
            for message in messages { {line(message)} }
        </ol>
    }
}

fn last_id(messages: &[Message]) -> i64 {
    messages.last().map_or(0, |message| message.id)
}

fn line(message: &Message) -> Html {
    html! { <li id={("message-", message.id)}><b>{&message.author}</b>" "{&message.text}</li> }
}

/// The most lines of a file that are said, and the most characters of each message.
const MOST_LINES: usize = 1000;
const MOST_CHARACTERS: usize = 500;

/// Says something; then the input is empty again.
#[app::command("/rooms/{room}", rate_limit = "60/minute")]
async fn say(
    room: PathParam<Room>,
    visitor: Visitor,
    text: Signal<String>,
    messages: State<Messages>,
    news: State<Relay<News>>,
) -> Result<SignalPatch> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MOST_CHARACTERS {
        return Err(Error::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Please say something, in at most 500 characters.",
        ));
    }
    let subject = Pattern::segments(["room", &**room])?;
    if let Some(message) = messages.add(&room, &visitor.name, text, None).await? {
        news.publish(subject, News::Said(message));
    }
    Ok(Draft::text().is(""))
}

/// Says each line of a file. It is stored before it is acknowledged. If its process dies, another one runs it again, which finds
/// the lines that are stored.
#[app::detached_command("/rooms/{room}/import", durable = "import", body_limit = 1024 * 1024, rate_limit = "5/minute")]
async fn import(
    room: PathParam<Room>,
    visitor: Visitor,
    lines: UploadedFile,
    key: IdempotencyKey,
    messages: State<Messages>,
    news: State<Relay<News>>,
) -> Result {
    let subject = Pattern::segments(["room", &**room])?;
    let content = lines.bytes().await?;
    // The same file would fail again.
    let lines = std::str::from_utf8(&content).map_err(NoRetry::new)?;
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty()).take(MOST_LINES);
    let mut has_run_before = false;
    for (number, text) in lines.enumerate() {
        let text: String = text.chars().take(MOST_CHARACTERS).collect();
        let source = format!("{}:{}:{number}", visitor.id, &*key);
        match messages.add(&room, &visitor.name, &text, Some(source)).await? {
            Some(message) => news.publish(&subject, News::Said(message)),
            None => has_run_before = true,
        }
    }
    if has_run_before {
        // It may have ended between storing a line and publishing it.
        news.publish(&subject, News::ReadAgain);
    }
    Ok(())
}
