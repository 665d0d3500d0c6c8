//! Makes a struct of what a form sent, field by field, and notes each problem.

use std::collections::HashSet;

use serde::de::DeserializeOwned;

use super::super::value::{self, SingleValue};
use super::entries::FormEntry;
use super::files::{FileRules, FormFile, ReceivedFile};
use super::problem::Problem;
use super::reference::GroupRef;

/// The fields of a form, as a struct: implemented by `derive(Form)`, and by nothing else.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a form",
    label = "no `#[derive(Form)]`",
    note = "a struct that is the form, or a group of its fields, derives `Form`"
)]
pub trait FormFields: Sized {
    /// The references to the fields of this struct in a form `O`.
    #[doc(hidden)]
    type Refs<O>: From<GroupRef<O>>;

    #[doc(hidden)]
    const FIELDS: &'static [FieldInfo];

    #[doc(hidden)]
    fn __read(reader: &mut Reader<'_, '_>) -> Option<Self>;
}

/// The facts of a field that the derive knows.
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldInfo {
    /// The field's name in Rust.
    pub in_rust: &'static str,
    /// Its name in the form.
    pub name: &'static str,
    pub kind: FieldKind,
}

/// The kind of a field.
#[doc(hidden)]
#[derive(Debug)]
pub enum FieldKind {
    Text,
    /// Its text is not shown again.
    Secret,
    File(FileRules),
    Group {
        fields: fn() -> &'static [FieldInfo],
        is_list: bool,
    },
}

/// The kind of the field with this path.
pub(super) fn kind_of(mut fields: &'static [FieldInfo], path: &str) -> Option<&'static FieldKind> {
    let mut names = super::entries::names(path);
    let mut name = names.next()?;
    loop {
        let info = fields.iter().find(|info| info.name == name)?;
        let FieldKind::Group { fields: below, is_list } = info.kind else { return Some(&info.kind) };
        if is_list {
            names.next();
        }
        let Some(next) = names.next() else { return Some(&info.kind) };
        (fields, name) = (below(), next);
    }
}

/// Where the field with this path stands in the form, to be compared with others.
pub(super) fn position(mut fields: &'static [FieldInfo], path: &str) -> Vec<usize> {
    let mut position = Vec::new();
    let mut names = super::entries::names(path);
    while let Some(name) = names.next() {
        let Some(at) = fields.iter().position(|info| info.name == name) else { break };
        position.push(at);
        let Some(FieldKind::Group { fields: below, is_list }) = fields.get(at).map(|info| &info.kind) else {
            break;
        };
        if *is_list && let Some(index) = names.next() {
            position.push(index.parse().unwrap_or_default());
        }
        fields = below();
    }
    position
}

/// A type that serde can read from the texts of one field.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a form",
    label = "serde cannot read it",
    note = "the type of a field is `Deserialize`; a struct that has fields of its own derives `Form` and its field is marked #[form(nested)], an `UploadedFile` is marked #[form(file)]"
)]
pub trait FormValue: DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> FormValue for T {}

/// Several fields under one name: a struct that derives `Form`, a `Vec` of it, or an `Option`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a group of fields",
    label = "no `#[derive(Form)]`",
    note = "a field with #[form(nested)] is a struct that derives `Form`, a `Vec` or an `Option` of one"
)]
pub trait FormGroup: Sized {
    type Refs<O>: From<GroupRef<O>>;

    const KIND: FieldKind;

    fn __read_group(reader: &mut Reader<'_, '_>) -> Option<Self>;
}

impl<T: FormFields> FormGroup for T {
    type Refs<O> = T::Refs<O>;

    const KIND: FieldKind = FieldKind::Group { fields: || T::FIELDS, is_list: false };

    fn __read_group(reader: &mut Reader<'_, '_>) -> Option<Self> {
        T::__read(reader)
    }
}

impl<T: FormFields> FormGroup for Option<T> {
    type Refs<O> = T::Refs<O>;

    const KIND: FieldKind = FieldKind::Group { fields: || T::FIELDS, is_list: false };

    /// `None` where nothing was typed or chosen.
    fn __read_group(reader: &mut Reader<'_, '_>) -> Option<Self> {
        if reader.group.is_none_or(FormEntry::is_blank) { Some(None) } else { T::__read(reader).map(Some) }
    }
}

/// Reads the fields of one group.
///
/// Each method returns the field's value, and a stand-in after it has noted a problem, so that the rules of the other fields
/// can be checked. `None` is a type without a stand-in.
#[doc(hidden)]
pub struct Reader<'r, 'e> {
    pub(super) group: Option<&'e FormEntry>,
    path: &'r str,
    notes: &'r mut Notes,
}

/// The notes that are taken while fields are read.
#[derive(Default)]
pub(super) struct Notes {
    /// The fields that could not be read, by their paths.
    pub(super) problems: Vec<(String, Problem)>,
    /// The paths of the fields that take several values.
    pub(super) lists: HashSet<String>,
}

impl<'r, 'e> Reader<'r, 'e> {
    pub(super) fn new(root: &'e FormEntry, notes: &'r mut Notes) -> Self {
        Self { group: Some(root), path: "", notes }
    }

    fn entry(&self, name: &str) -> Option<&'e FormEntry> {
        self.group.and_then(|group| group.field(name))
    }

    fn read<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, value::ValueProblem> {
        if value::is_sequence::<T>() {
            self.notes.lists.insert(joined(self.path, name));
        }
        let texts = self.entry(name).into_iter().flat_map(FormEntry::borrowed_texts);
        value::from_texts(texts.map(Ok), SingleValue::Last)
    }

    fn note(&mut self, name: &str, problem: Problem) {
        self.notes.problems.push((joined(self.path, name), problem));
    }

    /// Reads what stands below this group.
    pub(super) fn below<V>(
        &mut self,
        name: &str,
        group: Option<&'e FormEntry>,
        read: impl FnOnce(&mut Reader<'_, 'e>) -> V,
    ) -> V {
        let path = joined(self.path, name);
        read(&mut Reader { group, path: &path, notes: self.notes })
    }

    /// Whether nothing was sent for the field, so that its default counts.
    pub fn is_absent(&self, name: &str) -> bool {
        self.entry(name).is_none()
    }

    /// The value of a field that serde reads from its texts.
    pub fn value<T: FormValue>(&mut self, name: &'static str) -> Option<T> {
        match self.read(name) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.note(name, Problem::of_value(problem));
                value::stand_in()
            }
        }
    }

    /// The same for a field with a default, which an empty text means, too, where it is not a value of the type.
    pub fn value_or<T: FormValue>(&mut self, name: &'static str, default: impl FnOnce() -> T) -> Option<T> {
        match self.read(name) {
            Ok(value) if !self.is_absent(name) => Some(value),
            Ok(_) => Some(default()),
            Err(value::ValueProblem::Missing { path, .. }) if path.is_empty() => Some(default()),
            Err(problem) => {
                self.note(name, Problem::of_value(problem));
                Some(default())
            }
        }
    }

    /// A group of fields.
    pub fn group<G: FormGroup>(&mut self, name: &'static str) -> Option<G> {
        self.below(name, self.entry(name), G::__read_group)
    }

    /// The file or files of a field.
    pub fn file<F: FormFile>(&mut self, name: &'static str) -> Option<F> {
        let mut files = Vec::new();
        for received in self.entry(name).into_iter().flat_map(|entry| &entry.files) {
            match received {
                ReceivedFile::File(file) => files.push(file.clone()),
                ReceivedFile::Nothing => {}
                ReceivedFile::Refused(problem) => {
                    let problem = problem.clone();
                    self.note(name, problem);
                    return Some(F::__stand_in());
                }
            }
        }
        // A form without `enctype="multipart/form-data"` sends the file's name, and signals send the file as text.
        let is_other = files.is_empty() && self.entry(name).is_some_and(FormEntry::is_typed);
        let problem = if is_other {
            Problem::of_rule("invalid", "a file")
        } else if let Some(file) = F::__of(files) {
            return Some(file);
        } else {
            Problem::required()
        };
        self.note(name, problem);
        Some(F::__stand_in())
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
