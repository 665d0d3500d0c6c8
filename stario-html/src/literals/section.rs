//! Reads the sections of the program that hold the literals. The only unsafe code of this crate besides that of the buffer.

use std::slice;

use crate::{Buf, Html};

/// A guess of a template's size, with the template's literals. It replaces the [`Hint`](crate::hint::Hint) in builds that list literals,
/// and learns nothing from earlier pages: a constant costs the compiler less than a value that changes.
#[derive(Debug)]
pub struct ListedHint {
    /// How many bytes the template is expected to write.
    pub guess: u32,
    /// The module that the template stands in.
    pub module: &'static str,
    /// Its literals.
    pub text: &'static str,
}

impl ListedHint {
    // Not by `Deref`, which costs the compiler of every template more than all else that its literals do.

    /// Makes a buffer for what the template is expected to write.
    #[must_use]
    pub fn buf(&self) -> Buf {
        Buf::with_capacity(self.guess as usize)
    }

    /// Ends a template.
    #[must_use]
    pub fn finish(&self, buf: Buf) -> Html {
        buf.finish()
    }
}

/// Makes the section, so that its bounds exist in a program without any literals.
#[used]
#[unsafe(link_section = "stario_literals")]
static NO_LITERALS: (&str, &str) = ("", "");

/// The same for templates.
#[used]
#[unsafe(link_section = "stario_templates")]
static NO_TEMPLATE: ListedHint = ListedHint { guess: 0, module: "", text: "" };

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

/// The texts of the whole program, each with its module.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    // SAFETY: only `__literals!` and `NO_LITERALS` put anything into this section: statics of the type `(&str, &str)`.
    let literals: &[(&str, &str)] = unsafe { between(&raw const LITERALS_START, &raw const LITERALS_END) };
    // SAFETY: only `__literals!` and `NO_TEMPLATE` put anything into this section: statics of the type `ListedHint`.
    let templates: &[ListedHint] = unsafe { between(&raw const TEMPLATES_START, &raw const TEMPLATES_END) };
    let texts = literals.iter().copied().chain(templates.iter().map(|hint| (hint.module, hint.text)));
    texts.filter(|(_, text)| !text.is_empty())
}

/// What a section holds.
///
/// # Safety
///
/// All of it are statics of the type `T`. Then the linker lays them out one after the other without gaps, because the size
/// of a type is a multiple of its alignment, and they live as long as the program.
unsafe fn between<T: Sync>(start: *const [usize; 0], end: *const [usize; 0]) -> &'static [T] {
    let count = (end.addr() - start.addr()) / size_of::<T>();
    // SAFETY: the caller promises that the section is an array of `T`. No `T` is ever changed.
    unsafe { slice::from_raw_parts(start.cast::<T>(), count) }
}
