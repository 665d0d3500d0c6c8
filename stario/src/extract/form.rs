//! `Form<T>`: a form as a value, or with what is wrong with it.

mod entries;
mod field;
mod files;
mod list;
mod problem;
mod reader;
mod receive;
mod reference;
mod rules;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use garde::Validate;
use serde::Serialize;

use super::FromRequest;
use super::off_worker;
use super::value::JsonTree;
use crate::answers::DATASTAR_REQUEST;
use crate::error::Rejection;
use crate::parameter::{Parameter, Requirement, Source, TakenFields};
use crate::scope::Scope;
use entries::FormEntry;
use reader::{Notes, kind_of, position};

pub use field::Field;
pub use files::FileRules;
pub use list::ListRef;
pub use problem::Problem;
pub use reader::{FieldInfo, FieldKind, FormFields, FormGroup, Reader};
pub use reference::{FieldOf, FieldRef, FileRef, GroupRef};

/// Makes the fields of a struct those of a form, which [`Form<SignUp>`](struct@Form) reads.
///
/// Each field has a function that names it, `SignUp::email()`. [`Form::field`](struct@Form) and `Form::reject` take what it returns, and only that
/// of their own form. It is a [`SignalRef`](crate::SignalRef), too: `data-bind={SignUp::email()}`.
///
/// ```
/// use garde::Validate;
/// use stario::prelude::*;
///
/// #[derive(Form, Validate)]
/// #[garde(allow_unvalidated)]
/// struct SignUp {
///     #[garde(email)]
///     email: String,
///     /// Never shown again.
///     #[form(secret)]
///     #[garde(length(min = 12))]
///     password: String,
///     age: Option<u8>,
///     #[serde(default)]                                       // a checkbox that is not checked sends nothing
///     news: bool,
///     #[form(nested)]
///     #[garde(dive)]
///     children: Vec<Child>,
///     #[form(file, max_size = 1024 * 1024, accept = "image/*")]
///     photo: Option<UploadedFile>,
/// }
///
/// #[derive(Form, Validate)]
/// struct Child {
///     #[garde(length(min = 1))]
///     name: String,
/// }
///
/// # stario::app!();
/// # fn main() {
/// let form = Form::<SignUp>::filled(&json!({ "email": "ada@example.com", "children": [{ "name": "Bob" }] })).unwrap();
/// assert_eq!(form.field(SignUp::email()).value(), "ada@example.com");
/// let name = form.field(SignUp::children().at(0).name());
/// assert_eq!(name.input().as_str(), r#" name="children.0.name" value="Bob""#);
/// # }
/// ```
///
/// # Fields
///
/// | attribute | the field |
/// |---|---|
/// | none | is read by serde from its text, a `Vec` from all texts of its name |
/// | `#[form(secret)]` | is empty when the form is shown again |
/// | `#[form(nested)]` | is a struct that derives `Form`, a `Vec` of it, or an `Option`: `None` if nothing is typed in any of its fields |
/// | `#[form(file)]` | is an [`UploadedFile`](crate::UploadedFile), an `Option` or a `Vec` of it |
/// | `#[form(file, max_size = ..)]` | has files of so many bytes at most, checked while they come; a larger one is not kept |
/// | `#[form(file, accept = "..")]` | has files of these types, listed as in HTML: `"image/*, .csv"`; what counts is what the client says |
/// | `#[form(fn = "..")]` | has a function of this name, where its own is taken |
/// | `#[serde(rename = "..")]`, and `rename_all` on the struct | has this name in the form |
/// | `#[serde(default)]`, on the field or the struct | may be missing |
/// | `#[serde(skip)]` | is not in the form |
///
/// Other attributes of serde do not go with forms, and do not compile. The struct need not derive serde's traits; with `Serialize` it can fill
/// a form, see `Form::filled`. It has no type parameters.
///
/// The crate must have an [`app!`](crate::app!). One that has none names stario: `#[form(crate = stario)]`.
pub use stario_macros::Form;

/// Makes a text of a problem.
type MessageFn = dyn Fn(&Problem) -> String + Send + Sync;

/// Reads a form as a struct that derives [`Form`](macro@crate::Form) and garde's `Validate`: its value, or all that is wrong with it,
/// together with what was typed.
///
/// The body is what a form of HTML sends (`application/x-www-form-urlencoded` or `multipart/form-data`), by a browser alone or by
/// Datastar with `contentType: 'form'`, or the signals of a page as JSON. A field that is missing or does not fit its type is a problem of that
/// field, as one that breaks a rule is, and all of them are found at once. Values are read as by a [`FormBody`](crate::FormBody): an
/// empty input is no value unless the field is text, and of several texts a single value is the last.
///
/// What no form can be is refused before the handler runs: another content type (415), a body larger than
/// [`App::body_limit`](crate::App::body_limit) or of more than 1000 fields (413), text that is not UTF-8 (400), and multipart that is malformed
/// (422). A handler that has answered already, a detached command, can show no problem: take the form in a command. A durable one refuses a `Form`:
/// [enqueue](crate::durable::Durable::enqueue) it from that command, with the value.
///
/// ```
/// use garde::Validate;
/// use stario::prelude::*;
///
/// #[derive(Form, Validate)]
/// struct Vote {
///     #[garde(length(min = 1))]
///     name: String,
///     #[garde(range(max = 5))]
///     stars: u8,
/// }
///
/// fn vote_form(form: &Form<Vote>) -> Html {
///     let (name, stars) = (form.field(Vote::name()), form.field(Vote::stars()));
///     html! {
///         <form id="vote" method="post" action={vote::url()} data-on:submit={vote::action().content_type(action::ContentType::Form)} novalidate>
///             <label>"Name "<input {..name.input()}></label>{name.message()}
///             <label>"Stars "<input inputmode="numeric" {..stars.input()}></label>{stars.message()}
///             <button>"Vote"</button>
///         </form>
///     }
/// }
///
/// # stario::app!();
/// #[app::command("/vote")]
/// async fn vote(form: Form<Vote>) -> Response {
///     let Some(vote) = form.value() else {
///         return form.refusal(vote_form(&form), |form| html! { <!DOCTYPE html><html lang="en"><body>{form}</body></html> });
///     };
///     html! { <p id="vote">{&vote.name}" gives "{vote.stars}</p> }.into_response()
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let res = client.post("/vote").field("name", "Ada").field("stars", "9").send();
/// assert_eq!(res.status(), 422);
/// assert!(res.text().contains(r#"name="stars" aria-invalid="true" aria-describedby="stars-problem" autofocus value="9""#));
/// assert!(res.text().contains("This must be 5 or less."));
/// let res = client.post("/vote").signals(&json!({ "name": "Ada", "stars": 3 })).send();
/// assert_eq!(res.text(), r#"<p id="vote">Ada gives 3</p>"#);
/// # }
/// ```
///
/// # Rules
///
/// garde checks them: its `Validate` is derived beside `Form`, so an app has the crate among its dependencies. Where some
/// field has no value, the other rules are checked all the same, with a stand-in for it: 0, the empty text, the first variant. What they
/// say of that field is dropped, but a rule of yours that looks at two fields may see it. There is no stand-in for some types, such as a
/// date; the rules are then checked when it can be read. A rule whose `Context` is not `()` gets its `Default`.
///
/// # Names
///
/// One name serves everywhere: in the form, as a signal, and for problems. A field of a nested struct is `address.street`, one of the first row
/// of a list is `items.0.name`; `items[0].name` is read as the same. A page may remove rows: they are counted from 0 again.
pub struct Form<T> {
    /// While there are problems it may hold stand-ins, and is not handed out.
    value: Option<T>,
    sent: FormEntry,
    /// The path of each field with a problem, in the order of the fields.
    problems: Vec<(String, Problem)>,
    messages: Option<Arc<MessageFn>>,
    id_prefix: String,
    is_datastar: bool,
}

impl<T> Form<T> {
    fn new(value: Option<T>, sent: FormEntry, problems: Vec<(String, Problem)>, is_datastar: bool) -> Self {
        Self { value, sent, problems, messages: None, id_prefix: String::new(), is_datastar }
    }

    /// The value, if nothing is wrong with the form.
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref().filter(|_| self.problems.is_empty())
    }

    /// The value as your own.
    ///
    /// # Errors
    ///
    /// The form itself, if something is wrong with it.
    pub fn into_value(mut self) -> Result<T, Box<Self>> {
        match self.value.take().filter(|_| self.problems.is_empty()) {
            Some(value) => Ok(value),
            None => Err(Box::new(self)),
        }
    }

    /// All that is wrong: the name of the field, and what it is. A rule about the whole struct has the name `""`.
    pub fn problems(&self) -> impl Iterator<Item = (&str, &Problem)> {
        self.problems.iter().map(|(path, problem)| (&**path, problem))
    }

    /// Makes the texts of the problems, instead of the English sentences.
    #[must_use]
    pub fn messages(self, text: impl Fn(&Problem) -> String + Send + Sync + 'static) -> Self {
        Self { messages: Some(Arc::new(text)), ..self }
    }

    /// Begins the ids of the messages with `prefix`, where a page has several forms with a field of one name.
    #[must_use]
    pub fn id_prefix(self, prefix: impl Into<String>) -> Self {
        Self { id_prefix: prefix.into(), ..self }
    }

    /// Whether Datastar's client sent it, which applies a part of a page; a browser alone asks for a whole one.
    pub fn is_datastar(&self) -> bool {
        self.is_datastar
    }

    /// The text of a problem.
    pub fn text_of(&self, problem: &Problem) -> String {
        self.messages.as_ref().map_or_else(|| problem.to_string(), |text| text(problem))
    }
}

impl<T: FormFields> Form<T> {
    /// A form in which nothing was typed yet.
    pub fn empty() -> Self {
        Self::new(None, FormEntry::default(), Vec::new(), false)
    }

    /// A form with the values of `source`, whose names are those of the form's fields: to edit what there is.
    ///
    /// # Errors
    ///
    /// When serde cannot write the values.
    pub fn filled(source: &impl Serialize) -> serde_json::Result<Self> {
        let json = serde_json::to_vec(source)?;
        let mut form = Self::empty();
        form.sent.add_json(JsonTree::read(&json)?.root());
        Ok(form)
    }

    /// Adds a problem that only the handler can know, such as a name that is taken. There is no value then.
    pub fn reject(&mut self, field: impl FieldOf<T>, problem: impl Into<Problem>) {
        self.problems.push((field.name().to_owned(), problem.into()));
        self.problems.sort_by_key(|(path, _)| position(T::FIELDS, path));
    }

    /// A field as a template shows it.
    pub fn field(&self, field: impl FieldOf<T>) -> Field<'_> {
        let name = field.name();
        let own = self.problems.iter().filter(|(path, _)| path == name);
        Field {
            message_id: format!("{}{}-problem", self.id_prefix, name.replace('.', "-")),
            entry: self.sent.find(name),
            kind: kind_of(T::FIELDS, name),
            problems: own.map(|(_, problem)| self.text_of(problem)).collect(),
            is_first_problem: self.problems.first().is_some_and(|(path, _)| path == name),
            name: name.to_owned(),
        }
    }

    /// How many groups of fields a list has: what was sent, or filled in.
    pub fn count<E>(&self, list: &ListRef<T, E>) -> usize {
        self.sent.find(FieldOf::name(list)).map_or(0, |entry| entry.elements().count())
    }
}

impl<T> FromRequest for Form<T>
where
    T: FormFields + Validate + Send + 'static,
    T::Context: Default,
{
    const SOURCE: Source = Source::Body;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        let is_datastar = scope.headers().contains_key(DATASTAR_REQUEST);
        let (sent, length) = receive::receive(scope, parameter, T::FIELDS).await?;
        off_worker::parse(length, move || {
            let (mut sent, mut notes) = (sent, Notes::default());
            let value = T::__read(&mut Reader::new(&sent, &mut notes));
            let Notes { mut problems, lists } = notes;
            // The value holds clones of the files.
            sent.drop_files();
            if let Some(value) = &value {
                let unread: HashSet<String> = problems.iter().map(|(path, _)| path.clone()).collect();
                // A stand-in breaks rules that what was typed might not break.
                let broken = rules::check(value, T::FIELDS, &lists).into_iter();
                problems.extend(broken.filter(|(path, _)| !unread.contains(path)));
                problems.sort_by_key(|(path, _)| position(T::FIELDS, path));
            }
            Ok(Self::new(value, sent, problems, is_datastar))
        })
        .await
    }

    fn requirement(_: &Parameter) -> Option<Requirement> {
        cfg!(debug_assertions).then_some(Requirement::FormFields(TakenFields::Of {
            has: |name| kind_of(T::FIELDS, name).is_some(),
            names: || Some(T::FIELDS.iter().map(|field| field.name).collect()),
        }))
    }
}

impl<T> fmt::Debug for Form<T> {
    /// What was typed may be secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Form").field("problems", &self.problems).finish_non_exhaustive()
    }
}
