//! Reads the sections of the program that hold the literals. The only unsafe code of this crate besides that of the buffer.

use std::slice;

use crate::hint::Hint;
use crate::{Buf, Html};

/// The hint of a template, with its literals.
#[derive(Debug)]
pub struct ListedHint {
    hint: Hint,
    text: &'static str,
}

impl ListedHint {
    /// As [`Hint::new`].
    #[must_use]
    pub const fn new(guess: u32, text: &'static str) -> Self {
        Self { hint: Hint::new(guess), text }
    }

    // Not by `Deref`, which costs the compiler of every template more than all else that its literals do.

    /// As [`Hint::buf`].
    #[must_use]
    pub fn buf(&self) -> Buf {
        self.hint.buf()
    }

    /// As [`Hint::finish`].
    #[must_use]
    pub fn finish(&self, buf: Buf) -> Html {
        self.hint.finish(buf)
    }
}

/// Makes the section, so that its bounds exist in a program without any literals.
#[used]
#[unsafe(link_section = "stario_literals")]
static NO_LITERALS: &str = "";

/// The same for templates.
#[used]
#[unsafe(link_section = "stario_templates")]
static NO_TEMPLATE: ListedHint = ListedHint::new(0, "");

// The linker defines these symbols for each section whose name is an identifier.
unsafe extern "C" {
    #[link_name = "__start_stario_literals"]
    static LITERALS_START: [usize; 0];
    #[link_name = "__stop_stario_literals"]
    static LITERALS_END: [usize; 0];
    #[link_name = "__start_stario_templates"]
    static TEMPLATES_START: [usize; 0];
    #[link_name = "__stop_stario_templates"]
    static TEMPLATES_END: [usize; 0];
}

/// The texts of the whole program.
pub fn all() -> impl Iterator<Item = &'static str> {
    // SAFETY: only `__literals!` and `NO_LITERALS` put anything into this section: statics of the type `&str`.
    let literals: &[&str] = unsafe { between(&raw const LITERALS_START, &raw const LITERALS_END) };
    // SAFETY: only `__literals!` and `NO_TEMPLATE` put anything into this section: statics of the type `ListedHint`.
    let templates: &[ListedHint] = unsafe { between(&raw const TEMPLATES_START, &raw const TEMPLATES_END) };
    let texts = literals.iter().copied().chain(templates.iter().map(|hint| hint.text));
    texts.filter(|text| !text.is_empty())
}

/// What a section holds.
///
/// # Safety
///
/// All of it are statics of the type `T`. Then the linker lays them out one after the other without gaps, because the size
/// of a type is a multiple of its alignment, and they live as long as the program.
unsafe fn between<T: Sync>(start: *const [usize; 0], end: *const [usize; 0]) -> &'static [T] {
    let count = (end.addr() - start.addr()) / size_of::<T>();
    // SAFETY: the caller promises that the section is an array of `T`. A `T` is changed through its own cells only.
    unsafe { slice::from_raw_parts(start.cast::<T>(), count) }
}
