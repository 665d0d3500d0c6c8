//! What passes between a template and the components it uses.

use crate::{Buf, Html, Render};

/// What stands between the tags of a component: `<Card>"these"</Card>`.
///
/// A component that takes children has a parameter of this type, named `children`, and shows it as `{children}`.
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

impl Render for Children {
    fn render(&self, buf: &mut Buf) {
        self.0.render(buf);
    }

    fn into_html(self) -> Html {
        self.0
    }
}
