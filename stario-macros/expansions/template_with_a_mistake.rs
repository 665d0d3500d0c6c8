fn template() -> Html {
    {
        ::core::compile_error! {
            "text must be quoted: \"Hello\""
        };
        ::core::compile_error! {
            "<p> has no attribute clas; did you mean class? Use data-* or \"clas\" in quotes for a non-standard one"
        };
        ::stario_html::__hints! {
            p p
        }
        static __STARIO_HINT: ::stario_html::__private::Hint = ::stario_html::__private::Hint::new(
            45u32,
        );
        let mut owned = __STARIO_HINT.buf();
        let buf = &mut owned;
        buf.__text("<p clas=\"x\">", &(name), "Hello</p>");
        __STARIO_HINT.finish(owned)
    }
}
