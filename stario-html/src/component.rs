//! What passes between a template and the components it uses.

use crate::{Buf, Html, Render};

/// What stands between the tags of a component: `<Card>"these"</Card>`.
///
/// A component that takes children has a parameter named `children`, of this type or `Html`, and shows it as `{children}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Children(Html);

impl Children {
    /// Tells whether there are none.
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

/// The place in a caller's buffer that a component writes into.
///
/// The template that ends a component writes there and says so. A component may also return other HTML, from an early
/// `return`; what its template had written by then is taken back.
#[doc(hidden)]
#[derive(Debug)]
pub struct Slot<'b> {
    buf: &'b mut Buf,
    start: usize,
    is_written: bool,
}

impl Slot<'_> {
    /// Runs a component on its own.
    pub fn standalone(component: impl FnOnce(&mut Slot<'_>) -> Html) -> Html {
        let mut buf = Buf::new();
        Slot::within(&mut buf, component);
        buf.finish()
    }

    /// Runs a component behind what is in `buf`.
    pub fn within(buf: &mut Buf, component: impl FnOnce(&mut Slot<'_>) -> Html) {
        let start = buf.len();
        let mut slot = Slot { buf, start, is_written: false };
        let returned = component(&mut slot);
        if !slot.is_written {
            slot.buf.truncate(slot.start);
            slot.buf.push(&returned);
        }
    }

    /// The buffer to write into.
    pub fn buf(&mut self) -> &mut Buf {
        self.buf
    }

    /// Says that the component is written, and returns something in place of the HTML.
    pub fn finish(&mut self) -> Html {
        self.is_written = true;
        Html::from_static("")
    }
}

/// What may be given for an optional property: the value, or an `Option` of it.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of this property",
    label = "expected `{T}` or `Option<{T}>`"
)]
pub trait IntoOptional<T> {
    /// Wraps what is not wrapped yet.
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

/// Children that a component takes, which one without a parameter for them has none of.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "<{Component}> takes no children",
    label = "children between its tags",
    note = "a component takes them by a parameter `children: Children`"
)]
pub trait ChildrenOf<Component> {}

/// Counts a required property that has been given.
#[doc(hidden)]
#[derive(Debug)]
pub struct Given;

/// Counts a required property that has not been given yet.
#[doc(hidden)]
#[derive(Debug)]
pub struct Missing;

/// The value of a required property, which the types have proved to be there.
#[doc(hidden)]
pub fn given<T>(value: Option<T>) -> T {
    match value {
        Some(value) => value,
        None => unreachable!("a component is only rendered when its required properties are given"),
    }
}
