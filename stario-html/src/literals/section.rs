//! Reads the section of the program that holds the literals. The only unsafe code of this crate besides that of the buffer.

use std::slice;

/// Makes the section, so that its bounds exist in a program without any literals.
#[used]
#[unsafe(link_section = "stario_literals")]
static NONE: &str = "";

// The linker defines these symbols for each section whose name is an identifier.
unsafe extern "C" {
    #[link_name = "__start_stario_literals"]
    static START: [usize; 0];
    #[link_name = "__stop_stario_literals"]
    static END: [usize; 0];
}

/// The texts of the whole program.
pub fn all() -> impl Iterator<Item = &'static str> {
    let (start, end) = ((&raw const START).cast::<&'static str>(), (&raw const END).cast::<&'static str>());
    let count = (end.addr() - start.addr()) / size_of::<&str>();
    // SAFETY: only `__literals!` and `NONE` put anything into this section, and all of it are statics of the type `&str`, which
    // the linker lays out one after the other, without gaps, because their size is a multiple of their alignment. They are
    // never written to, and live as long as the program.
    let texts = unsafe { slice::from_raw_parts(start, count) };
    texts.iter().copied().filter(|text| !text.is_empty())
}
