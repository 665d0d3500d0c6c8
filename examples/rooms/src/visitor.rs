//! Visitors say what they are called, and the session remembers it.

use garde::Validate;
use serde::{Deserialize, Serialize};
use stario::http::request;
use stario::prelude::*;
use stario::{ErrorResponse, Redirect, Session, error_response};

use crate::room::Room;
use crate::{Page, app, room};

/// The value of the session.
#[derive(Serialize, Deserialize, Default, Clone, PartialEq)]
pub(crate) struct Profile {
    name: String,
}

/// Somebody who has a name. A handler that takes one answers only to those; a durable command keeps it with its values.
#[derive(Serialize, Deserialize, Clone, PartialEq)]
pub(crate) struct Visitor {
    /// The same in all tabs of a browser.
    pub(crate) id: String,
    pub(crate) name: String,
}

#[dependency]
fn visitor(session: Session<Profile>) -> Result<Visitor> {
    let id = session.id().ok_or(Nameless)?.to_string();
    Ok(Visitor { id, name: session.get().name.clone() })
}

#[derive(Debug, thiserror::Error)]
#[error("say first what you are called")]
struct Nameless;

#[error_response]
impl ErrorResponse for Nameless {
    fn status(&self) -> StatusCode {
        StatusCode::UNAUTHORIZED
    }

    fn response(&self, request: &request::Parts) -> Option<Response> {
        // What a page fetches by an action cannot lead the page elsewhere; an event can.
        if request.headers.contains_key("datastar-request") {
            return Some(event::redirect(door::url()).into_response());
        }
        Some(Redirect::see_other(door::url()).into_response())
    }
}

#[derive(Form, Validate)]
struct Entry {
    #[garde(custom(is_name))]
    name: String,
    #[garde(custom(is_room))]
    room: String,
}

fn is_name<C>(name: &str, _: &C) -> garde::Result {
    if (1..=20).contains(&name.trim().chars().count()) {
        return Ok(());
    }
    Err(garde::Error::new("Write a name of at most 20 characters."))
}

fn is_room<C>(name: &str, _: &C) -> garde::Result {
    Room::try_from(name.to_owned()).map(|_| ()).map_err(garde::Error::new)
}

/// The page at which visitors say what they are called, and which room they want.
#[app::query("/")]
pub(crate) async fn door() -> Html {
    door_page(&Form::empty())
}

#[app::command("/")]
async fn enter(form: Form<Entry>, session: Session<Profile>) -> Result<Response> {
    let Some(Entry { name, room }) = form.value() else {
        return Ok(form.refusal(door_page(&form), |page| page));
    };
    session.update(|profile| name.trim().clone_into(&mut profile.name)).await?;
    Ok(form.redirect(room::page::url(&Room::try_from(room.clone())?)))
}

fn door_page(form: &Form<Entry>) -> Html {
    html! {
        <Page title="Rooms">
            <main>
                <h1>"Rooms"</h1>
                <form class="fields" method="post" action={enter::url()}>
                    let name = form.field(Entry::name());
                    <label>"Your name"<input autocomplete="nickname" autofocus {..name.input()}></label>{name.message()}
                    let room = form.field(Entry::room());
                    <label>"Room"<input placeholder="tea" {..room.input()}></label>{room.message()}
                    <button>"Enter"</button>
                </form>
            </main>
        </Page>
    }
}
