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

use std::fmt;
use std::sync::Arc;

use garde::Validate;
use serde::Serialize;

use super::FromRequest;
use super::off_worker;
use super::value::JsonTree;
use crate::answers::DATASTAR_REQUEST;
use crate::error::Rejection;
use crate::parameter::{Parameter, Source};
use crate::scope::Scope;
use entries::Entry;
use reader::{kind_of, position};

pub use field::Field;
pub use files::FileRules;
pub use list::ListRef;
pub use problem::Problem;
pub use reader::{FieldInfo, FormFields, FormGroup, Kind as FieldKind, Reader};
pub use reference::{FieldOf, FieldRef, FileRef, GroupRef};

/// Makes a text of a problem.
type Messages = dyn Fn(&Problem) -> String + Send + Sync;

/// Reads a form as a struct that derives [`Form`](macro@crate::Form) and garde's `Validate`: its value, or all that is wrong with it,
/// together with what was typed.
pub struct Form<T> {
    /// Also a stand-in while there are problems; nobody sees that.
    value: Option<T>,
    sent: Entry,
    /// The path of each field with a problem, in the order of the fields.
    problems: Vec<(String, Problem)>,
    messages: Option<Arc<Messages>>,
    id_prefix: String,
    is_datastar: bool,
}

impl<T> Form<T> {
    fn new(value: Option<T>, sent: Entry, problems: Vec<(String, Problem)>, is_datastar: bool) -> Self {
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
        Self::new(None, Entry::default(), Vec::new(), false)
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
            let (mut sent, mut problems) = (sent, Vec::new());
            let value = T::__read(&mut Reader::new(&sent, &mut problems));
            // The value holds them.
            sent.drop_files();
            if let Some(value) = &value {
                let unread: Vec<String> = problems.iter().map(|(path, _)| path.clone()).collect();
                // A stand-in breaks rules that what was typed might not break.
                let broken = rules::check(value, T::FIELDS).into_iter();
                problems.extend(broken.filter(|(path, _)| !unread.contains(path)));
                problems.sort_by_key(|(path, _)| position(T::FIELDS, path));
            }
            Ok(Self::new(value, sent, problems, is_datastar))
        })
        .await
    }
}

impl<T> fmt::Debug for Form<T> {
    /// What was typed may be secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Form").field("problems", &self.problems).finish_non_exhaustive()
    }
}
