//! Patched and removed elements.

use std::borrow::Cow;

use stario_html::{Html, Render};

use super::encode::{Envelope, Event, one_line};
use super::foreign;

/// Where patched elements go, and how: Datastar's patch modes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Morphs the selected element, or the one with the same id, keeping what did not change. The default.
    #[default]
    Outer,
    /// Morphs the children of the selected element.
    Inner,
    /// Replaces the selected element, or the one with the same id, without morphing.
    Replace,
    /// Adds before the first child of the selected element.
    Prepend,
    /// Adds after the last child of the selected element.
    Append,
    /// Adds before the selected element.
    Before,
    /// Adds after the selected element.
    After,
    /// Removes the selected element.
    Remove,
}

impl Mode {
    /// The mode's name in the protocol.
    pub const fn as_str(self) -> &'static str {
        match self {
            Mode::Outer => "outer",
            Mode::Inner => "inner",
            Mode::Replace => "replace",
            Mode::Prepend => "prepend",
            Mode::Append => "append",
            Mode::Before => "before",
            Mode::After => "after",
            Mode::Remove => "remove",
        }
    }
}

/// The language of patched elements, which tells the browser how to parse them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Namespace {
    /// HTML. The default. It may hold a whole `<svg>` or `<math>` element.
    #[default]
    Html,
    /// Parts of an `<svg>` element.
    Svg,
    /// Parts of a `<math>` element.
    MathMl,
}

/// Elements to be patched; made by [`patch`].
#[derive(Debug, Clone)]
#[must_use = "an event is sent when it is yielded"]
pub struct PatchElements {
    pub(super) envelope: Envelope,
    html: Html,
    mode: Mode,
    selector: Option<Cow<'static, str>>,
    transition: ViewTransition,
    namespace: Namespace,
}

/// Patches elements: each morphs the one with its id, unless a mode and a selector say otherwise.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::command("/add")]
/// async fn add() -> impl Stream<Item = Event> {
///     stream! {
///         yield event::patch(html! { <li>"milk"</li> })
///             .mode(Mode::Append)
///             .selector("#list")
///             .id("7")
///             .retry(Duration::from_secs(3));
///     }
/// }
///
/// # fn main() {
/// let res = TestClient::new(app::new()).post("/add").send();
/// assert_eq!(
///     res.text(),
///     "event: datastar-patch-elements\n\
///      id: 7\n\
///      retry: 3000\n\
///      data: selector #list\n\
///      data: mode append\n\
///      data: elements <li>milk</li>\n\n"
/// );
/// # }
/// ```
pub fn patch(elements: impl Render) -> PatchElements {
    PatchElements {
        envelope: Envelope::default(),
        html: elements.into_html(),
        mode: Mode::default(),
        selector: None,
        transition: ViewTransition::default(),
        namespace: Namespace::default(),
    }
}

/// The event of elements that a stream yields, which is sent once. It is encoded where it is sent from, if that is no more
/// than to put something in front of it and behind it.
pub(in crate::datastar) fn to_stream(html: Html) -> Event {
    let is_line = memchr::memchr2(b'\n', b'\r', html.as_str().as_bytes()).is_none();
    if is_line && !html.is_empty() { Event::of_elements(html) } else { patch(html).encode() }
}

impl PatchElements {
    /// Sets the patch mode; [`Mode::Outer`] unless set. All modes but `Outer` and `Replace` need a
    /// [`selector`](Self::selector).
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Selects with CSS where the elements go, instead of by their ids.
    pub fn selector(mut self, selector: impl Into<Cow<'static, str>>) -> Self {
        self.selector = Some(one_line(selector.into())).filter(|selector| !selector.is_empty());
        self
    }

    /// Sets the language of the elements; [`Namespace::Html`] unless set.
    ///
    /// Parts of an `<svg>` or `<math>` element are sent one per line, without text or comments between them,
    /// because the client would otherwise lose every second one.
    pub fn namespace(mut self, namespace: Namespace) -> Self {
        self.namespace = namespace;
        self
    }

    /// Shows the change as a view transition of the page, where the browser has them.
    pub fn view_transition(mut self) -> Self {
        self.transition = ViewTransition::Page;
        self
    }

    /// Shows the change as a view transition of the element that `selector` finds, where the browser has
    /// them.
    pub fn view_transition_selector(mut self, selector: impl Into<Cow<'static, str>>) -> Self {
        self.transition = ViewTransition::Of(one_line(selector.into()));
        self
    }

    pub(super) fn encode(mut self) -> Event {
        if self.selector.is_none() && !matches!(self.mode, Mode::Outer | Mode::Replace) {
            self.envelope.reject(format!("a patch with mode `{}` needs a selector", self.mode.as_str()));
        }
        let (markup, namespace) = match self.namespace {
            Namespace::Html => (Cow::Borrowed(self.html.as_str()), None),
            Namespace::Svg => (foreign::one_to_a_line(self.html.as_str()), Some("svg")),
            Namespace::MathMl => (foreign::one_to_a_line(self.html.as_str()), Some("mathml")),
        };
        let (transition, transition_selector) = self.transition.fields();
        self.envelope.event(
            "event: datastar-patch-elements\n",
            &[
                ("data: selector ", self.selector.as_deref()),
                ("data: mode ", Some(self.mode).filter(|mode| *mode != Mode::Outer).map(Mode::as_str)),
                ("data: useViewTransition ", transition),
                ("data: viewTransitionSelector ", transition_selector),
                ("data: namespace ", namespace),
                ("data: elements ", Some(&*markup).filter(|markup| !markup.is_empty())),
            ],
        )
    }
}

/// The removal of elements; made by [`remove`].
#[derive(Debug, Clone)]
#[must_use = "an event is sent when it is yielded"]
pub struct Remove {
    pub(super) envelope: Envelope,
    selector: Cow<'static, str>,
    transition: ViewTransition,
}

/// Removes the elements that match `selector`.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::command("/done")]
/// async fn done() -> event::Remove {
///     event::remove("#spinner")
/// }
///
/// # fn main() {
/// let events = TestClient::new(app::new()).post("/done").send().events();
/// assert_eq!(events[0].selector().as_deref(), Some("#spinner"));
/// assert_eq!(events[0].mode().as_deref(), Some("remove"));
/// # }
/// ```
pub fn remove(selector: impl Into<Cow<'static, str>>) -> Remove {
    Remove {
        envelope: Envelope::default(),
        selector: one_line(selector.into()),
        transition: ViewTransition::default(),
    }
}

/// Removes the elements that match a selector which was rendered as a text.
pub(in crate::datastar) fn remove_rendered(selector: &Html) -> Remove {
    // A text is rendered without `<`, and with the entities of `stario_html::escape`. `&amp;` is read last, because
    // it stands for the beginning of others.
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    let text = entities
        .iter()
        .fold(selector.as_str().to_owned(), |text, (entity, character)| text.replace(entity, character));
    let mut removal = remove(text);
    if selector.as_str().contains('<') {
        removal.envelope.reject(
            "a patch with mode `remove` takes a selector, such as `(Mode::Remove, \"#counter\")`, not elements"
                .to_owned(),
        );
    }
    removal
}

impl Remove {
    /// Shows the change as a view transition of the page, where the browser has them.
    pub fn view_transition(mut self) -> Self {
        self.transition = ViewTransition::Page;
        self
    }

    /// Shows the change as a view transition of the element that `selector` finds, where the browser has
    /// them.
    pub fn view_transition_selector(mut self, selector: impl Into<Cow<'static, str>>) -> Self {
        self.transition = ViewTransition::Of(one_line(selector.into()));
        self
    }

    pub(super) fn encode(self) -> Event {
        let removal = PatchElements {
            envelope: self.envelope,
            html: Html::default(),
            mode: Mode::Remove,
            selector: Some(self.selector).filter(|selector| !selector.is_empty()),
            transition: self.transition,
            namespace: Namespace::Html,
        };
        removal.encode()
    }
}

#[derive(Debug, Clone, Default)]
enum ViewTransition {
    #[default]
    None,
    Page,
    Of(Cow<'static, str>),
}

impl ViewTransition {
    /// The values of `useViewTransition` and `viewTransitionSelector`.
    fn fields(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::None => (None, None),
            Self::Page => (Some("true"), None),
            Self::Of(selector) => (Some("true"), Some(&**selector).filter(|selector| !selector.is_empty())),
        }
    }
}
