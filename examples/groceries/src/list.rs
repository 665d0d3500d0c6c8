//! The list: its page, the stream that keeps it up to date, and what is done with an item.

use garde::Validate;
use serde::{Deserialize, Serialize};
use stario::action::ContentType;
use stario::prelude::*;
use stario::{Error, Flash, Session, SessionError};
use stario_sqlite::SqlitePool;
use stario_sqlite::sqlx::sqlite::SqliteRow;
use stario_sqlite::sqlx::{self, FromRow, Row};

use crate::database::Change;
use crate::members::{User, login};
use crate::{Page, app, not_blank};

// Guards each handler of this module: only members get in, all others are sent to the login.
app::require!(User);

const ITEMS_PER_PAGE: u32 = 10;

#[derive(Serialize)]
struct Item {
    id: i64,
    title: String,
    amount: u32,
    note: String,
    added_by: String,
    is_bought: bool,
    version: i64,
}

impl FromRow<'_, SqliteRow> for Item {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            title: row.try_get("title")?,
            amount: row.try_get("amount")?,
            note: row.try_get("note")?,
            added_by: row.try_get("added_by")?,
            is_bought: row.try_get("is_bought")?,
            version: row.try_get("version")?,
        })
    }
}

/// The part of the list that a page shows: signals in the page, and the query of its links.
#[derive(Signals, Serialize, Deserialize, Clone, Default)]
#[serde(default)]
pub(crate) struct View {
    q: String,
    page: u32,
}

/// The item that is being written.
#[derive(Signals, Default)]
struct Draft {
    title: String,
}

#[app::query("/")]
pub(crate) async fn home(
    user: User,
    Query(view): Query<View>,
    db: State<SqlitePool>,
    flash: Flash,
    script: DatastarScript,
) -> Result<Html> {
    // Each search starts this stream again, and the client ends the one before. When the server restarts, the client
    // asks until it is back.
    let live = live::action().retry(action::Retry::Always).retry_max_count(u32::MAX);
    Ok(html! {
        <Page title="Groceries" user={&user} script={script}>
            <form data-signals={Draft::default()} data-on:submit={add::action()}>
                <input data-bind={Draft::title()} placeholder="What do we need?" aria-label="New item" maxlength=60 autofocus>
                <button>"Add"</button>
            </form>
            // Without the script, Enter searches.
            <form role="search" data-signals={view.clone()} data-init={&live}>
                <input type="search" name="q" placeholder="Search" aria-label="Search" data-bind={View::q()}
                    data-on:input__debounce.200ms={View::page().set(1).then(live)}>
            </form>
            for message in flash.take() { <p role="status">{message}</p> }
            {items(&db, &view).await?}
        </Page>
    })
}

/// Stays open while the page is shown, and sends it its part of the list after each change.
#[app::query("/live")]
async fn live(
    session: Session<()>,
    Signals(view): Signals<View>,
    db: State<SqlitePool>,
    news: State<Relay<()>>,
) -> impl Stream<Item = Result<Event>> {
    // Before the first rendering: a change in between is pushed, not lost. A slow browser skips to the newest.
    let mut news = news.subscribe("list").latest();
    try_stream! {
        yield items(&db, &view).await?;
        while news.next().await.is_some() {
            // A member who was signed out meanwhile is sent to the login.
            if let Err(SessionError::Ended) = session.reload().await { yield event::redirect(login::url()); break }
            yield items(&db, &view).await?;
        }
    }
}

/// Renders the part of the list that the view asks for.
async fn items(db: &SqlitePool, view: &View) -> Result<Html> {
    let count = sqlx::query_scalar("SELECT count(*) FROM item WHERE instr(lower(title), lower(?))");
    let count: u32 = count.bind(&view.q).fetch_one(db).await?;
    let pages = count.div_ceil(ITEMS_PER_PAGE).max(1);
    let page = view.page.clamp(1, pages);
    let items =
        "SELECT * FROM item WHERE instr(lower(title), lower(?)) ORDER BY is_bought, id DESC LIMIT ? OFFSET ?";
    let items = sqlx::query_as(items).bind(&view.q).bind(ITEMS_PER_PAGE).bind((page - 1) * ITEMS_PER_PAGE);
    let items: Vec<Item> = items.fetch_all(db).await?;
    let link = |page| home::url().view(&View { page, ..view.clone() });
    Ok(html! {
        <section id="list">
            <ul>
                for item in &items {
                    <li id={("item-", item.id)} class:bought={item.is_bought}>
                        <button class="tick" data-on:click={tick::action(item.id)} aria-pressed={item.is_bought}>
                            {&item.title} if item.amount > 1 { " "<b>"× "{item.amount}</b> }
                        </button>
                        <small>if !item.note.is_empty() { {&item.note}" · " }{&item.added_by}</small>
                        <a href={edit::url(item.id)} aria-label={("Edit ", &item.title)}>"Edit"</a>
                        <button class="quiet" data-on:click={remove::action(item.id)} aria-label={("Remove ", &item.title)}>"×"</button>
                    </li>
                }
            </ul>
            if items.is_empty() { <p>if view.q.is_empty() { "The list is empty." } else { "Nothing fits." }</p> }
            if pages > 1 {
                <nav aria-label="Pages">
                    if page > 1 { <a href={link(page - 1)}>"Back"</a> }
                    <span>"Page "{page}" of "{pages}</span>
                    if page < pages { <a href={link(page + 1)}>"More"</a> }
                </nav>
            }
        </section>
    })
}

/// Adds an item; then the input is empty again.
#[app::command("/items")]
async fn add(user: User, title: Signal<String>, mut change: Change) -> Result<SignalPatch> {
    let title = title.trim();
    if title.is_empty() || title.chars().count() > 60 {
        let problem = "Please say what it is, in at most 60 characters.";
        return Err(Error::new(StatusCode::UNPROCESSABLE_ENTITY, problem));
    }
    let insert = sqlx::query("INSERT INTO item (title, added_by) VALUES (?, ?)").bind(title).bind(&user.name);
    insert.execute(change.connection().await?).await?;
    change.commit().await?;
    Ok(Draft::title().is(""))
}

/// Ticks an item off, or takes the tick back.
#[app::command("/items/{id}/tick")]
async fn tick(id: PathParam<i64>, change: Change) -> Result {
    change_one(*id, change, "UPDATE item SET is_bought = NOT is_bought WHERE id = ?").await
}

#[app::command("/items/{id}", method = DELETE)]
async fn remove(id: PathParam<i64>, change: Change) -> Result {
    change_one(*id, change, "DELETE FROM item WHERE id = ?").await
}

/// Changes an item that may be gone.
async fn change_one(id: i64, mut change: Change, statement: &'static str) -> Result {
    let done = sqlx::query(statement).bind(id).execute(change.connection().await?).await?;
    if done.rows_affected() == 0 { Err(no_such_item()) } else { change.commit().await }
}

fn no_such_item() -> Error {
    Error::new(StatusCode::NOT_FOUND, "Somebody has removed this item.")
}

/// The form for an item, whose fields have the names that they have in [`Item`].
#[derive(Form, Validate)]
struct Edit {
    #[garde(custom(not_blank), length(chars, max = 60))]
    title: String,
    #[garde(range(min = 1, max = 99))]
    amount: u32,
    #[garde(length(chars, max = 100))]
    note: String,
    #[garde(skip)]
    version: i64,
}

#[app::query("/items/{id}")]
async fn edit(user: User, id: PathParam<i64>, db: State<SqlitePool>, script: DatastarScript) -> Result<Html> {
    let item = sqlx::query_as("SELECT * FROM item WHERE id = ?").bind(*id).fetch_optional(&*db).await?;
    let item: Item = item.ok_or_else(no_such_item)?;
    Ok(edit_page(&user, script, &edit_form(*id, &Form::filled(&item)?)))
}

/// Answers Datastar with the form or the next page, and a browser alone with a page.
#[app::command("/items/{id}")]
async fn save(
    user: User,
    id: PathParam<i64>,
    mut form: Form<Edit>,
    mut change: Change,
    flash: Flash,
    script: DatastarScript,
) -> Result<Response> {
    if let Some(edit) = form.value() {
        let update = "UPDATE item SET title = ?, amount = ?, note = ?, version = version + 1 WHERE id = ? AND version = ?";
        let update = sqlx::query(update).bind(edit.title.trim()).bind(edit.amount).bind(&edit.note);
        let update = update.bind(*id).bind(edit.version).execute(change.connection().await?);
        if update.await?.rows_affected() > 0 {
            flash.push(format!("Saved: {}", edit.title.trim()))?;
            change.commit().await?;
            return Ok(form.redirect(home::url()));
        }
        form.reject(Edit::title(), "Somebody has changed or removed this item meanwhile.");
    }
    Ok(form.refusal(edit_form(*id, &form), |form| edit_page(&user, script, &form)))
}

fn edit_page(user: &User, script: DatastarScript, form: &Html) -> Html {
    html! { <Page title="Edit" user={user} script={script}><h1>"Edit"</h1>{form}</Page> }
}

fn edit_form(id: i64, form: &Form<Edit>) -> Html {
    html! {
        <form id="edit" class="fields" method="post" action={save::url(id)} novalidate
            data-on:submit={save::action(id).content_type(ContentType::Form)}>
            let title = form.field(Edit::title());
            <label>"What"<input {..title.input()}></label>{title.message()}
            let amount = form.field(Edit::amount());
            <label>"How many"<input type="number" min=1 {..amount.input()}></label>{amount.message()}
            let note = form.field(Edit::note());
            <label>"Note"<input {..note.input()}></label>{note.message()}
            <input type="hidden" {..form.field(Edit::version()).input()}>
            <button>"Save"</button>
            <a href={home::url()}>"Cancel"</a>
        </form>
    }
}
