//! `Link`: a URL or an action whose query has parameters of a handler in it.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::ops::Deref;

use serde::Serialize;
use stario_html::{AttrWriter, Buf, Expression, JsWriter, Render, UrlAttr};

use super::fields::fields_of;
use super::text::{Sink, UrlValue, texts_of};
use super::url::Url;
use crate::extract::{PathParam, Query, QueryParam, QueryParams};
use crate::response::Location;

/// The [`Url`] or the [`Action`](crate::Action) of a handler, with a method for each parameter that the handler reads from
/// the query, named like the parameter.
///
/// A [`QueryParam`] takes a value of its type, a [`QueryParams`] a list of them, a [`Query`] its struct, which must
/// be `Serialize`. `None` leaves the key out, and so does not calling the method. But two kinds of parameters are
/// required: a `QueryParam` without a `#[default(..)]` that is not an `Option`, and a `Query` of a struct that is
/// not `Default`. Until they are set, the link is neither a URL nor an expression, and using it as one does not
/// compile. Calling a method again replaces what was set. Each call returns a new link, so one link can be the
/// start of many.
///
/// A link is used like the [`Url`] or [`Action`](crate::Action) in it. What a struct with
/// [`derive(FromRequest)`](macro@crate::FromRequest) reads has no method of its own; set it with
/// [`query`](Link::query), which also sets a single field of a `Query`. A parameter whose name is already that of a
/// method, such as `fragment` or `selector`, is set by that name with a `_` appended.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/search")]
/// async fn search(
///     q: QueryParam<String>,
///     #[default(1)] page: QueryParam<u32>,
///     tag: QueryParams<String>,
/// ) -> String {
///     format!("{q} {page} {tag:?}")
/// }
///
/// # fn main() {
/// let url = search::url().q("rust & html").page(2).tag(["a", "b"]).fragment("results");
/// assert_eq!(url.as_str(), "/search?q=rust+%26+html&page=2&tag=a&tag=b#results");
///
/// let results = search::url().q("rust");
/// let pages = html! { for page in 2..=3 { <a href={results.page(page)}>{page}</a> } };
/// assert!(pages.as_str().starts_with(r#"<a href="/search?q=rust&amp;page=2">2</a>"#));
///
/// assert_eq!(search::action().q("rust").to_string(), "@get('/search?q=rust')");
/// # }
/// ```
///
/// A [`Query`] is set by its struct:
///
/// ```
/// use stario::prelude::*;
///
/// #[derive(Clone, Default, serde::Deserialize, serde::Serialize)]
/// struct Filter {
///     color: Option<String>,
///     #[serde(default)]
///     tag: Vec<String>,
///     page: Option<u32>,
/// }
///
/// # stario::app!();
/// #[app::query("/shirts")]
/// async fn shirts(filter: Query<Filter>) -> Html {
///     let next = filter.page.unwrap_or(1) + 1;
///     html! { <a href={shirts::url().filter(&filter.0).query("page", next)}>"More"</a> }
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let first = shirts::url().filter(Filter { color: Some("red".to_owned()), ..Filter::default() });
/// assert_eq!(first.as_str(), "/shirts?color=red");
/// assert_eq!(client.get(first).send().text(), r#"<a href="/shirts?color=red&amp;page=2">More</a>"#);
/// # }
/// ```
///
/// Without a required parameter it is not a URL:
///
/// ```compile_fail,E0277
/// # use stario::prelude::*;
/// # stario::app!();
/// # #[app::query("/search")]
/// # async fn search(q: QueryParam<String>) {
/// #     drop(q);
/// # }
/// # fn main() {
/// html! { <a href={search::url()}>"Search"</a> };
/// # }
/// ```
#[must_use = "a link changes nothing: it is a new one, to be used"]
pub struct Link<S>(S);

/// The setters of a handler's links, written by its macro: a struct around the link made so far.
#[doc(hidden)]
pub trait Setters {
    type Link: Target;

    fn link(&self) -> &Self::Link;

    #[must_use]
    fn with(&self, link: Self::Link) -> Self;
}

/// Setters whose required parameters are all set.
#[doc(hidden)]
#[diagnostic::on_unimplemented(message = "required query parameters of this link are not set")]
pub trait Complete: Setters {}

/// A link that has a query: a URL or an action.
#[doc(hidden)]
pub trait Target: Clone + fmt::Debug {
    #[must_use]
    fn with_query(&self, name: &str, values: &mut dyn FnMut(Sink<'_>)) -> Self;
}

impl Target for Url {
    fn with_query(&self, name: &str, values: &mut dyn FnMut(Sink<'_>)) -> Self {
        Url::with_query(self, name, values)
    }
}

/// Sets a parameter of type `P` in the query.
#[doc(hidden)]
pub fn with_parameter<P, L: Target, V: QueryValue<P>>(link: &L, name: &str, value: V) -> L {
    value.set(link, name)
}

/// The link in which a parameter of type `P` is set that is never required.
#[doc(hidden)]
pub fn set_parameter<P, S: Setters, V: QueryValue<P>>(setters: &S, name: &str, value: V) -> Link<S> {
    Link(setters.with(value.set(setters.link(), name)))
}

/// A value for a parameter of type `P` in a link.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot set a parameter of type `{P}` in a link",
    label = "the parameter is of type `{P}`",
    note = "a link sets a `QueryParam<T>` to a `T`, a `QueryParams<T>` to a list of them, and a `Query<T>` to a `T` that is `Serialize`; what is not read from the query by its name it cannot set"
)]
pub trait QueryValue<P> {
    #[doc(hidden)]
    fn set<L: Target>(self, link: &L, name: &str) -> L;
}

impl<T, V: UrlValue<T>> QueryValue<QueryParam<T>> for V {
    fn set<L: Target>(self, link: &L, name: &str) -> L {
        link.with_query(name, &mut |text| self.texts(text))
    }
}

impl<T, I: IntoIterator<Item: UrlValue<T>>> QueryValue<QueryParams<T>> for I {
    fn set<L: Target>(self, link: &L, name: &str) -> L {
        let mut values = Some(self);
        link.with_query(name, &mut |text| {
            for value in values.take().into_iter().flatten() {
                value.texts(text);
            }
        })
    }
}

impl<T: Serialize> QueryValue<Query<T>> for T {
    fn set<L: Target>(self, link: &L, _: &str) -> L {
        with_fields(link, &self)
    }
}

impl<T: Serialize> QueryValue<Query<T>> for &T {
    fn set<L: Target>(self, link: &L, _: &str) -> L {
        with_fields(link, self)
    }
}

fn with_fields<L: Target>(link: &L, value: &impl Serialize) -> L {
    let mut link = link.clone();
    fields_of(value, &mut |key, texts| link = link.with_query(key, texts));
    link
}

/// The state of a parameter that is set. The macro of a handler writes a trait for each parameter, which `Set` and
/// `Unset<false>` implement: with it, a link is complete.
#[doc(hidden)]
#[derive(Debug)]
pub struct Set;

/// The state of a parameter that is not set.
#[doc(hidden)]
#[derive(Debug)]
pub struct Unset<const REQUIRED: bool>;

/// Tells what a parameter of type `P` reads: one value of the query, a value that may be missing, or a list of
/// segments. The constants that hold for a type are inherent; all others are those of [`Unprobed`].
#[doc(hidden)]
#[derive(Debug)]
pub struct Probe<P>(std::marker::PhantomData<P>);

impl<T> Probe<QueryParam<T>> {
    pub const READS_ONE: bool = true;
}

impl<T> Probe<QueryParam<Option<T>>> {
    pub const READS_OPTION: bool = true;
}

impl<T> Probe<Query<T>> {
    pub const READS_ONE: bool = true;
}

/// A type does not tell which of its fields serde requires; a struct with a default is assumed to require none.
impl<T: Default> Probe<Query<T>> {
    pub const READS_OPTION: bool = true;
}

impl<T> Probe<PathParam<Vec<T>>> {
    pub const READS_LIST: bool = true;
}

impl<T, H> Probe<PathParam<HashSet<T, H>>> {
    pub const READS_LIST: bool = true;
}

impl<T> Probe<PathParam<BTreeSet<T>>> {
    pub const READS_LIST: bool = true;
}

#[doc(hidden)]
pub trait Unprobed {
    const READS_ONE: bool = false;
    const READS_OPTION: bool = false;
    const READS_LIST: bool = false;
}

impl<P> Unprobed for Probe<P> {}

impl<S: Setters> Link<S> {
    #[doc(hidden)]
    pub fn new(setters: S) -> Self {
        Self(setters)
    }

    pub(super) fn map(&self, change: impl FnOnce(S::Link) -> S::Link) -> Self {
        Self(self.0.with(change(self.0.link().clone())))
    }
}

impl<S: Setters<Link = Url>> Link<S> {
    /// Sets where in the page the URL leads: the `id` of an element.
    pub fn fragment(&self, id: &str) -> Self {
        self.map(|url| url.fragment(id))
    }
}

impl<S: Setters> Link<S> {
    /// Sets a key of the query that the handler does not read by a parameter of this name, as
    /// [`Url::query`] does.
    pub fn query(&self, name: &str, value: impl Serialize) -> Self {
        self.map(|link| link.with_query(name, &mut |text| texts_of(&value, text)))
    }
}

impl<S: Complete<Link = Url>> Link<S> {
    /// The URL as text, percent-encoded.
    pub fn as_str(&self) -> &str {
        self.0.link().as_str()
    }
}

impl<S> Deref for Link<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0
    }
}

impl<S: Setters> Clone for Link<S> {
    fn clone(&self) -> Self {
        self.map(|link| link)
    }
}

impl<S: Setters> fmt::Debug for Link<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.link().fmt(formatter)
    }
}

impl<S: Complete<Link: fmt::Display>> fmt::Display for Link<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.link().fmt(formatter)
    }
}

impl<S: Complete<Link = Url>> AsRef<str> for Link<S> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl<S: Complete<Link = Url>> From<Link<S>> for String {
    fn from(link: Link<S>) -> Self {
        link.as_str().to_owned()
    }
}

impl<S: Complete<Link = Url>> From<Link<S>> for Url {
    fn from(link: Link<S>) -> Self {
        link.0.link().clone()
    }
}

impl<S: Complete<Link = Url>> From<Link<S>> for Location {
    fn from(link: Link<S>) -> Self {
        link.0.link().into()
    }
}

impl<S: Complete<Link = Url>> From<&Link<S>> for Location {
    fn from(link: &Link<S>) -> Self {
        link.0.link().into()
    }
}

impl<S: Complete<Link: Render>> Render for Link<S> {
    fn render(&self, buf: &mut Buf) {
        self.0.link().render(buf);
    }
}

impl<S: Complete<Link: UrlAttr>> UrlAttr for Link<S> {
    fn write_url(&self, out: &mut AttrWriter<'_>) {
        self.0.link().write_url(out);
    }
}

impl<S: Complete<Link: Expression>> Expression for Link<S> {
    fn write_expression(&self, out: &mut JsWriter<'_>) {
        self.0.link().write_expression(out);
    }

    fn is_whole(&self) -> bool {
        self.0.link().is_whole()
    }
}
