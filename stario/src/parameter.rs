//! The description of a parameter: its source in the request, and its requirements to the app.

use std::any::TypeId;
use std::fmt;

use stario_html::__private::signals::SignalInfo;

/// Which part of the request a value is made from; see [`FromRequest::SOURCE`](crate::FromRequest::SOURCE).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// Nothing of the request: the app itself.
    App,
    /// The request's head: method, target, headers.
    Head,
    /// A capture of the path: the path template must contain `{name}`.
    Path,
    /// The page's signals: the query of GET and DELETE, else the body. Any number of parameters share them.
    Signals,
    /// The parts of a form. Any number of parameters share them.
    Parts,
    /// The whole body, once.
    Body,
    /// Nothing of the request: its response, once.
    Writer,
    /// Nothing of the request but its id, or the run of a durable command.
    Run,
}

impl Source {
    #[doc(hidden)]
    pub const fn is_app(self) -> bool {
        matches!(self, Source::App)
    }

    /// Whether the value is of one request, and so must be stored to be there when that is gone.
    #[doc(hidden)]
    pub const fn is_stored(self) -> bool {
        !matches!(self, Source::App | Source::Run)
    }

    #[doc(hidden)]
    pub const fn is_writer(self) -> bool {
        matches!(self, Source::Writer)
    }

    #[doc(hidden)]
    pub const fn is_path(self) -> bool {
        matches!(self, Source::Path)
    }

    /// Whether it can only be read where a request has a body.
    #[doc(hidden)]
    pub const fn needs_body(self) -> bool {
        matches!(self, Source::Parts | Source::Body)
    }

    /// Whether both want the same body; signals leave it to the other where they are in the query.
    #[doc(hidden)]
    pub const fn conflicts_with(self, other: Source, signals_in_query: bool) -> bool {
        let both_bodies = if signals_in_query {
            self.needs_body() && other.needs_body()
        } else {
            self.reads_body() && other.reads_body()
        };
        both_bodies
            && !(matches!((self, other), (Source::Signals, Source::Signals) | (Source::Parts, Source::Parts)))
    }

    /// The source that stands for several: the one that reads most of the request.
    #[doc(hidden)]
    pub const fn of_all(sources: &[Source]) -> Source {
        let mut all = Source::App;
        let mut position = 0;
        while position < sources.len() {
            if sources[position].weight() > all.weight() {
                all = sources[position];
            }
            position += 1;
        }
        all
    }

    const fn weight(self) -> u8 {
        match self {
            Source::App => 0,
            Source::Run => 1,
            Source::Head => 2,
            Source::Path => 3,
            Source::Signals => 4,
            Source::Parts => 5,
            Source::Body => 6,
            Source::Writer => 7,
        }
    }

    pub(crate) const fn reads_body(self) -> bool {
        matches!(self, Source::Signals | Source::Parts | Source::Body)
    }
}

/// The description of a handler's parameter, besides its type.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    name: &'static str,
    is_renamed: bool,
    has_default: bool,
    singleton: Option<fn() -> TypeId>,
}

impl Parameter {
    #[doc(hidden)]
    pub const fn new(name: &'static str) -> Self {
        Self { name, is_renamed: false, has_default: false, singleton: None }
    }

    #[doc(hidden)]
    pub const fn renamed(name: &'static str) -> Self {
        Self { name, is_renamed: true, has_default: false, singleton: None }
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn in_singleton(self, provider: fn() -> TypeId) -> Self {
        Self { singleton: Some(provider), ..self }
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn with_default(self) -> Self {
        Self { has_default: true, ..self }
    }

    /// Whether it has a default for a value that is missing.
    pub(crate) fn has_default(&self) -> bool {
        self.has_default
    }

    /// The name under which the value is looked up: the parameter's own, or the one in `#[name("..")]`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The provider it is a parameter of, if that one's value outlives the request.
    pub(crate) fn singleton(&self) -> Option<TypeId> {
        self.singleton.map(|provider| provider())
    }

    /// Whether the name stands in a `#[name("..")]`, and is to be taken as it is.
    pub fn is_renamed(&self) -> bool {
        self.is_renamed
    }
}

/// The fields of a form that a parameter takes.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum TakenFields {
    One(&'static str),
    /// Those of a type.
    Of {
        /// Whether one of them has this name.
        has: fn(&str) -> bool,
        /// Their names, without those in groups; `None` if any name is taken.
        names: fn() -> Option<Vec<&'static str>>,
    },
}

impl TakenFields {
    /// Whether one of them has this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        match self {
            TakenFields::One(own) => *own == name,
            TakenFields::Of { has, .. } => has(name),
        }
    }

    /// Their names, without those in groups; `None` if any name is taken.
    pub(crate) fn names(&self) -> Option<Vec<&'static str>> {
        match self {
            TakenFields::One(name) => Some(vec![name]),
            TakenFields::Of { names, .. } => names(),
        }
    }
}

/// A requirement of a parameter to the app, or to the route it is used on.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Requirement {
    /// State of this type.
    State { id: TypeId, type_name: &'static str },
    /// `{name}` in the path template.
    Capture { name: &'static str },
    /// The request's body, in this way.
    Body(Source),
    /// A policy that names the response's nonce.
    Nonce,
    /// A durable handler, for a parameter of this type.
    Durable(&'static str),
    /// A page that sends the signal at this path; `type_name` is that of its value.
    Signal {
        name: &'static str,
        /// The separator of the names in its path.
        separator: &'static str,
        type_name: &'static str,
        may_be_missing: bool,
    },
    /// A page that sends these signals, of a struct of this type.
    Signals { type_name: &'static str, signals: &'static [SignalInfo] },
    /// A form with these fields.
    FormFields(TakenFields),
    /// All that this provider needs.
    Provider(fn() -> ProviderInfo),
    /// All that the fields of this struct need.
    Fields(fn() -> Vec<Option<Requirement>>),
}

impl Requirement {
    /// The field of a form with the parameter's name. Only the check of names asks, and a build for production has none.
    pub(crate) fn form_field(parameter: &Parameter) -> Option<Self> {
        cfg!(debug_assertions).then(|| Requirement::FormFields(TakenFields::One(parameter.name())))
    }

    /// The requirement of a value that is made from `source`: the body, if it reads that.
    #[doc(hidden)]
    pub const fn reads(source: Source) -> Option<Self> {
        if source.reads_body() { Some(Requirement::Body(source)) } else { None }
    }
}

/// The description of a provider, besides its types.
#[derive(Debug, Clone, Copy)]
pub struct ProviderInfo {
    /// Its type's.
    pub id: TypeId,
    /// The function's path.
    pub name: &'static str,
    /// Where the attribute stands.
    pub file: &'static str,
    /// Its line in that file.
    pub line: u32,
    /// Whether its value is shared by all requests.
    pub is_singleton: bool,
    /// The requirements of its own parameters.
    pub requirements: fn() -> Vec<Option<Requirement>>,
}

/// The provider, and where it stands.
impl fmt::Display for ProviderInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, file, line, .. } = self;
        write!(formatter, "{name} at {file}:{line}")
    }
}
