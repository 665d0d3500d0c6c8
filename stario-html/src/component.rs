//! The types that connect a template with the components it uses.

use crate::{Buf, Html, Render};

/// The nodes between the tags of a component: `<Card>"these"</Card>`.
///
/// A component that takes children has a parameter named `children`, of this type or `Html`, and shows it as `{children}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Children(Html);

impl Children {
    /// Tells whether there are no children.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Html> for Children {
    fn from(html: Html) -> Self {
        Self(html)
    }
}

impl From<Children> for Html {
    fn from(children: Children) -> Self {
        children.0
    }
}

impl Render for Children {
    fn render(&self, buf: &mut Buf) {
        self.0.render(buf);
    }

    fn into_html(self) -> Html {
        self.0
    }
}

/// The place in a caller's buffer that a component writes to.
///
/// The template at the end of a component writes there and calls [`finish`](Self::finish). If the component returns other
/// HTML instead, by an early `return`, the markup its template had written is removed.
#[doc(hidden)]
#[derive(Debug)]
pub struct ComponentOutput<'b> {
    buf: &'b mut Buf,
    start: usize,
    is_written: bool,
}

impl ComponentOutput<'_> {
    /// Runs a component on its own.
    pub fn standalone(component: impl FnOnce(&mut ComponentOutput<'_>) -> Html) -> Html {
        let mut buf = Buf::new();
        ComponentOutput::within(&mut buf, component);
        buf.finish()
    }

    /// Runs a component that writes to the end of `buf`.
    pub fn within(buf: &mut Buf, component: impl FnOnce(&mut ComponentOutput<'_>) -> Html) {
        let start = buf.len();
        let mut output = ComponentOutput { buf, start, is_written: false };
        let returned = component(&mut output);
        if !output.is_written {
            output.buf.truncate(output.start);
            output.buf.push(&returned);
        }
    }

    /// The buffer to write to.
    pub fn buf(&mut self) -> &mut Buf {
        self.buf
    }

    /// Marks the component as written, and returns a value in place of its HTML.
    pub fn finish(&mut self) -> Html {
        self.is_written = true;
        Html::from_static("")
    }
}

/// A value for an optional property: the value itself, or an `Option` of it.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of this property",
    label = "expected `{T}` or `Option<{T}>`"
)]
pub trait IntoOptional<T> {
    /// Wraps the value, unless it is an `Option` already.
    fn into_optional(self) -> Option<T>;
}

impl<T> IntoOptional<T> for T {
    fn into_optional(self) -> Option<T> {
        Some(self)
    }
}

impl<T> IntoOptional<T> for Option<T> {
    fn into_optional(self) -> Self {
        self
    }
}

impl<'s> IntoOptional<&'s str> for &'s String {
    fn into_optional(self) -> Option<&'s str> {
        Some(self)
    }
}

impl IntoOptional<String> for &str {
    fn into_optional(self) -> Option<String> {
        Some(self.to_owned())
    }
}

/// A bound on the children of a component. No type meets it for a component without a parameter for children.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "<{Component}> takes no children",
    label = "children between its tags",
    note = "a component takes them by a parameter `children: Children`"
)]
pub trait ChildrenOf<Component> {}

/// Marks a required property that has been given.
#[doc(hidden)]
#[derive(Debug)]
pub struct Given;

/// Marks a required property that has not been given yet.
#[doc(hidden)]
#[derive(Debug)]
pub struct Missing;

/// Unwraps the value of a required property, which the type parameters prove to be given.
#[doc(hidden)]
pub fn given<T>(value: Option<T>) -> T {
    match value {
        Some(value) => value,
        None => unreachable!("a component is only rendered when its required properties are given"),
    }
}
